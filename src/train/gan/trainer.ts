/** What training a GAN gives to those who drive it. `ganTrainer` makes one. */
import type { ConfigObject } from "../../checkpoint/stateDict.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { GanRecipe } from "./recipe.ts";

export { type AugmentKind, type AugmentRecipe, augmentKinds, type GanRecipe, ganRecipe } from "./recipe.ts";

/** Figures of one step. */
export interface StepReport {
  /** Real images shown so far, this step's among them. */
  readonly images: number;
  readonly lossD: number;
  readonly lossG: number;
  /** Mean squared gradient of D at the real images, in steps with R1. */
  readonly r1?: number;
  /** Mean path length, in steps with its regularisation. */
  readonly pathLength?: number;
  /** Mean sign of D on the real images, -1 to 1. */
  readonly realSign: number;
  /** Probability of augmentation in this step. */
  readonly augmentP: number;
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Everything that training needs to continue to the same numbers: tensors for one file, and JSON beside them. */
export interface TrainingState {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly scalars: JsonObject;
}

export interface GanTrainer {
  readonly recipe: GanRecipe;
  /** Real images shown so far. */
  readonly images: number;
  /**
   * One update of D and one of G, with their regularisers when they are due. `reals` is [batch,C,R,R] in [-1,1].
   * Rejects with RangeError for another shape, and with TrainingError when a loss is no longer finite.
   */
  step(reals: Tensor): Promise<StepReport>;
  /** A copy of everything needed to continue to the same numbers. */
  state(): TrainingState;
  /** The averaged generator: weights under StyleGAN2's names and settings, as `exportSafetensors` takes them. */
  generator(): {
    readonly info: { readonly family: string };
    readonly weights: ReadonlyMap<string, Tensor>;
    readonly settings: ConfigObject;
  };
  /** Images [n,C,R,R], about [-1,1], of the averaged generator for z [n,zDim], with its constant noise. */
  sample(z: Tensor, options?: { readonly truncationPsi?: number }): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** Thrown when training cannot go on: a loss or weight is infinite or not a number. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}
