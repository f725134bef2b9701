/** What training a GAN gives to those who drive it. `ganTrainer` makes one. */
import type { ConfigObject } from "../../checkpoint/stateDict.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Trainer } from "../trainer.ts";
import type { GanRecipe } from "./recipe.ts";

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

/** `step` is one update of D and one of G, with their regularisers when they are due, by real images [batch,C,R,R] in [-1,1]. */
export interface GanTrainer extends Trainer<Tensor, StepReport> {
  readonly recipe: GanRecipe;
  /** The averaged generator: weights under StyleGAN2's names and settings, as `exportSafetensors` takes them. */
  generator(): {
    readonly info: { readonly family: string };
    readonly weights: ReadonlyMap<string, Tensor>;
    readonly settings: ConfigObject;
  };
  /** Images [n,C,R,R], about [-1,1], of the averaged generator for z [n,zDim], with its constant noise. */
  sample(z: Tensor, options?: { readonly truncationPsi?: number }): Promise<Tensor>;
}
