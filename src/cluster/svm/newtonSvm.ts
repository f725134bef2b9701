/**
 * One binary L2-SVM by an active-set Newton method:
 *
 *     minimise over w, b:  f(w,b) = 1/2 |w|^2 + c * sum_n max(0, 1 - y_n (w.x_n + b))^2,   y = +1 or -1
 *
 * f is piecewise quadratic: with the active pixels {margin > 0} fixed, its Hessian is H = I + 2c sum x~ x~^T over them (the bias not
 * regularised), and with an exact line search few Newton steps are needed. A step costs one pass of gradients and one of scores. H is
 * taken from a sample where active pixels are many, and kept while they hardly change; directions under the same H are made conjugate
 * (Polak and Ribiere's rule, preconditioned by H), which makes up for both. f is 1-strongly convex in w, so |g_w|^2 / 2
 * bounds its excess over the minimum where g_b = 0.
 */

import { dot } from "../../numeric/matrices.ts";
import { factorRoughly, type RoughFactor } from "../../numeric/singleCholesky.ts";
import { BLOCK_ROWS, denseRowSums } from "../../pixels/moments.ts";
import type { Pixels, RowSums } from "../../pixels/pixels.ts";
import { upperHessian } from "./hessian.ts";
import { changedSince, hinge, move, pick } from "./hinge.ts";

/** A hyperplane; updated in place by the solver. */
export interface Hyperplane {
  readonly weight: Float64Array;
  bias: number;
}

/** The factor of H that a solver ended with: where the next problem is much like the last, it serves to begin with. */
export interface Curvature {
  factor?: RoughFactor;
}

export interface NewtonOptions {
  /** c: the weight of one pixel's squared hinge, C/N. */
  readonly penalty: number;
  /** Relative gap at which to stop: |g_w|^2 / 2 <= tolerance * f. */
  readonly tolerance: number;
  /** How often each pixel counts, [N]. Default: once. */
  readonly weights?: Float32Array | undefined;
  /** Of a like problem, if any, and afterwards of this one. */
  readonly curvature?: Curvature | undefined;
}

const MAX_ITERATIONS = 60;
/** The bias gradient may be this share of the active pixels' total pull on the bias. */
const BIAS_TOLERANCE = 1e-3;
/** The longest step, in Newton steps: the line search looks only at pixels that such a step can make active. */
const LONGEST_STEP = 8;
/** Active pixels that H is taken from: at least, per channel, and as a share of all active ones. */
const SAMPLE_ROWS = 1024;
const SAMPLE_ROWS_PER_CHANNEL = 6;
const SAMPLE_SHARE = 0.125;
/** H is computed again when so many pixels, as a share of the active ones, became active or inactive since; fewer if progress is slow. */
const RENEWAL_SHARE = 0.25;
const RENEWAL_SHARE_IF_SLOW = 0.02;
/** Progress is slow when a step leaves this share of |g_w|^2. */
const SLOW = 0.2;

/** Room for what a solver keeps of each pixel; it grows as needed and can be lent to one solver after another. */
export class NewtonBuffers {
  change = new Float32Array(0);
  pulls = new Float32Array(0);
  margins = new Float32Array(0);
  slopes = new Float32Array(0);
  /** The pixels that were active when H was last taken. */
  counted = new Uint8Array(0);
  sample = new Int32Array(0);
  /** H, until it is factorised, and the sum of squares that it is taken from: where one product gives it, as that leaves it. */
  hessian = new Float64Array(0);
  squares = new Float64Array(0);
  product = new Float32Array(0);

  reserve(pixels: number, channels: number): void {
    if (this.squares.length !== channels ** 2) {
      this.hessian = new Float64Array((channels + 1) ** 2);
      this.squares = new Float64Array(channels ** 2);
      this.product = new Float32Array(channels ** 2);
    }
    if (this.change.length >= pixels) return;
    this.change = new Float32Array(pixels);
    this.pulls = new Float32Array(pixels);
    this.margins = new Float32Array(pixels);
    this.slopes = new Float32Array(pixels);
    this.counted = new Uint8Array(pixels);
    this.sample = new Int32Array(pixels);
  }
}

