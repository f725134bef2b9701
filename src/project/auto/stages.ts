/** The stages of `klish auto`: each is the command that exists, on the folder that the one before left. */
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { JobOptions } from "../../tensor/progress.ts";
import { clusterJob } from "../cluster/clusterJob.ts";
import { clusterIdentity } from "../cluster/identity.ts";
import { loadTree, openProject } from "../cluster/project.ts";
import { datasetJob } from "../dataset/job.ts";
import { ganQualityJob } from "../evaluation/gan/job.ts";
import { freshRecipe } from "../labels/recipe.ts";
import { changeRecipe, checkCut } from "../labels/recipeFile.ts";
import { suggestedK } from "../report/suggestedK.ts";
import { segmentJob } from "../segment/job.ts";
import { ProjectError } from "../storage/files.ts";
import { listImages } from "../storage/imageFiles.ts";
import { loadSettings } from "../train/gan/settings.ts";
import { trainGanJob, trainGanPlanJob } from "../train/gan/trainGanJob.ts";
import { fewPicturesWarning } from "../train/pictures/fewPictures.ts";
import { trainSegmenterJob } from "../train/segmenter/job.ts";
import { generatorRequest, isSized, planGenerator } from "./generatorPlan.ts";
import type { AutoRequest } from "./options.ts";
import { LAST_STAGE, type StageResult } from "./state.ts";

/** Shares of --hours. A generator that draws well decides what there is to find. */
const GENERATOR_SHARE = 0.75;
const SEGMENTER_SHARE = 0.25;
/** Below so many hours the small network learns more of its time than a deep one. */
const SMALL_BELOW_HOURS = 1;
/** Images of either kind by which the generator is judged. */
const JUDGED = 512;
/** Share of the photos that the generator comes near to; trained well it is above .9. Blurs are near to many photos. */
const LEAST_COVERAGE = 0.4;
/** Share of the photos within what it draws: .07 where all pictures are much the same blur, .3 to .7 of good ones. */
const LEAST_RECALL = 0.15;
/** Least mean IoU with held-back generated pictures, and least mean probability on photos, below which masks are guesses. */
const LEAST_IOU = 0.5;
const LEAST_CONFIDENCE = 0.7;

export interface StageContext {
  readonly request: AutoRequest;
  readonly folder: string;
}

export interface Stage {
  readonly name: string;
  readonly title: string;
  /** What it does and why, for the page. */
  readonly about: string;
  /** Hours that it takes by the request; 0 where it takes minutes, by what there is to do. */
  hours(request: AutoRequest): number;
  run(context: StageContext, job: JobOptions): Promise<Omit<StageResult, "seconds">>;
}

const paths = (folder: string) => ({
  gan: join(folder, "generator"),
  parts: join(folder, "parts"),
  dataset: join(folder, "dataset"),
  segmenter: join(folder, "segmenter"),
  masks: join(folder, "masks"),
});

const minutes = 0;

