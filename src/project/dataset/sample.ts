import { createHash } from "node:crypto";
import { countLabels, type LabelMap, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { splitOf } from "../../dataset/split.ts";
import type { Labeller } from "../labels/recipeLabels.ts";
import { type ClusteredImage, type ClusterMap, encodeImage } from "../sampling/sampler.ts";
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

/** Labels, filters and encodes one image. `labellers` are those of the label sets. */
export async function makeSample(
  seed: number,
  { rgb, maps }: ClusteredImage,
  settings: DatasetSettings,
  labellers: readonly Labeller[],
): Promise<MadeSample> {
  const { resolution, generatorResolution, imageFormat: format, quality, labelSets } = settings;
  const name = sampleName(seed);
  const facts = { seed, name, split: splitOf(name, settings.split) };
  const labelled = maps.map((map, set) => labelMap(map, settings, labellers[set]));
  const labels = labelled.map((l) => l.entry);
  const rejected = labels.flatMap((entry, set) => {
    const whose = labelSets.length === 1 ? "" : `${labelSets[set].name}: `;
    return reasons(entry, settings, labellers[set]).map((reason) => whose + reason);
  });
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
): { readonly map: LabelMap; readonly entry: LabelledEntry } {
  const uncertainPixel = (p: number): boolean => margin[p] < ignoreMargin;
  const map = labels.label(clusters, resolution, resolution, ignoreMargin > 0 ? uncertainPixel : undefined);
  return { map, entry: statistics(countLabels(map), margin, disagreement) };
}

export const hashOf = (bytes: Uint8Array): { bytes: number; sha256: string } => ({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

function statistics(counts: Float64Array, margin: Float32Array, disagreement?: Float32Array): LabelledEntry {
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
