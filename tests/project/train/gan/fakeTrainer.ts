import type { MakeTrainer } from "../../../../src/project/train/gan/startTrainer.ts";
import { RandomState } from "../../../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../../../src/tensor/tensor.ts";
import { initialState } from "../../../../src/train/gan/trainingState.ts";

/** The one weight that is trained: one that networks keep when they grow. */
const WEIGHT = "G/synthesis.b4.torgb.bias";

/**
 * A trainer of one number: it follows the brightness of the images, with a random nudge. Like the real one it is a
 * function of recipe, state and images alone, and its states are of the recipe's networks.
 */
export const fakeTrainer: MakeTrainer = async (recipe, { state }) => {
  const begin = state ?? initialState(recipe);
  const before = begin.tensors.get(WEIGHT);
  if (before === undefined) throw new RangeError(`the state has no ${WEIGHT}`);
  const weight = before.data.slice();
  let step = Number(begin.scalars["step"]);
  let shown = Number(begin.scalars["images"]);
  const own = (): [string, Tensor] => [WEIGHT, tensor(before.shape, weight.slice())];
  const expected = [recipe.batch, recipe.imageChannels, recipe.resolution, recipe.resolution];
  return {
    recipe,
    get images() {
      return shown;
    },
    async step(reals) {
      if (String(reals.shape) !== String(expected)) throw new RangeError(`images of shape [${reals.shape}]`);
      const mean = reals.data.reduce((sum, v) => sum + v, 0) / reals.data.length;
      weight[0] += 0.1 * (mean - weight[0]) + 0.01 * new RandomState(step).randn();
      step++;
      shown += recipe.batch;
      return {
        images: shown,
        lossD: mean,
        lossG: weight[0],
        ...(step % 16 === 0 ? { r1: mean * mean } : {}),
        realSign: Math.sign(mean),
        augmentP: step / 1000,
      };
    },
    state: () => ({
      tensors: new Map([...begin.tensors, own()]),
      scalars: { ...begin.scalars, step, images: shown },
    }),
    generator: () => ({
      info: { family: "StyleGAN2" },
      weights: new Map([own()]),
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