export class NewtonSvm {
  readonly #features: Pixels;
  readonly #buffers: NewtonBuffers;

  constructor(features: Pixels, buffers = new NewtonBuffers()) {
    this.#features = features;
    this.#buffers = buffers;
    buffers.reserve(features.pixels, features.channels);
  }

  /**
   * Minimises f for the `signs` y [N], from `plane`, whose scores over all pixels are `scores` [N]; plane and scores are updated.
   * Returns the number of steps.
   */
  async minimise(
    signs: Int8Array,
    plane: Hyperplane,
    scores: Float32Array,
    { penalty, tolerance, weights, curvature = {} }: NewtonOptions,
  ): Promise<number> {
    const { weight } = plane;
    const features = this.#features;
    const { pixels, channels: d } = features;
    const pulls = this.#buffers.pulls.subarray(0, pixels);
    const change = this.#buffers.change.subarray(0, pixels);
    const counted = this.#buffers.counted.subarray(0, pixels).fill(0);
    let before = Number.POSITIVE_INFINITY;
    let { factor } = curvature;
    let last: Direction | undefined;
    for (let iteration = 0; ; iteration++) {
      const { loss, pull, signedPull, active } = hinge(signs, scores, pulls, weights);
      const sums = await features.gradient(pulls);
      const gradient = gradientOf(weight, sums, signedPull, penalty);
      const squared = dot(gradient, gradient) - gradient[d] ** 2;
      const objective = 0.5 * dot(weight, weight) + penalty * loss;
      const balanced = Math.abs(signedPull) <= BIAS_TOLERANCE * pull;
      if ((0.5 * squared <= tolerance * objective && balanced) || iteration >= MAX_ITERATIONS) return iteration;

      const slow = squared > SLOW * before;
      before = squared;
      // A factor from elsewhere counts as taken here.
      if (factor !== undefined && iteration === 0) count(pulls, counted);
      const changed = changedSince(counted, pulls);
      if (factor === undefined || changed > (slow ? RENEWAL_SHARE_IF_SLOW : RENEWAL_SHARE) * active) {
        const hessian = await this.#hessian(pulls, active, penalty, weights);
        factor = await factorRoughly(hessian, d + 1, features.blas, factor);
        curvature.factor = factor;
        last = undefined;
      }
      const solved = gradient.slice();
      factor.solve(solved);
      const step = descent(gradient, solved, last);
      last = { gradient, solved, step };
      await features.scores(Float32Array.from(step.subarray(0, d)), Float32Array.of(step[d]), change);
      const t = this.#lineSearch(signs, scores, change, weight, step, penalty, weights);
      moveBy(plane, step, t);
      move(scores, change, t);
    }
  }

