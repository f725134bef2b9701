/** What a stage of training costs, from a few steps of it. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { RandomState } from "../../../tensor/random.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import type { GanRecipe } from "../../../train/gan/recipe.ts";
import { encodeState } from "../state.ts";
import { timeSteps } from "../timeSteps.ts";
import type { TrainGanRequest } from "./options.ts";
import { startTrainer, type TrainGanParts } from "./startTrainer.ts";
import { meanStep, type StepCosts, stepCosts } from "./stepCosts.ts";

export interface StageCost {
  readonly secondsPerKimg: number;
  readonly steps: { readonly timed: number; readonly costs: StepCosts };
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  /** Of the files. */
  readonly stateBytes: number;
  readonly networkBytes: number;
}

/** Builds the networks, times some steps on images of noise, and throws the result away. */
export async function timeStage(
  recipe: GanRecipe,
  request: Pick<TrainGanRequest, "provider" | "threads">,
  job: JobOptions,
  { makeTrainer, now }: TrainGanParts,
): Promise<StageCost> {
  const trainer = await startTrainer(recipe, undefined, request, job, makeTrainer);
  try {
    const images = noiseImages(recipe);
    // The first step warms up; a whole cycle of the lazy regularisers follows, if time allows.
    const steps = await timeSteps(() => trainer.step(images), { ...job, now, note: `${recipe.resolution} px` });
    const timed = steps.map(({ seconds, report: { r1, pathLength } }) => ({
      seconds,
      r1: r1 !== undefined,
      pathLength: pathLength !== undefined,
    }));
    const costs = stepCosts(timed);
    const training = trainer.state();
    return {
      secondsPerKimg: (meanStep(costs, recipe) / recipe.batch) * 1000,
      steps: { timed: timed.length, costs },
      parameters: { generator: elements(training.tensors, "G/"), discriminator: elements(training.tensors, "D/") },
      stateBytes: encodeState({ training, images: trainer.images, sums: {}, recipe }).length,
      networkBytes: 4 * elements(trainer.generator().weights, ""),
    };
  } finally {
    await trainer.dispose();
  }
}

/** A batch that a step takes: what is in it does not change what a step costs. */
export function noiseImages({ batch, imageChannels, resolution }: GanRecipe): Tensor {
  const images = tensor([batch, imageChannels, resolution, resolution]);
  const random = new RandomState(0);
  for (let i = 0; i < images.data.length; i++) images.data[i] = 2 * random.randomSample() - 1;
  return images;
}

/** Numbers in all tensors whose names begin so. */
const elements = (tensors: ReadonlyMap<string, Tensor>, prefix: string): number =>
  [...tensors].reduce((sum, [name, { data }]) => sum + (name.startsWith(prefix) ? data.length : 0), 0);
