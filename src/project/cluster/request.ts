import { totalmem } from "node:os";
import type { z } from "zod";
import { gridPixels, stratifiedGrid, stratifiedPixels, stridedPixels } from "../../features/pixelStride.ts";
import { keptResolution, type SampleFeaturesOptions } from "../../features/sampleFeatures.ts";
import { GeneratorError } from "../../gan/errors.ts";
import type { GenerateOptions, GeneratorInfo, LayerInfo } from "../../gan/generator.ts";
import { oneHot } from "../../gan/latents.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import { checkClass } from "../network/conditional.ts";
import type { OpenedNetwork } from "../network/network.ts";
import { ProjectError } from "../storage/files.ts";
import type { clusterRequest } from "./options.ts";
import type { ClusterSettings } from "./settings.ts";

/** Side of the label maps unless the user asks for more: parts are visible, and 256 images fit a laptop's memory. */
const DEFAULT_RESOLUTION = 64;
/** Pixels beyond this change the parts little and cost in proportion (docs/MEASURED.md). */
const ENOUGH_PIXELS = 2 ** 18;
/** Between the paper's 0.5 (StyleGAN2) and none: cleaner images, still varied. */
const DEFAULT_TRUNCATION = 0.7;
/** Shards where nobody says how many: as many workers have work, and their sums take a few megabytes a pass. */
const SHARDS = 16;
/** Share of the machine's memory that features may take; the rest is for clustering, and for a strided copy of them. */
const MEMORY_SHARE = 0.4;

/** The request with every open choice made: `images` of them, unless seeds are named. Throws GeneratorError for layers or classes that the generator has not. */
export function settle(
  request: z.output<typeof clusterRequest>,
  { generator, path, sha256 }: OpenedNetwork,
  images: number,
): ClusterSettings {
  const { info } = generator;
  const {
    outdir: _,
    provider: __,
    threads: ___,
    command: ____,
    deviceMemory: _____,
    keepFeatures: ______,
    images: _______,
    workers,
    queue,
    root: __________,
    shard: ___________,
    shards,
    extractorSize: ________,
    extractorRange: _________,
    memory,
    ...asked
  } = request;
  const seeds = [...(request.seeds ?? Array(images).keys())];
  const selection = selectLayers(info.layers, request.layers);
  if (selection.layers.length === 0)
    throw new GeneratorError("there is nothing to cluster without layers: use --layers auto");
  checkClass(request.class, info);
  const resolution = request.resolution ?? Math.min(info.resolution, DEFAULT_RESOLUTION);
  const pixels = seeds.length * resolution ** 2;
  const settings: ClusterSettings = {
    ...asked,
    seeds,
    network: path,
    networkSha256: sha256,
    layers: selection.layers.map((l) => l.name),
    layersReason: selection.reason,
    resolution,
    pixelStride: request.pixelStride ?? (request.pixels === null ? Math.ceil(Math.sqrt(pixels / ENOUGH_PIXELS)) : 1),
    truncationPsi: request.truncationPsi ?? (info.wDim > 0 ? DEFAULT_TRUNCATION : 1),
    precision: "single",
    shards: shards === null && workers === null && queue === null ? null : Math.min(shards ?? SHARDS, seeds.length),
    // The paper's rule knows no chance overlap.
    balance: request.criterion === "paper" ? 0 : request.balance,
  };
  // Each worker has memory of its own.
  const fits = settings.shards !== null || featureBytes(settings, info) <= (memory ?? spareMemory());
  return { ...settings, precision: fits ? "single" : "half" };
}

/** Bytes of the features of so many images as they are kept on disk. */
export const storedBytes = (settings: ClusterSettings, info: GeneratorInfo, images: number): number =>
  ((featureBytes(settings, info) / settings.seeds.length) * images) / (settings.precision === "half" ? 2 : 1);

/** Bytes of the features of all images in single precision. */
export function featureBytes(settings: ClusterSettings, info: GeneratorInfo): number {
  const perImage = layersOf(settings, info).reduce(
    (sum, layer) =>
      sum + layer.channels * keptResolution(layer, settings.resolution) ** 2 * Float32Array.BYTES_PER_ELEMENT,
    0,
  );
  return settings.seeds.length * perImage;
}

