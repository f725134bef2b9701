/** From a merge tree and some samples to the data of a report page. */
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { type Hierarchy, hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import type { ExplainedStep } from "../../cluster/tree/treeVariance.ts";
import type { HexColor } from "../../dataset/labelMap.ts";
import { clusterColors, cssColor } from "../cluster/palette.ts";
import { argmaxLabels, quantiseConfidence } from "./argmax.ts";
import type { Fact, ImageCanvas, Packed, PointCanvas, ReportData, StepData } from "./data.ts";
import { checkSamples, type ImageSamples, type PointSamples, pixelsOf } from "./samples.ts";
import { encodeSeries, followMerges } from "./series.ts";
import { clusterFigures, openingK, suggestStops } from "./stops.ts";

/** What a report is made from. */
export interface ReportInput {
  readonly title: string;
  /** One sentence under the title. */
  readonly summary: string;
  /** The command line that made this, to be shown and copied; "" for none. */
  readonly command: string;
  readonly facts: readonly Fact[];
  /** Warnings for the reader. */
  readonly notes?: readonly string[];
  readonly tree: MergeTree;
  readonly samples: ImageSamples | PointSamples;
  /** One per step of the tree, to be shown beside the IoU. */
  readonly explained?: readonly ExplainedStep[];
  /** K with which the page opens. Default: the suggested stop nearest to a dozen (see `openingK`). */
  readonly openAt?: number;
  /** By id. Default: those that the tree gives (see `clusterColors`). */
  readonly colors?: readonly HexColor[];
  /** Confidence maps are kept for as many samples as fit into this many bytes of page. Default 3 MB. */
  readonly confidenceBytes?: number;
}

/** With labels and pictures this keeps the page of 16 images of 64 x 64 below 5 MB. */
const CONFIDENCE_BYTES = 3e6;

/** Pictures up to this side stay lossless (PNG); larger ones become WebP. */
const LOSSLESS_SIDE = 128;
const WEBP_QUALITY = 88;

const DEFLATE_LEVEL = 9;

const pack = (bytes: Uint8Array): Packed => deflateSync(bytes, { level: DEFLATE_LEVEL }).toString("base64");

/** Four decimals are more than a plot shows. An empty cluster's 0/0 is shown as 0. */
const rounded = (x: number): number => (Number.isFinite(x) ? Math.round(x * 1e4) / 1e4 : 0);

function stepData(tree: MergeTree, explained: readonly ExplainedStep[] | undefined): StepData[] {
  return tree.steps.map((step, i) => {
    const last = i === tree.steps.length - 1;
    return {
      k: step.k,
      kept: last ? -1 : step.kept,
      removed: last ? -1 : step.removed,
      score: last ? 0 : rounded(step.ecos),
      iou: Array.from(step.iou, rounded),
      share: Array.from(step.sizes, (n) => Math.round((n / tree.pixels) * 1e6) / 1e6),
      rows: Array.from(step.members),
      explained: explained === undefined ? null : { r2: rounded(explained[i].r2), r2rel: rounded(explained[i].r2rel) },
    };
  });
}

async function imageCanvas(samples: ImageSamples): Promise<ImageCanvas> {
  const { count, width, height, rgb, resolution } = samples;
  const size = width * height * 3;
  const lossless = Math.max(width, height) <= LOSSLESS_SIDE;
  const sources = Array.from({ length: count }, async (_, s) => {
    const picture = sharp(rgb.subarray(s * size, (s + 1) * size), { raw: { width, height, channels: 3 } });
    const bytes = await (lossless
      ? picture.png({ compressionLevel: 9 })
      : picture.webp({ quality: WEBP_QUALITY })
    ).toBuffer();
    return `data:image/${lossless ? "png" : "webp"};base64,${bytes.toString("base64")}`;
  });
  const captions = samples.captions ?? Array.from({ length: count }, (_, s) => `image ${s + 1}`);
  return { kind: "images", resolution, width, height, sources: await Promise.all(sources), captions };
}

/** Smallest and largest of every second value from `start`; a lone value is given some room. */
function rangeOf(positions: Float32Array, start: number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = start; i < positions.length; i += 2) {
    low = Math.min(low, positions[i]);
    high = Math.max(high, positions[i]);
  }
  return high > low ? [low, high] : [low - 1, high + 1];
}

function pointCanvas(samples: PointSamples, tree: MergeTree): PointCanvas {
  const { positions } = samples;
  const ranges = [rangeOf(positions, 0), rangeOf(positions, 1)] as const;
  const bytes = new DataView(new ArrayBuffer(positions.length * 2));
  positions.forEach((x, i) => {
    const [low, high] = ranges[i % 2];
    bytes.setUint16(2 * i, Math.round(((x - low) / (high - low)) * 65535), true);
  });
  const planes =
    tree.channels === 2
      ? Array.from(tree.bias, (b, r) => [tree.weight[2 * r], tree.weight[2 * r + 1], b] as const)
      : null;
  return {
    kind: "points",
    count: positions.length / 2,
    positions: pack(new Uint8Array(bytes.buffer)),
    xRange: ranges[0],
    yRange: ranges[1],
    panels: (samples.rivals ?? []).map(({ name, ks, labels }) => ({ name, ks, labels: pack(encodeSeries(labels)) })),
    truth: samples.truth ? pack(encodeSeries([samples.truth])) : null,
    agreement: samples.agreement ?? [],
    planes,
  };
}

