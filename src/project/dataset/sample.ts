import { createHash } from "node:crypto";
import { countLabels, type LabelMap, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { splitOf } from "../../dataset/split.ts";
import type { LabelState } from "../labels/recipe.ts";
import type { Labeller } from "../labels/recipeLabels.ts";
import { type ClusteredImage, type ClusterMap, encodeImage } from "../sampling/sampler.ts";
import { agreeing, classesOf } from "./clean/agreement.ts";
import { type LabelledEntry, type ManifestEntry, sampleName } from "./manifest.ts";
import type { DatasetSettings } from "./settings.ts";
import { foregroundPixels } from "./statistics.ts";

/** A sample's line in the manifest with its files, which are not there where the filter rejected it. */
export interface MadeSample {
  readonly entry: ManifestEntry;
  readonly files?: { readonly image: Uint8Array; readonly masks: readonly Uint8Array[] };
}

/** A pixel whose best score leads by less is called uncertain: a tenth of the distance between the SVMs' two margins. */
const UNCERTAIN_MARGIN = 0.2;
const DIGITS = 10_000;
const rounded = (x: number): number => Math.round(x * DIGITS) / DIGITS;

/**
 * Labels, filters and encodes one image. `labellers` are those of the label sets; the image's maps are of their classifiers, then of the
 * other clusterings. `plausibility`: what the critic says, where it is asked.
 */
export async function makeSample(
  seed: number,
  { rgb, maps }: ClusteredImage,
  settings: DatasetSettings,
  labellers: readonly Labeller[],
  plausibility?: number,
): Promise<MadeSample> {
  const { resolution, generatorResolution, imageFormat: format, quality, labelSets } = settings;
  const name = sampleName(seed);
  const judged = plausibility === undefined ? undefined : rounded(plausibility);
  const facts = {
    ...{ seed, name, split: splitOf(name, settings.split) },
    ...(judged !== undefined && { plausibility: judged }),
  };
  const labelled = labelSets.map((set, i) =>
    labelMap(maps[i], settings, labellers[i], contestedPixels(maps, set.labels, settings)),
  );
  const labels = labelled.map((l) => l.entry);
  const rejected = labels.flatMap((entry, set) => {
    const whose = labelSets.length === 1 ? "" : `${labelSets[set].name}: `;
    return reasons(entry, settings, labellers[set]).map((reason) => whose + reason);
  });
  const { plausibility: wanted } = settings;
  if (judged !== undefined && wanted !== undefined && judged < wanted.threshold)
    rejected.push(`implausible ${judged} < ${wanted.threshold}`);
  if (rejected.length > 0) return { entry: { ...facts, labels, rejected } };
  const image = await encodeImage(rgb, generatorResolution, { format, quality, resolution });
  const masks = labelled.map(({ map }, set) => encodePng({ ...map, palette: paletteOf(labellers[set].classes) }));
  const listed = labels.map((entry, set) => ({ ...entry, mask: hashOf(masks[set]) }));
  return { entry: { ...facts, image: hashOf(image), labels: listed }, files: { image, masks } };
}

function labelMap(
  { clusters, margin, disagreement }: ClusterMap,
  { resolution, ignoreMargin }: DatasetSettings,
  labels: Labeller,
  contested: ((pixel: number) => boolean) | undefined,
): { readonly map: LabelMap; readonly entry: LabelledEntry } {
  let differ = 0;
  const leftOut = (p: number): boolean => {
    const isContested = contested?.(p) === true;
    if (isContested) differ++;
    return isContested || margin[p] < ignoreMargin;
  };
  const asked = ignoreMargin > 0 || contested !== undefined;
  const map = labels.label(clusters, resolution, resolution, asked ? leftOut : undefined);
  const share = contested === undefined ? undefined : rounded(differ / margin.length);
  return { map, entry: statistics(countLabels(map), { margin, disagreement, contested: share }) };
}

/** Of which pixels another clustering says another class than the labels; undefined where none is asked. */
function contestedPixels(
  maps: readonly ClusterMap[],
  labels: LabelState,
  { labelSets, agreement }: DatasetSettings,
): ((pixel: number) => boolean) | undefined {
  if (agreement === undefined) return undefined;
  const others = agreement.map(({ classes }, i) => ({ clusters: maps[labelSets.length + i].clusters, classes }));
  const agrees = agreeing({ clusters: maps[0].clusters, classOf: classesOf(labels) }, others);
  return (p) => !agrees(p);
}

export const hashOf = (bytes: Uint8Array): { bytes: number; sha256: string } => ({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

function statistics(
  counts: Float64Array,
  {
    margin,
    disagreement,
    contested,
  }: {
    readonly margin: Float32Array;
    readonly disagreement: Float32Array | undefined;
    readonly contested: number | undefined;
  },
): LabelledEntry {
  let uncertain = 0;
  let sum = 0;
  for (const m of margin) {
    if (m < UNCERTAIN_MARGIN) uncertain++;
    sum += m;
  }
  const pixels = Array.from(counts).flatMap((n, id): [number, number][] => (n > 0 ? [[id, n]] : []));
  return {
    uncertain: rounded(uncertain / margin.length),
    margin: rounded(sum / margin.length),
    ...(disagreement && { disagreement: rounded(meanOfLargest(disagreement, MOST_UNCERTAIN)) }),
    ...(contested !== undefined && { contested }),
    pixels,
  };
}

/** Of the pixels, those by whose disagreement DatasetGAN judges an image. */
const MOST_UNCERTAIN = 0.1;

/** The mean of the largest `share` of the values, at least one of them. */
export function meanOfLargest(values: Float32Array, share: number): number {
  const count = Math.max(1, Math.floor(share * values.length));
  const largest = values
    .slice()
    .sort()
    .subarray(values.length - count);
  return largest.reduce((sum, x) => sum + x, 0) / count;
}

/** Why a sample is left out, in words. */
function reasons(entry: LabelledEntry, { filter }: DatasetSettings, { classes }: Labeller): string[] {
  const { pixels, uncertain } = entry;
  const found: string[] = [];
  if (filter.maxUncertain !== null && uncertain > filter.maxUncertain)
    found.push(`uncertain ${uncertain} > ${filter.maxUncertain}`);
  const total = pixels.reduce((sum, [, n]) => sum + n, 0);
  const foreground = rounded(foregroundPixels(entry, classes) / total);
  if (filter.minForeground !== null && foreground < filter.minForeground)
    found.push(`foreground ${foreground} < ${filter.minForeground}`);
  for (const name of filter.require) {
    const id = classes.findIndex((c) => c.name === name);
    if (id >= 0 && !pixels.some(([present]) => present === id)) found.push(`no "${name}"`);
  }
  return found;
}