/** What features may take of this machine's memory, or of what this process is allowed. */
export function spareMemory(): number {
  const allowed = process.constrainedMemory() ?? 0;
  return MEMORY_SHARE * (allowed > 0 ? Math.min(totalmem(), allowed) : totalmem());
}

/** The pixels of a run that are clustered; undefined: all. */
export function clusteredPixels({
  seeds,
  resolution,
  pixelStride,
  pixels,
  seed,
}: ClusterSettings): Int32Array | undefined {
  const all = seeds.length * resolution ** 2;
  if (pixels !== null && pixels < all) return stratifiedPixels(seeds.length, resolution, pixels, seed);
  return pixelStride === 1 ? undefined : stridedPixels(seeds.length, resolution, pixelStride, seed);
}

/** The clustered pixels of each image as rows and columns: pixel n is in image n / (rows * columns), row by row. */
export function clusteredGrid({ seeds, resolution, pixelStride, pixels }: ClusterSettings): {
  readonly rows: number;
  readonly columns: number;
} {
  if (pixels !== null && pixels < seeds.length * resolution ** 2)
    return stratifiedGrid(seeds.length, resolution, pixels);
  const side = Math.ceil(resolution / pixelStride);
  return { rows: side, columns: side };
}

/** The layers of a run, in the generator's order. */
export const layersOf = (settings: Pick<ClusterSettings, "layers">, info: GeneratorInfo): readonly LayerInfo[] =>
  selectLayers(info.layers, settings.layers).layers;

/** How every sample of a run is generated. */
export function generateOptions(
  settings: Pick<ClusterSettings, "truncationPsi" | "truncationCutoff" | "noiseMode" | "class">,
  info: GeneratorInfo,
): Omit<GenerateOptions, "seeds" | "layers"> {
  const { truncationPsi, truncationCutoff, noiseMode } = settings;
  return {
    truncationPsi,
    noiseMode,
    ...(truncationCutoff === null ? {} : { truncationCutoff }),
    ...(settings.class === null ? {} : { c: oneHot(settings.class, info.cDim) }),
  };
}

/** How the inner maps of a run are sampled. */
export const featureOptions = (
  settings: Parameters<typeof generateOptions>[0] & Pick<ClusterSettings, "layers" | "resolution">,
  info: GeneratorInfo,
): SampleFeaturesOptions => ({
  ...generateOptions(settings, info),
  layers: layersOf(settings, info),
  resolution: settings.resolution,
});

/** How many pixels a run clusters. */
export const clusteredCount = ({
  seeds,
  resolution,
  pixelStride,
  pixels,
}: Pick<ClusterSettings, "seeds" | "resolution" | "pixelStride" | "pixels">): number =>
  pixels === null
    ? seeds.length * Math.ceil(resolution / pixelStride) ** 2
    : gridPixels(seeds.length, resolution, pixels);

/** Refuses, before anything is computed, what cannot work: more clusters than pixels, more pixels than memory. */
export function checkSize(settings: ClusterSettings, info: GeneratorInfo): void {
  const { resolution, pixelStride, seeds, initialClusters, minClusters } = settings;
  if (minClusters > initialClusters)
    throw new ProjectError(
      `--min-clusters ${minClusters} is more than the ${initialClusters} clusters to start from: lower it, or raise --init-clusters.`,
    );
  const pixels = clusteredCount(settings);
  if (initialClusters > pixels)
    throw new ProjectError(
      `${initialClusters} initial clusters need at least as many pixels, but ${seeds.length} images of ${resolution}x${resolution}` +
        `${pixelStride > 1 ? ` at stride ${pixelStride}` : ""}${settings.pixels === null ? "" : " with --pixels"} have ${pixels}. Lower --init-clusters or raise --images.`,
    );
  // Chosen pixels are made dense, in single precision.
  if (pixels === seeds.length * resolution ** 2) return;
  const channels = layersOf(settings, info).reduce((sum, layer) => sum + layer.channels, 0);
  const needed = pixels * channels * Float32Array.BYTES_PER_ELEMENT;
  const available = spareMemory();
  if (needed > available)
    throw new ProjectError(
      `${pixels} pixels of ${channels} channels need ${gigabytes(needed)}, more than the ${gigabytes(available)} that this machine can spare. ` +
        `Take fewer: --pixels ${Math.floor(available / (channels * Float32Array.BYTES_PER_ELEMENT))}. All pixels (--pixel-stride 1) are streamed from disk.`,
    );
}

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
