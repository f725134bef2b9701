/** How far the averaged generator's images are from the real ones: figures for the log. */
import { type ImageSample, imageSampler } from "../../../features/quality/imageSample.ts";
import { neighbourFigures } from "../../../features/quality/neighbours.ts";
import { randomNetwork } from "../../../features/quality/randomNetwork.ts";
import { slicedWasserstein } from "../../../features/quality/slicedWasserstein.ts";
import { latentOfSeed } from "../../../gan/latents.ts";
import { samplesPerRun } from "../../../gan/networkGenerator.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import { RandomState } from "../../../tensor/random.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import type { GanTrainer } from "../../../train/gan/trainer.ts";
import type { ImageStore } from "../pictures/imageStore.ts";

export interface Measures {
  /**
   * Of the averaged generator at this moment, by their names in the log: `swd` (sliced Wasserstein distance of patches,
   * 0 is best), `density`, `coverage`, `precision`, `recall` (1 is best).
   */
  of(trainer: GanTrainer): Promise<Readonly<Record<string, number>>>;
  dispose(): Promise<void>;
}

/** Images of each kind that are compared: few, so that measuring takes a small part of the time. */
const IMAGES = 512;
const PATCHES_PER_IMAGE = 32;
const DIRECTIONS = 128;
const NEIGHBOURS = 5;
/** Seeds of the generated images: others than those of the sheets. */
const FIRST_SEED = 1_000_000;
const PATCH_SEED = 1;

/** Measures against images evenly spread over the set; these are described once. Everything runs on the CPU. */
export async function openMeasures(images: ImageStore, { threads }: { readonly threads: number }): Promise<Measures> {
  const { resolution } = images;
  const count = Math.min(images.count, IMAGES);
  const blas = ortBlas({ threads });
  const network = await randomNetwork(resolution, { runtime: ortNode, provider: "cpu", threads });
  /** The images [n,C,R,R] of `at(first, n)`, batch by batch. */
  const describe = async (at: (first: number, n: number) => Promise<Tensor>): Promise<ImageSample> => {
    const sampler = imageSampler(resolution, {
      images: count,
      perImage: PATCHES_PER_IMAGE,
      network,
      seed: PATCH_SEED,
    });
    const step = samplesPerRun(resolution);
    for (let first = 0; first < count; first += step) await sampler.add(await at(first, Math.min(step, count - first)));
    return sampler.finish();
  };
  const real = await describe((first, n) =>
    images.read(
      Array.from({ length: n }, (_, i) => ({
        index: Math.floor(((first + i) * images.count) / count),
        mirrored: false,
      })),
    ),
  );
  return {
    async of(trainer) {
      const { zDim } = trainer.recipe;
      const fake = await describe(async (first, n) => {
        const z = tensor([n, zDim]);
        for (let i = 0; i < n; i++) z.data.set(latentOfSeed(FIRST_SEED + first + i, zDim, "normal").z, i * zDim);
        return trainer.sample(z);
      });
      const random = new RandomState(PATCH_SEED);
      const { mean } = await slicedWasserstein(real.patches, fake.patches, { blas, random, directions: DIRECTIONS });
      if (count <= NEIGHBOURS) return { swd: mean };
      return { swd: mean, ...(await neighbourFigures(real.features, fake.features, { blas, k: NEIGHBOURS })) };
    },
    dispose: () => network.dispose(),
  };
}