/** Maps of the classifiers that appear in a merge, over as many samples as fit. At least one sample is kept. */
function confidenceMaps(input: ReportInput, hierarchy: Hierarchy): ReportData["confidence"] {
  const { tree, samples, confidenceBytes = CONFIDENCE_BYTES } = input;
  const pixels = pixelsOf(samples);
  const count = samples.kind === "images" ? samples.count : 1;
  const rows = tree.weight.length / tree.channels;
  const used = new Set<number>();
  for (const step of tree.steps.slice(0, hierarchy.merges.length))
    used.add(step.members[step.kept]).add(step.members[step.removed]);
  const keep = (kept: number): (Packed | null)[] =>
    Array.from({ length: rows }, (_, r) => {
      if (!used.has(r)) return null;
      return pack(quantiseConfidence(samples.scores.subarray(r * pixels, r * pixels + (pixels / count) * kept)));
    });
  const sizeOf = (maps: readonly (Packed | null)[]): number => maps.reduce((sum, map) => sum + (map?.length ?? 0), 0);
  // The first sample tells about how many will fit, so that large ones are not deflated in vain.
  const fitting = (size: number, of: number): number =>
    Math.max(1, Math.min(count, Math.floor((of * confidenceBytes) / size)));
  let kept = fitting(sizeOf(keep(1)), 1);
  let maps = keep(kept);
  while (kept > 1 && sizeOf(maps) > confidenceBytes) {
    kept = Math.min(kept - 1, fitting(sizeOf(maps), kept));
    maps = keep(kept);
  }
  return { samples: kept, rows: maps };
}

/**
 * The data of a report page; `renderReport` makes the page of it.
 * Throws RangeError where the samples' arrays do not fit the tree or the tree's steps do not descend by one, or the tree has no K of `openAt`.
 */
export async function buildReport(input: ReportInput): Promise<ReportData> {
  const { tree, samples, explained } = input;
  const rows = tree.bias.length;
  if (explained?.some(({ k }, i) => k !== tree.steps[i]?.k))
    throw new RangeError("report: `explained` should hold one entry per step of the tree, in its order");
  checkSamples(samples, rows, tree.initialClusters);
  const hierarchy = hierarchyOf(tree.initialClusters, tree.steps);
  const steps = stepData(tree, explained);
  const stops = suggestStops(clusterFigures(tree));
  const { minK, maxK } = hierarchy;
  const openAt = input.openAt ?? openingK(stops, minK, maxK);
  if (!(Number.isInteger(openAt) && openAt >= minK && openAt <= maxK))
    throw new RangeError(`report: openAt should be a K in [${minK}, ${maxK}], got ${openAt}`);
  const pixels = pixelsOf(samples);
  const canvas = samples.kind === "images" ? await imageCanvas(samples) : pointCanvas(samples, tree);
  const argmax = encodeSeries(
    argmaxLabels(hierarchy, tree.steps, samples.scores, pixels),
    followMerges(hierarchy.merges),
  );
  const confidence = confidenceMaps(input, hierarchy);

  const fidelity = ["Labels are exact at every K.", "Confidence maps are rounded to 8 bits, IoU to four decimals."];
  if (explained !== undefined)
    fidelity.push(
      "R2rel is measured on a sample of the pixels; that of K-means is run at some K and a line in between.",
    );
  if (samples.kind === "images") {
    if (confidence.samples < samples.count)
      fidelity.push(`Confidence maps are kept for the first ${confidence.samples} of ${samples.count} images.`);
    if (Math.max(samples.width, samples.height) > LOSSLESS_SIDE)
      fidelity.push(`Pictures are WebP of quality ${WEBP_QUALITY}.`);
  } else fidelity.push("Positions of points are rounded to 16 bits.");

  return {
    title: input.title,
    summary: input.summary,
    command: input.command,
    facts: input.facts,
    notes: input.notes ?? [],
    fidelity,
    criterion: tree.criterion,
    balance: tree.balance,
    pixels: tree.pixels,
    channels: tree.channels,
    initialClusters: tree.initialClusters,
    steps,
    stops,
    openAt,
    colors: input.colors ?? clusterColors(hierarchy).map(cssColor),
    canvas,
    initialLabels: pack(encodeSeries([samples.initialLabels])),
    argmax: pack(argmax),
    confidence,
  };
}
