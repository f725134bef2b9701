import type { GenerateOptions, Generator, LayerInfo } from "../gan/generator.ts";
import { samplesPerRun } from "../gan/networkGenerator.ts";
import { addResized, linearMap } from "../numeric/bilinear.ts";
import type { JobOptions } from "../tensor/progress.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Which samples, which layers, and at which resolution these are kept. */
export interface SampleFeaturesOptions
  extends Pick<GenerateOptions, "c" | "truncationPsi" | "truncationCutoff" | "noiseMode"> {
  readonly layers: readonly LayerInfo[];
  /** Clustering resolution: larger maps are resized down to it at once, so that memory stays bounded. */
  readonly resolution: number;
}

/** The images and inner maps of a few consecutive seeds. */
export interface FeatureBatch {
  readonly seeds: readonly number[];
  /** [N,C,R,R] as generated. */
  readonly image: Tensor;
  /** One [N,C,h,h] per layer, h at most the clustering resolution. */
  readonly layers: readonly Tensor[];
}

/** Seeds in groups that one run of the generator takes on. */
export function seedBatches(seeds: readonly number[], resolution: number): number[][] {
  const size = samplesPerRun(resolution);
  return Array.from({ length: Math.ceil(seeds.length / size) }, (_, i) => seeds.slice(i * size, (i + 1) * size));
}

/** Generates the images and inner maps of one batch of seeds. */
export async function sampleFeatures(
  generator: Generator,
  seeds: readonly number[],
  { layers, resolution, ...options }: SampleFeaturesOptions,
): Promise<FeatureBatch> {
  const { image, features } = await generator.generate({ ...options, seeds, layers: layers.map((l) => l.name) });
  return { seeds, image, layers: keptMaps(features, layers, resolution) };
}

/** What a generator returned, as it is kept: the maps of `layers`, in their order, h at most `resolution`. */
export const keptMaps = (
  features: ReadonlyMap<string, Tensor>,
  layers: readonly LayerInfo[],
  resolution: number,
): Tensor[] => layers.map(({ name }) => shrink(features.get(name) as Tensor, resolution));

/**
 * The images and inner maps of all seeds, batch by batch. `take` gets the number of a batch's first image, its seeds, and the function
 * that generates it: what an earlier run has kept need not be generated again. Rejects with the signal's reason between batches.
 */
export async function sampleInto(
  generator: Generator,
  seeds: readonly number[],
  options: SampleFeaturesOptions,
  take: (first: number, seeds: readonly number[], sample: () => Promise<FeatureBatch>) => Promise<void>,
  { onProgress, signal }: JobOptions = {},
): Promise<void> {
  let first = 0;
  const report = (): void => onProgress?.({ phase: "sample the generator", done: first, total: seeds.length });
  report();
  for (const batch of seedBatches(seeds, generator.info.resolution)) {
    signal?.throwIfAborted();
    await take(first, batch, () => sampleFeatures(generator, batch, options));
    first += batch.length;
    report();
  }
}

/** Channels of each layer, and the side of its maps as they are sampled. */
export const sampledLayers = ({
  layers,
  resolution,
}: Pick<SampleFeaturesOptions, "layers" | "resolution">): { readonly channels: number; readonly size: number }[] =>
  layers.map((layer) => ({ channels: layer.channels, size: keptResolution(layer, resolution) }));

/** Side of a layer's maps after `shrink`. */
export const keptResolution = (layer: LayerInfo, resolution: number): number => Math.min(layer.resolution, resolution);

/** Maps larger than `resolution` resized down to it, as the paper does (bilinear, align_corners = true). */
function shrink(maps: Tensor, resolution: number): Tensor {
  const [N, C, side] = maps.shape;
  if (side <= resolution) return maps;
  const small = tensor([N, C, resolution, resolution]);
  addResized(maps.data, 0, N * C, linearMap(side, resolution), small.data, 0);
  return small;
}