  /** H of the pixels with `pulls`, from a random share of them where they are many. */
  async #hessian(
    pulls: Float32Array,
    active: number,
    penalty: number,
    weights: Float32Array | undefined,
  ): Promise<Float64Array> {
    const rows = this.#chooseRows(pulls, active);
    const { hessian } = this.#buffers;
    const squares = rows.length > BLOCK_ROWS ? this.#buffers.squares : this.#buffers.product;
    if (weights === undefined) {
      const sums = await this.#features.rowSums(rows, new Float32Array(rows.length).fill(1), squares);
      return upperHessian(sums, rows.length, active, penalty, hessian);
    }
    const sums = await weightedSums(this.#features, rows, weights, squares);
    const mass = rows.reduce((sum, n) => sum + weights[n], 0);
    const each = rows.length === 0 ? 0 : mass / rows.length;
    return upperHessian(sums, mass, each * active, penalty, hessian);
  }

  /** Counts the active pixels, and picks those that H is taken from. */
  #chooseRows(pulls: Float32Array, active: number): Int32Array {
    const { counted, sample } = this.#buffers;
    count(pulls, counted);
    const least = Math.max(SAMPLE_ROWS, SAMPLE_ROWS_PER_CHANNEL * this.#features.channels);
    const share = Math.max(least / active, SAMPLE_SHARE);
    let chosen = 0;
    for (let n = 0; n < pulls.length; n++)
      if (pulls[n] !== 0 && (share >= 1 || hash(n) < share * 2 ** 32)) sample[chosen++] = n;
    return sample.subarray(0, chosen);
  }

  /** The t in [0, LONGEST_STEP] that minimises f along the step, by safeguarded Newton on its piecewise linear derivative. */
  #lineSearch(
    signs: Int8Array,
    scores: Float32Array,
    change: Float32Array,
    weight: Float64Array,
    step: Float64Array,
    penalty: number,
    weights: Float32Array | undefined,
  ): number {
    const { margins, slopes } = this.#buffers;
    let count = 0;
    for (let n = 0; n < scores.length; n++) {
      const sign = signs[n];
      const margin = 1 - sign * scores[n];
      const slope = -sign * change[n];
      if (margin > 0 || margin + LONGEST_STEP * slope > 0) {
        // The square of this is what counts.
        const root = weights === undefined ? 1 : Math.sqrt(weights[n]);
        margins[count] = root * margin;
        slopes[count++] = root * slope;
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

/** A step that was taken: the gradient it answers, that times H^-1, and the step itself; all [D+1], bias last. */
interface Direction {
  readonly gradient: Float64Array;
  readonly solved: Float64Array;
  readonly step: Float64Array;
}

/** The gradient of f, [D+1], from the sums of the pulls and of the pulled pixels. */
function gradientOf(weight: Float64Array, sums: Float64Array, signedPull: number, penalty: number): Float64Array {
  const d = weight.length;
  const gradient = new Float64Array(d + 1);
  for (let j = 0; j < d; j++) gradient[j] = weight[j] - 2 * penalty * sums[j];
  gradient[d] = -2 * penalty * signedPull;
  return gradient;
}

/** Newton's step, made conjugate to the last one under the same H. */
function descent(gradient: Float64Array, solved: Float64Array, last: Direction | undefined): Float64Array {
  const step = new Float64Array(solved.length);
  for (let j = 0; j < step.length; j++) step[j] = -solved[j];
  if (last === undefined) return step;
  const conjugate = (dot(gradient, solved) - dot(last.gradient, solved)) / dot(last.gradient, last.solved);
  if (conjugate > 0) for (let j = 0; j < step.length; j++) step[j] += conjugate * last.step[j];
  // Never uphill: where the active pixels changed much, the last direction is of no use.
  if (dot(step, gradient) >= 0) for (let j = 0; j < step.length; j++) step[j] = -solved[j];
  return step;
}

/** The sums over `rows` of w x x^T and of w x: those of the rows times the root of w, with that root as factor. */
function weightedSums(
  features: Pixels,
  rows: Int32Array,
  weights: Float32Array,
  squares: Float64Array | Float32Array,
): Promise<RowSums> {
  const { channels, blas } = features;
  const scaled = async (index: Int32Array, out?: Float32Array): Promise<Float32Array> =>
    scaleRows(await features.rows(index, out), pick(weights, index), channels);
  const roots = pick(weights, rows).map(Math.sqrt);
  return denseRowSums({ channels, blas, rows: scaled }, rows, roots, squares);
}

/** `rows` [M,D], each times the root of its weight, in place. */
function scaleRows(rows: Float32Array, weights: Float32Array, channels: number): Float32Array {
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 1) continue;
    const factor = Math.sqrt(weights[i]);
    for (let at = i * channels, end = at + channels; at < end; at++) rows[at] *= factor;
  }
  return rows;
}

/** Marks the pixels that have pulls. */
function count(pulls: Float32Array, counted: Uint8Array): void {
  for (let n = 0; n < pulls.length; n++) counted[n] = pulls[n] === 0 ? 0 : 1;
}

function moveBy(plane: Hyperplane, step: Float64Array, t: number): void {
  const { weight } = plane;
  for (let j = 0; j < weight.length; j++) weight[j] += t * step[j];
  plane.bias += t * step[weight.length];
}

/** A number from 0 to 2^32 - 1 that looks random, by Knuth's multiplicative method: 2^32 over the golden ratio. */
function hash(n: number): number {
  return Math.imul(n, 2654435761) >>> 0;
}