/** In the order in which they run. */
export const stages: readonly Stage[] = [
  {
    name: "photos",
    title: "Your photos",
    about: "What there is to learn from.",
    hours: () => minutes,
    async run({ request: { data, mirror } }) {
      const { files, others } = await listImages(data);
      const few = fewPicturesWarning(files.length, mirror);
      return {
        facts: [
          ["photos", files.length.toLocaleString("en")],
          ...(others > 0 ? [["other files", others.toLocaleString("en")] as [string, string]] : []),
        ],
        pictures: [],
        warnings: few === undefined ? [] : [few],
      };
    },
  },
  {
    name: "generator",
    title: "A generator that draws what your photos show",
    about: "A StyleGAN2 that learns from them. To draw a part, it must have an idea of it.",
    hours: ({ hours }) => hours * GENERATOR_SHARE,
    async run({ request, folder }, job) {
      const { gan } = paths(folder);
      const { data, crop, provider, threads } = request;
      const asked = generatorRequest(request, gan, request.hours * GENERATOR_SHARE);
      // Steps are tried, which takes a while, only where a side is to be chosen.
      const sized = (await isSized(asked)) ? undefined : await planGenerator(asked, (one) => trainGanPlanJob(one, job));
      const resolution = sized?.settings.recipe.resolution ?? asked.resolution;
      const trained = await trainGanJob({ ...asked, resolution }, job);
      // Not the run's own pictures: a training whose time ended while it was growing draws smaller ones than those.
      const real = { data, ...(crop === null ? {} : { crop }) };
      const quality = await ganQualityJob({ network: gan, ...real, samples: JUDGED, provider, threads }, job);
      const { coverage, density, recall } = quality;
      const sheets = (await readdir(join(gan, "samples"))).sort();
      const advice =
        "Parts and masks that follow are coarse at best. Give it more hours, more photos, or photos that are more alike.";
      return {
        facts: [
          ["trained", `${(trained.seconds / 3600).toFixed(2)} h, ${Math.round(trained.images / 1000)} thousand images`],
          ["photos that it comes near to (coverage)", percent(coverage)],
          ["photos within the variety of what it draws (recall)", percent(recall)],
          ["nearness of what it draws (density)", density.toFixed(2)],
        ],
        pictures: sheets.slice(-1).map((name) => relative(folder, join(gan, "samples", name))),
        warnings: [
          ...(coverage < LEAST_COVERAGE
            ? [
                `The generator has learned little: its pictures resemble only ${percent(coverage)} of the photos (a good one: above 90 %). ${advice}`,
              ]
            : []),
          ...(recall < LEAST_RECALL
            ? [
                `The generator draws much the same picture again and again: only ${percent(recall)} of the photos lie within their variety (a good one: above 30 %). ${advice}`,
              ]
            : []),
        ],
      };
    },
  },
  {
    name: "parts",
    title: "The parts that it draws with",
    about: "Clusters of the generator's own features, found without a label (KLiSH).",
    hours: () => minutes,
    async run({ request, folder }, job) {
      const { gan, parts } = paths(folder);
      const { seed, provider, threads, command } = request;
      const layers = await layersOf(gan);
      const found = await clusterJob({ network: gan, outdir: parts, layers, seed, provider, threads, command }, job);
      const project = await openProject(parts);
      const tree = await loadTree(project);
      if (tree === undefined) throw new ProjectError(`${parts} holds no tree of clusters.`);
      const k = request.k ?? (await suggestedK(project, tree));
      checkCut(tree, k);
      const identity = await clusterIdentity(project, tree);
      const names = { ids: identity.hierarchy.aliveAt(k), colors: identity.colors };
      // Names that the user has given since are the user's.
      const changed = await changeRecipe(project, tree, ["auto", k], (before) => before ?? freshRecipe(k, names));
      await changed.told();
      return {
        facts: [
          ["parts", String(k)],
          ["the largest holds", percent(found.suggested.largestShare)],
        ],
        pictures: found.sheets.slice(0, 1).map((sheet) => relative(folder, sheet)),
        warnings: [...found.warnings],
      };
    },
  },
  {
    name: "dataset",
    title: "Pictures with masks, by the thousand",
    about: "Generated pictures whose every pixel has the part that it was drawn with.",
    hours: () => minutes,
    async run({ request, folder }, job) {
      const { parts, dataset } = paths(folder);
      const { pictures: count, provider, threads, command } = request;
      const made = await datasetJob({ projects: [parts], outdir: dataset, count, provider, threads, command }, job);
      return { facts: [["pictures", made.kept.toLocaleString("en")]], pictures: [], warnings: [] };
    },
  },
  {
    name: "segmenter",
    title: "A segmenter that works on photos",
    about:
      "A network that learns the masks of the generated pictures, and from your own photos where it is sure of them.",
    hours: ({ hours }) => hours * SEGMENTER_SHARE,
    async run({ request, folder }, job) {
      const { dataset, segmenter } = paths(folder);
      const { data, hours, mirror, seed, provider, threads, command } = request;
      const trained = await trainSegmenterJob(
        {
          ...{ data: dataset, outdir: segmenter, unlabelled: data, hours: hours * SEGMENTER_SHARE, mirror, seed },
          ...{ preset: hours * SEGMENTER_SHARE < SMALL_BELOW_HOURS ? "small" : "auto", provider, threads, command },
        },
        job,
      );
      const sheets = (await readdir(join(segmenter, "samples"))).sort();
      const { meanIou, seconds, pictures } = trained;
      return {
        facts: [
          ["trained", `${(seconds / 3600).toFixed(2)} h`],
          ["photos learned from beside", pictures.unlabelled.toLocaleString("en")],
          ["mean IoU on held-back generated pictures", meanIou === null ? "not measured" : meanIou.toFixed(2)],
        ],
        pictures: sheets.slice(-1).map((name) => relative(folder, join(segmenter, "samples", name))),
        warnings:
          meanIou !== null && meanIou < LEAST_IOU
            ? [
                `The segmenter finds the parts poorly even in generated pictures (mean IoU ${meanIou.toFixed(2)}): fewer parts (--k), or more hours.`,
              ]
            : [],
      };
    },
  },
  {
    name: LAST_STAGE,
    title: "The parts of your photos",
    about: "Masks at the photos' own sizes: a data set that other tools read.",
    hours: () => minutes,
    async run({ request, folder }, job) {
      const { segmenter, masks } = paths(folder);
      const { data, mirror, threads } = request;
      const segmented = await segmentJob(
        { model: { file: segmenter }, images: data, outdir: masks, flip: mirror, threads },
        job,
      );
      const { photos, rejected, confidence, sheet } = segmented;
      return {
        facts: [
          ["photos", photos.toLocaleString("en")],
          ...(rejected.length > 0 ? [["not read", rejected.length.toLocaleString("en")] as [string, string]] : []),
          ["probability of the parts, in the mean", confidence.toFixed(2)],
        ],
        pictures: [relative(folder, sheet)],
        warnings:
          confidence < LEAST_CONFIDENCE
            ? [
                `The segmenter is unsure of your photos (mean probability ${confidence.toFixed(2)}): they differ a lot from what the generator draws. Look at the sheet before you use the masks.`,
              ]
            : [],
      };
    },
  },
];

/** The coarsest maps of small generators say where, not what (docs/SHIPPED.md); of large ones the paper's rule leaves them out. */
async function layersOf(gan: string) {
  const settings = await loadSettings(gan);
  return settings !== undefined && settings.recipe.resolution <= 64 ? ["16+"] : "auto";
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
