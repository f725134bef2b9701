/**
 * One binary L2-SVM by an active-set Newton method:
 *
 *     minimise over w, b:  f(w,b) = 1/2 |w|^2 + c * sum_n max(0, 1 - y_n (w.x_n + b))^2,   y = +1 on class `own`, else -1
 *
 * f is piecewise quadratic: with the active pixels {margin > 0} fixed, a Newton step solves H w~ = 2c sum y x~ over them, and with an
 * exact line search few steps are needed. A step costs one pass of scores over all pixels, and the dense rows of the few pixels that
 * became active or inactive. f is 1-strongly convex in w, so |g_w|^2 / 2 bounds its excess over the minimum where g_b = 0.
 */
import { ActiveGram } from "./activeGram.ts";
import { choleskySolve, factorPositive } from "./cholesky.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import { dot, symmetricProduct } from "./symmetric.ts";

/** A hyperplane; updated in place by the solver. */
export interface Hyperplane {
  readonly weight: Float64Array;
  bias: number;
}

export interface NewtonOptions {
  /** c: the weight of one pixel's squared hinge, C/N. */
  readonly penalty: number;
  /** Relative gap at which to stop: |g_w|^2 / 2 <= tolerance * f. */
  readonly tolerance: number;
}

const MAX_ITERATIONS = 60;
/** The bias gradient may be this share of the active pixels' total pull on the bias. */
const BIAS_TOLERANCE = 1e-3;
/** The longest step, in Newton steps: the line search looks only at pixels that such a step can make active. */
const LONGEST_STEP = 2;

/** The solver, and the buffers that it needs for its features. */
export class NewtonSvm {
  readonly #features: LinearFeatures;
  readonly #gram: ActiveGram;
  readonly #change: Float32Array;
  readonly #margins: Float32Array;
  readonly #slopes: Float32Array;

  constructor(features: LinearFeatures) {
    this.#features = features;
    this.#gram = new ActiveGram(features);
    this.#change = new Float32Array(features.pixels);
    this.#margins = new Float32Array(features.pixels);
    this.#slopes = new Float32Array(features.pixels);
  }

  /**
   * Minimises f from `plane`, whose scores over all pixels are `scores` [N]; both are updated. Returns the number of steps.
   */
  async minimise(
    labels: Uint16Array,
    own: number,
    plane: Hyperplane,
    scores: Float32Array,
    options: NewtonOptions,
  ): Promise<number> {
    const { penalty, tolerance } = options;
    const { weight } = plane;
    const d = weight.length;
    const gram = this.#gram;
    gram.clear();
    for (let iteration = 0; ; iteration++) {
      let loss = 0;
      let pull = 0;
      let signedPull = 0;
      let active = 0;
      for (let n = 0; n < scores.length; n++) {
        const sign = labels[n] === own ? 1 : -1;
        const margin = 1 - sign * scores[n];
        if (!(margin > 0)) continue;
        active++;
        loss += margin * margin;
        pull += margin;
        signedPull += sign * margin;
      }
      await gram.update(scores, labels, own, active);
      const hessian = gram.hessian(penalty);
      const homogeneous = new Float64Array(d + 1);
      homogeneous.set(weight);
      homogeneous[d] = plane.bias;
      const gradient = symmetricProduct(hessian, homogeneous);
      const target = gram.target(penalty);
      for (let j = 0; j <= d; j++) gradient[j] -= target[j];
      // The bias gradient is known from the scores themselves, without the rounding of sums of features.
      gradient[d] = -2 * penalty * signedPull;
      const squared = dot(gradient, gradient) - gradient[d] ** 2;
      const objective = 0.5 * dot(weight, weight) + penalty * loss;
      const balanced = Math.abs(signedPull) <= BIAS_TOLERANCE * pull;
      if ((0.5 * squared <= tolerance * objective && balanced) || iteration >= MAX_ITERATIONS) return iteration;

      const step = gradient.map((g) => -g);
      choleskySolve(factorPositive(hessian, d + 1), d + 1, step);
      const change = await this.#features.scores(
        Float32Array.from(step.subarray(0, d)),
        Float32Array.of(step[d]),
        this.#change,
      );
      const t = this.#lineSearch(labels, own, scores, change, weight, step, penalty);
      for (let j = 0; j < d; j++) weight[j] += t * step[j];
      plane.bias += t * step[d];
      for (let n = 0; n < scores.length; n++) scores[n] += t * change[n];
    }
  }

  /** The t in [0, LONGEST_STEP] that minimises f along the step, by safeguarded Newton on its piecewise linear derivative. */
  #lineSearch(
    labels: Uint16Array,
    own: number,
    scores: Float32Array,
    change: Float32Array,
    weight: Float64Array,
    step: Float64Array,
    penalty: number,
  ): number {
    const margins = this.#margins;
    const slopes = this.#slopes;
    let count = 0;
    for (let n = 0; n < scores.length; n++) {
      const sign = labels[n] === own ? 1 : -1;
      const margin = 1 - sign * scores[n];
      const slope = -sign * change[n];
      if (margin > 0 || margin + LONGEST_STEP * slope > 0) {
        margins[count] = margin;
        slopes[count++] = slope;
      }
    }
    let linear = 0;
    let quadratic = 0;
    for (let j = 0; j < weight.length; j++) {
      linear += weight[j] * step[j];
      quadratic += step[j] * step[j];
    }
    let t = 1;
    let low = 0;
    let high = LONGEST_STEP;
    for (let iteration = 0; iteration < 30; iteration++) {
      let first = 0;
      let second = 0;
      for (let i = 0; i < count; i++) {
        const slope = slopes[i];
        const margin = margins[i] + t * slope;
        if (margin > 0) {
          first += margin * slope;
          second += slope * slope;
        }
      }
      const derivative = linear + t * quadratic + 2 * penalty * first;
      if (derivative > 0) high = t;
      else low = t;
      let next = t - derivative / (quadratic + 2 * penalty * second);
      if (!(next > low && next < high)) next = (low + high) / 2;
      if (!(Math.abs(next - t) > 1e-7 * t)) return next;
      t = next;
    }
    return t;
  }
}
