import { subset } from "./denseFeatures.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import { type Hyperplane, NewtonSvm } from "./newtonSvm.ts";
import type { ClassPass } from "./svmPass.ts";

/** The weight of the squared hinge in Eq. 3, as the paper sets it. */
export const DEFAULT_C = 5000;
export const DEFAULT_TOLERANCE = 1e-3;

/** The inner solver stops this much below the certified tolerance, so that one certifying pass mostly suffices. */
const INNER_SHARE = 0.1;
/** The bias gradient may be this share of the active pixels' total pull on the bias. */
const BIAS_TOLERANCE = 1e-2;
/** Objectives below this share of C count as zero: a class without pixels is solved exactly by w = 0, b = -1. */
const NEGLIGIBLE = 1e-12;

/** The binary L2-SVMs of Eq. 3 over one set of features. Rows of hyperplanes are kept rounded to float32, as they are used. */
export class SvmProblem {
  readonly features: LinearFeatures;
  readonly c: number;
  readonly tolerance: number;
  readonly #solver: NewtonSvm;

  constructor(features: LinearFeatures, c: number, tolerance: number) {
    this.features = features;
    this.c = c;
    this.tolerance = tolerance;
    this.#solver = new NewtonSvm(features);
  }

  /** C/N of Eq. 3. */
  get penalty(): number {
    return this.c / this.features.pixels;
  }

  /**
   * Solves the SVM of class `own` from and into `plane`, whose scores over all pixels are `scores` [N] (spoiled), well below
   * `tolerance`.
   */
  async solve(
    labels: Uint16Array,
    own: number,
    plane: Hyperplane,
    scores: Float32Array,
    tolerance = this.tolerance * INNER_SHARE,
  ): Promise<void> {
    await this.#solver.minimise(labels, own, plane, scores, { penalty: this.penalty, tolerance });
    for (let d = 0; d < plane.weight.length; d++) plane.weight[d] = Math.fround(plane.weight[d]);
    plane.bias = Math.fround(plane.bias);
  }

  /** f of Eq. 3, the relative gap that |g_w|^2 / 2 certifies, and whether gap and bias gradient are small enough. */
  certify(
    weight: ArrayLike<number>,
    pass: Pick<ClassPass, "loss" | "pull" | "signedPull" | "pullGradient">,
  ): { readonly objective: number; readonly gap: number; readonly certified: boolean } {
    const { penalty } = this;
    const pullGradient = pass.pullGradient;
    if (pullGradient === undefined) throw new Error("certify: the pass has no gradient");
    let norm = 0;
    let squared = 0;
    for (let d = 0; d < weight.length; d++) {
      const g = weight[d] - 2 * penalty * pullGradient[d];
      norm += weight[d] * weight[d];
      squared += g * g;
    }
    const objective = 0.5 * norm + penalty * pass.loss;
    const excess = 0.5 * squared;
    const gap = excess <= NEGLIGIBLE * this.c ? 0 : excess / objective;
    const balanced = Math.abs(pass.signedPull) <= BIAS_TOLERANCE * pass.pull || objective <= NEGLIGIBLE * this.c;
    return { objective, gap, certified: gap <= this.tolerance && balanced };
  }

  /** The same problem on fewer pixels. */
  restrictedTo(index: Int32Array): SvmProblem {
    return new SvmProblem(subset(this.features, index), this.c, this.tolerance);
  }
}

/** y of the pixels in `index`: +1 for class `own`, else -1. */
export function signsOf(labels: Uint16Array, index: Int32Array, own: number): Int8Array {
  const signs = new Int8Array(index.length);
  for (let i = 0; i < index.length; i++) signs[i] = labels[index[i]] === own ? 1 : -1;
  return signs;
}
