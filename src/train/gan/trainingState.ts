/** The variables of a training run, by name: how they begin, continue from a state, and grow to larger images. */
import { initialTensors, trainedNames } from "../../nn/parameters.ts";
import { sameShape, type Tensor, tensor } from "../../tensor/tensor.ts";
import { adamStart, restoreNumbers, restoreTensors, weightName } from "../adamUpdates.ts";
import { mixSeed } from "../mixSeed.ts";
import type { TrainingState } from "../trainer.ts";
import { carriesColours, grownBlock } from "./growDiscriminator.ts";
import { channelsAt, type GanNetworks, ganNetworks } from "./networks.ts";
import type { GanRecipe } from "./recipe.ts";

/** What beside the tensors makes a state. */
export type Progress = {
  step: number;
  images: number;
  /** Updates of either network so far, for Adam's corrections. */
  updatesD: number;
  updatesG: number;
  augmentP: number;
  /** Sum and number of the signs since the probability was last adapted. */
  signSum: number;
  signCount: number;
};

/** Adam's constants in StyleGAN2. */
export const ADAM = { beta1: 0, beta2: 0.99, epsilon: 1e-8 } as const;

export const averageName = (name: string): string => `ema/${name}`;
export const PATH_AVERAGE = "pathLength";

export const initialProgress = ({ augment }: GanRecipe): Progress => ({
  step: 0,
  images: 0,
  updatesD: 0,
  updatesG: 0,
  augmentP: augment?.initial ?? 0,
  signSum: 0,
  signCount: 0,
});

/**
 * The state before the first step. Tensors "G/<weight>", "D/<weight>", "ema/<weight>" (the averaged generator, constant noise
 * and average w among them) and what the optimisers keep. A state with other weights begins training from those.
 */
export const initialState = (recipe: GanRecipe): TrainingState => ({
  tensors: initialVariables(ganNetworks(recipe), recipe.seed),
  scalars: { ...initialProgress(recipe) },
});

/** Every variable at the start, by name. */
export function initialVariables(
  { generatorTable, discriminatorTable }: GanNetworks,
  seed: number,
): Map<string, Tensor> {
  const G = initialTensors(generatorTable, mixSeed(seed, 0, 10));
  const D = initialTensors(discriminatorTable, mixSeed(seed, 0, 11));
  const all = new Map<string, Tensor>([[PATH_AVERAGE, tensor([1])]]);
  for (const [prefix, table, values] of [
    ["G", generatorTable, G],
    ["D", discriminatorTable, D],
  ] as const)
    for (const name of trainedNames(table)) {
      const value = values.get(name) as Tensor;
      all.set(weightName(prefix, name), value);
      for (const [moment, start] of adamStart(prefix, name, value, ADAM)) all.set(moment, start);
    }
  for (const [name, value] of G) all.set(averageName(name), value);
  return all;
}

/** Puts a state into the fresh variables. Throws RangeError where it is of another recipe. */
export function restore({ tensors, scalars }: TrainingState, initial: Map<string, Tensor>, progress: Progress): void {
  restoreTensors(tensors, initial);
  restoreNumbers(scalars, progress);
}

/**
 * A recipe's first state with these weights of its networks ("G", "D", "ema") in it; of a network all must be there and fit.
 * Where they are of a lower `resolution` the networks grow: the generator's blocks above begin anew, and their part in the
 * image at nothing, so that training goes on from the smaller images enlarged; the discriminator judges the larger images
 * as it did smaller ones. Throws RangeError for a weight that does not fit.
 */
export function begunWith(weights: ReadonlyMap<string, Tensor>, resolution: number, recipe: GanRecipe): TrainingState {
  const fresh = initialState(recipe);
  const networks = new Set([...weights.keys()].map(networkOf));
  const judging = discriminatorBlocks(weights, resolution, recipe);
  const begun = (name: string, start: Tensor): Tensor => {
    if (!networks.has(networkOf(name))) return start;
    if (blockOf(name) > resolution) {
      const hidden = name.endsWith(".torgb.weight") ? tensor(start.shape) : start;
      return judging.get(name) ?? hidden;
    }
    const given = weights.get(name);
    if (given === undefined || !sameShape(given.shape, start.shape))
      throw new RangeError(
        `its ${name} ${given === undefined ? "is missing" : `is [${given.shape}]`}, expected [${start.shape}]`,
      );
    return given;
  };
  return {
    tensors: new Map([...fresh.tensors].map(([name, start]) => [name, begun(name, start)])),
    scalars: fresh.scalars,
  };
}

/** The discriminator's blocks above `resolution`, by name, as far as they are wide enough to carry colours. */
function discriminatorBlocks(
  weights: ReadonlyMap<string, Tensor>,
  resolution: number,
  recipe: GanRecipe,
): Map<string, Tensor> {
  let known = weights;
  const blocks = new Map<string, Tensor>();
  for (let r = 2 * resolution; r <= recipe.resolution; r *= 2) {
    const [weight, bias] = ["weight", "bias"].map((part) => known.get(`D/b${r / 2}.fromrgb.${part}`));
    const channels = channelsAt(recipe, r);
    if (weight === undefined || bias === undefined || !carriesColours(channels, recipe.imageChannels)) break;
    const block = grownBlock({ weight, bias }, r, channels, mixSeed(recipe.seed, r, 12));
    known = new Map([...block].map(([name, t]) => [`D/${name}`, t]));
    for (const [name, t] of known) blocks.set(name, t);
  }
  return blocks;
}

/** The weights of the networks in a state, without what belongs to training. */
export const networkWeights = ({ tensors }: TrainingState): Map<string, Tensor> =>
  new Map([...tensors].filter(([name]) => networkOf(name) !== ""));

/**
 * A state of images of `resolution` pixels, to be continued by a recipe of larger ones. The optimisers begin anew; what is
 * counted by images and steps goes on, and so does the probability of augmentation.
 */
export function grown(state: TrainingState, resolution: number, recipe: GanRecipe): TrainingState {
  const { tensors, scalars } = begunWith(networkWeights(state), resolution, recipe);
  const { step, images, augmentP } = state.scalars;
  return { tensors, scalars: { ...scalars, step, images, augmentP } };
}

/** Resolution of the block that a weight belongs to; 0 outside blocks. */
const blockOf = (name: string): number => Number(/(?:\.|\/)b(\d+)\./.exec(name)?.[1] ?? 0);

/** "G", "D" or "ema" of a weight's name in a state; "" of other variables. */
const networkOf = (name: string): string => /^(G|D|ema)\//.exec(name)?.[1] ?? "";
