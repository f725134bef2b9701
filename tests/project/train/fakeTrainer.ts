import type { MakeTrainer } from "../../../src/project/train/run.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

/**
 * A trainer of one number: it follows the brightness of the images, with a random nudge. Like the real one it is a
 * function of recipe, state and images alone.
 */
export const fakeTrainer: MakeTrainer = async (recipe, { state }) => {
  const weight = Float32Array.of(state?.tensors.get("G/w")?.data[0] ?? 0);
  let step = Number(state?.scalars["step"] ?? 0);
  const expected = [recipe.batch, recipe.imageChannels, recipe.resolution, recipe.resolution];
  return {
    recipe,
    get images() {
      return step * recipe.batch;
    },
    async step(reals) {
      if (String(reals.shape) !== String(expected)) throw new RangeError(`images of shape [${reals.shape}]`);
      const mean = reals.data.reduce((sum, v) => sum + v, 0) / reals.data.length;
      weight[0] += 0.1 * (mean - weight[0]) + 0.01 * new RandomState(step).randn();
      step++;
      return {
        images: step * recipe.batch,
        lossD: mean,
        lossG: weight[0],
        ...(step % 16 === 0 ? { r1: mean * mean } : {}),
        realSign: Math.sign(mean),
        augmentP: step / 1000,
      };
    },
    state: () => ({ tensors: new Map([["G/w", tensor([1], weight.slice())]]), scalars: { step } }),
    generator: () => ({
      info: { family: "StyleGAN2" },
      weights: new Map([["w", tensor([1], weight.slice())]]),
      settings: {},
    }),
    async sample(z) {
      const images = tensor([z.shape[0], ...expected.slice(1)]);
      images.data.fill(weight[0]);
      return images;
    },
    dispose: async () => undefined,
  };
};

/** The same, with a look at what is asked of it. */
export const watchedTrainer =
  (watch: { readonly onStep?: (lossG: number) => void; readonly onState?: (images: number) => void }): MakeTrainer =>
  async (recipe, options) => {
    const trainer = await fakeTrainer(recipe, options);
    return {
      ...trainer,
      get images() {
        return trainer.images;
      },
      async step(reals) {
        const report = await trainer.step(reals);
        watch.onStep?.(report.lossG);
        return report;
      },
      state() {
        watch.onState?.(trainer.images);
        return trainer.state();
      },
    };
  };
