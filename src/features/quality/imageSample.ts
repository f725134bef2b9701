import type { Blas } from "../../numeric/blas.ts";
import { RandomState } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type NeighbourFigures, neighbourFigures, type Points } from "./neighbours.ts";
import { type PatchLevel, patchSampler } from "./patches.ts";
import type { ImageFeatures } from "./randomNetwork.ts";
import { type SlicedWasserstein, slicedWasserstein } from "./slicedWasserstein.ts";

/** What is kept of a set of images to compare it with another. */
export interface ImageSample {
  readonly images: number;
  readonly patches: readonly PatchLevel[];
  readonly features: Points;
}

/** Reduces images, batch by batch, to what the figures need. */
export interface ImageSampler {
  /** Images [n,3,R,R] in [-1,1]. */
  add(images: Tensor): Promise<void>;
  finish(): ImageSample;
}

/** How much is kept of the images. */
export interface ImageSamplerOptions {
  /** Images that will come. */
  readonly images: number;
  /** Patches of each at each level. */
  readonly perImage: number;
  readonly network: ImageFeatures;
  /** Of the places of patches; equal in sets that are compared, so that equal sets are at distance 0. */
  readonly seed?: number;
}

/** Reduces images of `resolution` pixels to patches and features as they come. */
export function imageSampler(
  resolution: number,
  { images, perImage, network, seed = 0 }: ImageSamplerOptions,
): ImageSampler {
  const patches = patchSampler(resolution, { images, perImage, random: new RandomState(seed) });
  const features = new Float32Array(images * network.dimensions);
  let count = 0;
  return {
    async add(batch) {
      patches.add(batch);
      features.set(await network.features(batch), count * network.dimensions);
      count += batch.shape[0];
    },
    finish: () => ({
      images: count,
      patches: patches.finish(),
      features: { dimensions: network.dimensions, data: features.subarray(0, count * network.dimensions) },
    }),
  };
}

/** How far two sets of images are apart. */
export interface ImageSetFigures extends NeighbourFigures {
  /** Times 1000. */
  readonly swd: SlicedWasserstein;
}

/** Compares generated images with as many real ones. Throws RangeError where there are too few, or not equally many. */
export async function compareSamples(
  real: ImageSample,
  fake: ImageSample,
  { blas, directions, seed = 1 }: { blas: Blas; directions: number; seed?: number },
): Promise<ImageSetFigures> {
  return {
    swd: await slicedWasserstein(real.patches, fake.patches, { blas, directions, random: new RandomState(seed) }),
    ...(await neighbourFigures(real.features, fake.features, { blas })),
  };
}
