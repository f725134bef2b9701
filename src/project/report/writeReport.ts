import sharp from "sharp";
import { kMeans } from "../../cluster/kmeans/kMeans.ts";
import { effectiveClusters, largestShare, type MergeTree } from "../../cluster/tree/mergeTree.ts";
import type { ExplainedStep } from "../../cluster/tree/treeVariance.ts";
import { sampleInto } from "../../features/sampleFeatures.ts";
import { concatenate } from "../../gan/networkGenerator.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { predict } from "../../pixels/predict.ts";
import { featurePyramid } from "../../pixels/pyramid/featurePyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { visible } from "../../text/escape.ts";
import { measureExplained, saveExplained } from "../cluster/explained.ts";
import { clusterIdentity, saveColors } from "../cluster/identity.ts";
import { loadTree, type Project, pathIn } from "../cluster/project.ts";
import { clusteredPixels, featureOptions, layersOf } from "../cluster/request.ts";
import { withoutSecrets } from "../network/address.ts";
import type { OpenedNetwork } from "../network/network.ts";
import { formatSeeds } from "../requests/seeds.ts";
import { seedName, toRgb } from "../sampling/images.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { buildReport } from "./build.ts";
import type { Fact } from "./data.ts";
import { readTemplate, renderReport } from "./render.ts";
import type { ImageSamples } from "./samples.ts";
import { writeSheets } from "./sheets.ts";
import { suggestedK } from "./suggestedK.ts";
import { clusterWarnings } from "./warnings.ts";

/** Images that a report shows: a page of them at a glance, and a file that still travels by mail. */
const REPORT_IMAGES = 16;
/** Bytes that the score maps of the shown images may take; at high resolution fewer images are shown. */
const SCORE_BYTES = 2 ** 28;
/** Side of the pictures in the report; larger ones are shown smaller anyway. */
const PICTURE_SIDE = 256;

export interface ReportFiles {
  /** Path of report.html. */
  readonly report: string;
  /** Paths of the PNG sheets. */
  readonly sheets: readonly string[];
  /** Clusters of the first and last step. */
  readonly initialClusters: number;
  readonly minClusters: number;
  /** What to know before trusting the clusters, in sentences. */
  readonly warnings: readonly string[];
  /** The clusters at the suggested K, with which the report opens. */
  readonly suggested: SuggestedCut;
  /** lambda of the pair criterion where it was raised from 0 by itself, to keep one cluster from swallowing the rest; else null. */
  readonly raisedBalance: number | null;
}

/** What an IoU does not show of the clusters at one K. */
export interface SuggestedCut {
  readonly k: number;
  readonly largestShare: number;
  readonly effectiveClusters: number;
  /** Explained variance relative to K-means'. */
  readonly r2rel: number;
}

/** Writes samples/, sheets/, tree.json, explained.json and report.html of a finished project. */
export async function writeReport(
  project: Project,
  network: OpenedNetwork,
  { threads, onProgress, signal }: JobOptions & { threads: number },
): Promise<ReportFiles> {
  const tree = await loadTree(project);
  if (tree === undefined)
    throw new ProjectError(
      `${project.folder} has no merge tree (tree.safetensors is missing). Run \`klish cluster\` again.`,
    );
  const report = (done: number, note: string): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: "write the report", done, total: 4, note });
  };
  report(0, "samples");
  const { colors } = await clusterIdentity(project, tree);
  await saveColors(project, colors);
  const openAt = await suggestedK(project, tree);
  const warnings = clusterWarnings(project, tree, openAt);
  const { samples, features } = await collectSamples(project, network, tree, threads);
  const explained = await measureExplained(features, tree, samples.initialLabels, signal ? { signal } : {});
  await saveExplained(project, features.pixels, explained);
  report(1, "sheets");
  const sheets: string[] = [];
  for (const [name, png] of await writeSheets(tree, samples, { k: openAt, colors, rival: kMeansParts(features) })) {
    const path = pathIn(project, "sheets", name);
    await writeAtomic(path, png);
    sheets.push(path);
  }
  report(2, "page");
  const { settings, command, family } = project.file;
  const count = settings.seeds.length;
  const [of, images] =
    family === "photos" ? ["photos", `${count} photos`] : [fileName(settings.network), `${count} generated images`];
  const data = await buildReport({
    title: `Parts of ${of}`,
    summary:
      `${settings.initialClusters} clusters of ${tree.pixels.toLocaleString("en")} pixels from ${images}, ` +
      `merged down to ${tree.steps.at(-1)?.k}: found without a single label.`,
    // As an earlier version may have kept it.
    command: visible(withoutSecrets(command)),
    facts: facts(project, network, tree),
    notes: warnings,
    tree,
    samples,
    explained,
    openAt,
    colors,
  });
  report(3, "page");
  const path = pathIn(project, "report.html");
  await writeAtomic(path, renderReport(data, await readTemplate()));
  await writeAtomic(pathIn(project, "tree.json"), treeJson(tree));
  report(4, family);
  return {
    report: path,
    sheets,
    warnings,
    initialClusters: tree.initialClusters,
    minClusters: tree.steps[tree.steps.length - 1].k,
    suggested: suggestedCut(tree, explained, openAt),
    raisedBalance: settings.balance === "auto" && tree.balance > 0 ? tree.balance : null,
  };
}

/** K-means of the shown pixels, for the eye: at most this many of them settle the centroids. */
const KMEANS_SAMPLE = 8192;
const KMEANS_ITERATIONS = 10;

function kMeansParts(features: Pixels) {
  const settings = { sampleSize: KMEANS_SAMPLE, sampleIterations: KMEANS_ITERATIONS, iterations: 1 };
  return {
    name: "k-means",
    labelsAt: async (k: number) => (await kMeans(features, { nClusters: k, ...settings })).labels,
  };
}

