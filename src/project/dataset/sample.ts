import { createHash } from "node:crypto";
import { countLabels, IGNORE_LABEL, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { splitOf } from "../../dataset/split.ts";
import type { Labeller } from "../labels/recipeLabels.ts";
import type { ManifestEntry } from "./manifest.ts";
import { type ClusteredImage, encodeImage } from "./sampler.ts";
import { type DatasetSettings, sampleName } from "./settings.ts";

/** A sample's line in the manifest with its files; none where the filter rejected it. */
export interface MadeSample {
  readonly entry: ManifestEntry;
  readonly image?: Uint8Array;
  readonly mask?: Uint8Array;
}

/** A pixel whose best score leads by less is called uncertain: a tenth of the distance between the SVMs' two margins. */
const UNCERTAIN_MARGIN = 0.2;
const DIGITS = 10_000;
const rounded = (x: number): number => Math.round(x * DIGITS) / DIGITS;

/** Labels, filters and encodes one image. */
export async function makeSample(
  seed: number,
  { rgb, clusters, margin }: ClusteredImage,
  settings: DatasetSettings,
  labels: Labeller,
): Promise<MadeSample> {
  const { resolution, generatorResolution, ignoreMargin, imageFormat: format, quality } = settings;
  const uncertainPixel = (p: number): boolean => margin[p] < ignoreMargin;
  const map = labels.label(clusters, resolution, resolution, ignoreMargin > 0 ? uncertainPixel : undefined);
  const name = sampleName(seed);
  const { pixels, uncertain, meanMargin } = statistics(countLabels(map), margin);
  const facts = { seed, name, split: splitOf(name, settings.split), uncertain, margin: meanMargin, pixels };
  const rejected = reasons(facts, settings, labels);
  if (rejected.length > 0) return { entry: { ...facts, rejected } };
  const image = await encodeImage(rgb, generatorResolution, { format, quality, resolution });
  const mask = encodePng({ ...map, palette: paletteOf(labels.classes) });
  return { entry: { ...facts, image: hashOf(image), mask: hashOf(mask) }, image, mask };
}

export const hashOf = (bytes: Uint8Array): { bytes: number; sha256: string } => ({
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

function statistics(
  counts: Float64Array,
  margin: Float32Array,
): { pixels: [number, number][]; uncertain: number; meanMargin: number } {
  let uncertain = 0;
  let sum = 0;
  for (const m of margin) {
    if (m < UNCERTAIN_MARGIN) uncertain++;
    sum += m;
  }
  const pixels = Array.from(counts).flatMap((n, id): [number, number][] => (n > 0 ? [[id, n]] : []));
  return { pixels, uncertain: rounded(uncertain / margin.length), meanMargin: rounded(sum / margin.length) };
}

/** Why a sample is left out, in words. */
function reasons(
  { pixels, uncertain }: Pick<ManifestEntry, "pixels" | "uncertain">,
  { filter }: DatasetSettings,
  { classes }: Labeller,
): string[] {
  const found: string[] = [];
  if (filter.maxUncertain !== null && uncertain > filter.maxUncertain)
    found.push(`uncertain ${uncertain} > ${filter.maxUncertain}`);
  const total = pixels.reduce((sum, [, n]) => sum + n, 0);
  const things = pixels.filter(([id]) => id !== IGNORE_LABEL && !classes[id].background);
  const foreground = rounded(things.reduce((sum, [, n]) => sum + n, 0) / total);
  if (filter.minForeground !== null && foreground < filter.minForeground)
    found.push(`foreground ${foreground} < ${filter.minForeground}`);
  for (const name of filter.require) if (!pixels.some(([id]) => classes[id]?.name === name)) found.push(`no "${name}"`);
  return found;
}
