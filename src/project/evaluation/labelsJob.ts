/** `klish evaluate labels`: what projects and extractors say of generated images, compared with masks of some. */
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { seedBatches } from "../../features/sampleFeatures.ts";
import { movedNetwork } from "../cluster/options.ts";
import { openLabelSets, sharedGenerator } from "../dataset/labelSets.ts";
import { checkMaskImages } from "../dataset/maskImages.ts";
import { type Masks, readMasks } from "../dataset/masks.ts";
import { labeller } from "../labels/recipeLabels.ts";
import { storedNetwork } from "../network/network.ts";
import { truncationOr } from "../network/options.ts";
import { defineJob, option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { openSampler } from "../sampling/sampler.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { judgement } from "./judgement.ts";
import type { JudgedModel } from "./segmentationScores.ts";
import { segmentationCsv, segmentationMarkdown, segmentationPlot } from "./segmentationTables.ts";

/** What `klish evaluate labels` can be asked for. */
export const labelsRequest = z.strictObject({
  projects: option(
    z.array(z.string().min(1)).min(1).readonly(),
    "--project <folder>",
    "labels: of a clustered project, or of klish train extractor; repeat it for several of one generator",
  ),
  truth: option(
    z.string().min(1),
    "--truth <folder>",
    "masks of generated images, named by their seeds: seed0007.png; 255 is left out",
  ),
  outdir: option(z.string().min(1), "--outdir <folder>", "where tables and plot go"),
  matchImages: option(
    z.int().min(0).default(0),
    "--match-images <n>",
    "the first n masks decide which class each label stands for (Algorithm 2), the others judge; 0: by name",
  ),
  classes: option(
    optional(z.array(z.string().min(1)).min(2).readonly()),
    "--classes <names>",
    "names of the classes by their numbers in the masks, separated by commas",
    { read: (text) => text.split(",").map((name) => name.trim()), otherwise: "classes.json of the masks" },
  ),
  truncationPsi: truncationOr("the project's"),
  network: movedNetwork,
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("the call of labelsJob"),
});

export interface LabelsEvaluation {
  readonly markdown: string;
  readonly csv: string;
  readonly plot: string;
  readonly text: string;
  readonly models: readonly { readonly name: string; readonly file: string; readonly mean: number }[];
}

/** Generates the images of the masks once, and judges each project's labels on them. Throws ProjectError for what does not fit. */
export const labelsJob = defineJob(labelsRequest, async (request, job): Promise<LabelsEvaluation> => {
  const threads = request.threads ?? availableParallelism();
  const sets = await openLabelSets(request.projects, [], { ...request, threads, ...job });
  const shared = sharedGenerator(
    sets.map((set) => set.parts),
    request.truncationPsi,
  );
  await checkMaskImages(request.truth, shared);
  const network = await storedNetwork(request.network, shared.network, shared.networkSha256);
  const source = { ...shared, network, resolution: null, provider: request.provider, threads };
  const sampler = await openSampler(
    source,
    sets.map((set) => set.classifier),
  );
  try {
    const masks = await readMasks(request.truth, sampler.resolution, request.classes);
    const { seeds, classes } = masks;
    if (seeds.length <= request.matchImages)
      throw new ProjectError(
        `${request.truth} has ${seeds.length} masks; ${request.matchImages} are for matching, none are left to judge. Lower --match-images.`,
      );
    const labellers = sets.map((set) => labeller(set.settings.labels));
    const tables: Float64Array[][] = sets.map(() => []);
    let done = 0;
    for (const batch of seedBatches(seeds, sampler.generatorResolution)) {
      job.signal?.throwIfAborted();
      job.onProgress?.({ phase: "label images", done, total: seeds.length });
      for (const { maps } of await sampler.sample(batch)) {
        for (const [set, { label, classes: own }] of labellers.entries()) {
          const found = label(maps[set].clusters, sampler.resolution, sampler.resolution).data;
          tables[set].push(contingencyOf(masks, done, found, own.length));
        }
        done++;
      }
    }
    job.onProgress?.({ phase: "label images", done, total: seeds.length });
    const found = classes.findIndex((c) => c.background);
    const truth = { names: classes.map(({ name }) => name), background: found < 0 ? undefined : found };
    const models = sets.map(({ parts: { folder } }, set): JudgedModel => {
      const own = labellers[set].classes;
      const about = { name: basename(resolve(folder)), file: folder, classes: own, clusters: own.length };
      return judgement({ ...about, tables: tables[set] }, truth, { ...request, mergeSides: false }).model;
    });
    return await write(request, models, {
      ...{ ...request, photos: seeds.length, classes: truth.names, background: truth.background },
      words: { judged: "Labels", pictures: "images" },
    });
  } finally {
    await sampler.dispose();
  }
});

/** Pixels of each true class and label of an image, [classes, labels]. */
function contingencyOf({ labels, classes }: Masks, image: number, found: Uint8Array, own: number): Float64Array {
  const table = new Float64Array(classes.length * own);
  for (const [p, label] of labels[image].entries())
    if (label !== IGNORE_LABEL && found[p] !== IGNORE_LABEL) table[label * own + found[p]]++;
  return table;
}

async function write(
  { outdir }: z.output<typeof labelsRequest>,
  models: readonly JudgedModel[],
  facts: Parameters<typeof segmentationMarkdown>[1],
): Promise<LabelsEvaluation> {
  const folder = resolve(outdir);
  return locked(folder, async () => {
    const paths = {
      markdown: join(folder, "labels.md"),
      csv: join(folder, "labels.csv"),
      plot: join(folder, "labels.svg"),
    };
    const text = segmentationMarkdown(models, facts);
    await writeAtomic(paths.markdown, text);
    await writeAtomic(paths.csv, segmentationCsv(models, facts));
    await writeAtomic(paths.plot, segmentationPlot(models, facts));
    return { ...paths, text, models: models.map(({ name, file, scores: { mean } }) => ({ name, file, mean })) };
  });
}