function suggestedCut({ steps }: MergeTree, explained: readonly ExplainedStep[], k: number): SuggestedCut {
  const at = steps.findIndex((step) => step.k === k);
  const { sizes } = steps[at];
  return {
    k,
    largestShare: largestShare(sizes),
    effectiveClusters: effectiveClusters(sizes),
    r2rel: explained[at].r2rel,
  };
}

async function collectSamples(
  project: Project,
  network: OpenedNetwork,
  tree: MergeTree,
  threads: number,
): Promise<{ readonly samples: ImageSamples; readonly features: Pixels }> {
  const { settings } = project.file;
  const { generator } = network;
  const { resolution } = settings;
  const fitting = Math.floor(SCORE_BYTES / (4 * tree.bias.length * resolution ** 2));
  const seeds = settings.seeds.slice(0, Math.max(1, Math.min(REPORT_IMAGES, fitting)));
  const options = featureOptions(settings, generator.info);
  const images: Uint8Array[] = [];
  const maps: Tensor[][] = options.layers.map(() => []);
  await sampleInto(generator, seeds, options, async (_, __, sample) => {
    const sampled = await sample();
    for (const [i, m] of sampled.layers.entries()) maps[i].push(m);
    images.push(...toRgb(sampled.image, generator.info.imageRange));
  });
  const side = generator.info.resolution;
  const shownSide = Math.min(side, PICTURE_SIDE);
  const shown: Uint8Array[] = [];
  for (const [i, rgb] of images.entries()) {
    const picture = sharp(rgb, { raw: { width: side, height: side, channels: 3 } });
    await writeAtomic(pathIn(project, "samples", `${seedName(seeds[i])}.png`), await picture.png().toBuffer());
    shown.push(shownSide === side ? rgb : await picture.resize(shownSide, shownSide).removeAlpha().raw().toBuffer());
  }
  const pyramid = featurePyramid(maps.map(concatenate), { resolution, blas: ortBlas({ threads }) });
  const pixels = seeds.length * resolution ** 2;
  const samples: ImageSamples = {
    kind: "images",
    count: seeds.length,
    width: shownSide,
    height: shownSide,
    rgb: joined(shown),
    resolution,
    // The first images of the run; pixels that a stride left out take the class that the K0 classifiers give them.
    initialLabels:
      clusteredPixels(settings) === undefined
        ? tree.initialLabels.slice(0, pixels)
        : await predict(pyramid, tree.classifierAt(tree.initialClusters)),
    scores: await pyramid.scores(tree.weight, tree.bias),
    captions: seeds.map((seed) => `seed ${seed}`),
  };
  return { samples, features: pyramid };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function facts({ file }: Project, { generator, provider }: OpenedNetwork, tree: MergeTree): Fact[] {
  const { settings, timings, versions } = file;
  const { info } = generator;
  const layers = layersOf(settings, info);
  const classNote = settings.class === null ? [] : [{ label: "class", value: String(settings.class) }];
  return [
    {
      label: "generator",
      value: `${fileName(settings.network)} (${info.family}, ${info.resolution}×${info.resolution})`,
      note: `sha256 ${settings.networkSha256.slice(0, 16)}…`,
    },
    { label: "seeds", value: `${formatSeeds(settings.seeds)} (${settings.seeds.length} images)` },
    ...classNote,
    {
      label: "truncation",
      value: settings.truncationPsi === 1 ? "none" : `ψ = ${settings.truncationPsi}`,
      note: `noise: ${settings.noiseMode}`,
    },
    {
      label: "layers",
      value: layers.map((l) => `${l.name} (${l.channels}@${l.resolution})`).join(", "),
      note: settings.layersReason,
    },
    {
      label: "clustered at",
      value: `${settings.resolution}×${settings.resolution}${settings.pixels !== null ? `, ${settings.pixels} pixels` : ""}${settings.pixelStride > 1 ? `, one pixel of each ${settings.pixelStride}×${settings.pixelStride} cell` : ""}`,
      note: `${tree.pixels.toLocaleString("en")} pixels of ${tree.channels} channels`,
    },
    {
      label: "merging",
      value:
        settings.criterion === "paper"
          ? "the paper's rule: lowest IoU into highest ECoS"
          : `the pair of highest score, balance ${tree.balance}`,
      note: `K-means++ start with ${settings.initialClusters} clusters, seed ${settings.seed}${settings.restarts > 1 ? `, the best of ${settings.restarts} seeds from there` : ""}${settings.filter ? ", filtered" : ""}`,
    },
    {
      label: "time",
      value: timings.map((t) => `${t.phase} ${t.seconds.toFixed(1)} s`).join(", "),
      note: `on ${provider}`,
    },
    {
      label: "versions",
      value: Object.entries(versions)
        .map(([name, v]) => `${name} ${v}`)
        .join(", "),
    },
  ];
}

/** Of a path or an address, whose query is left out. */
const fileName = (path: string): string => withoutSecrets(path).replace(/\?…$/, "").split(/[\\/]/).at(-1) ?? path;

/** The merges in a form that people and other programs read. */
function treeJson(tree: MergeTree): string {
  const { pixels, channels, initialClusters, criterion, balance } = tree;
  const steps = tree.steps.map(({ k, kept, removed, ecos, iou, sizes }) => ({
    k,
    kept,
    removed,
    ecos,
    iou: Array.from(iou),
    sizes: Array.from(sizes),
  }));
  return `${JSON.stringify({ pixels, channels, initialClusters, criterion, balance, weights: "tree.safetensors", steps })}\n`;
}
