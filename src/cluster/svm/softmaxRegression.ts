/**
 * The linear semantic extractor of supervised work (LSE): one linear layer over the channels of each pixel, trained with
 * cross-entropy, which is multinomial logistic regression:
 *
 *     minimise  f(W,b) = 1/N sum_x -log softmax_y(x)(W x + b) + decay/2 sum_k |s w_k|^2,
 *
 * s the channels' standard deviations, so that the penalty does not depend on their scale; the bias is not penalised. f is
 * convex: L-BFGS finds its minimum, where stochastic descent comes near it. Between updates the curvature is taken to be that of the
 * channels' covariance.
 */

import { choleskySolve, factorPositive } from "../../numeric/cholesky.ts";
import { Descent, type DescentOptions } from "../../numeric/lbfgs.ts";
import { dot } from "../../numeric/matrices.ts";
import { checkLabels } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pixelRanges } from "../../pixels/ranges.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { randomSubset } from "../../tensor/random.ts";

/** The classes, the weight decay, and when training ends. */
export interface SoftmaxRegressionOptions extends JobOptions {
  /** Class of each pixel, integers in [0, nClasses). */
  readonly labels: ArrayLike<number>;
  readonly nClasses: number;
  /** The label of pixels that count for nothing. Default: none is. */
  readonly ignore?: number;
  /** Default 1e-4. 0 has no minimum where the classes can be told apart without an error. */
  readonly decay?: number;
  /** Largest element of the gradient, in units of standardised channels, at which it ends. Default 1e-4. */
  readonly tolerance?: number;
  /** Default 200. */
  readonly maxIterations?: number;
}

/** A linear layer that was trained with cross-entropy. */
export interface SoftmaxRegression extends LinearClassifier {
  /** f at the end, and the largest element of its gradient. */
  readonly objective: number;
  readonly gradient: number;
  readonly iterations: number;
}

/** Updates that L-BFGS remembers. */
const MEMORY = 12;
/** Pixels from which means, deviations and covariances of the channels are taken. */
const SAMPLE = 8192;
/** Mean of p (1 - p) that the first curvature assumes. */
const CURVATURE = 0.05;
/** Deviation over mean. */
const CONSTANT = 1e-7;
const MOST_HALVINGS = 30;

/** Trains the classifier. Deterministic. Throws RangeError for labels that do not fit the features or `nClasses`. */
export async function softmaxRegression(
  features: Pixels,
  options: SoftmaxRegressionOptions,
): Promise<SoftmaxRegression> {
  const { nClasses: k, decay = 1e-4, tolerance = 1e-4, maxIterations = 200, ignore, onProgress, signal } = options;
  // Among themselves, what is ignored is the class after the last.
  const given = ignore === undefined ? options.labels : Array.from(options.labels, (l) => (l === ignore ? k : l));
  const labels = checkLabels("softmaxRegression", given, features.pixels, ignore === undefined ? k : k + 1);
  if (!(decay >= 0)) throw new RangeError(`softmaxRegression: decay must be at least 0, got ${decay}`);
  const standard = await standardise(features);
  const problem = new Problem(features, labels, k, decay, standard);
  const curvature = inverseCurvature(standard, k, decay);
  // Unknowns: per class the weights of standardised channels, then the bias.
  const descent = new Descent(new Float64Array(k * (features.channels + 1)), { inverse: curvature, memory: MEMORY });
  let iterations = -1;
  for (let halvings = 0; halvings <= MOST_HALVINGS; ) {
    const found = await problem.evaluate(descent.trial);
    if (!descent.advance(found.value, found.gradient)) {
      halvings++;
      continue;
    }
    halvings = 0;
    if (++iterations > 0) onProgress?.({ phase: "train a linear layer", done: iterations, total: maxIterations });
    signal?.throwIfAborted();
    if (iterations === maxIterations || largest(found.gradient) <= tolerance) break;
  }
  if (descent.best === undefined) throw new Error("softmaxRegression: nothing was evaluated");
  const { point, value, gradient } = descent.best;
  return {
    k,
    channels: features.channels,
    ...problem.plain(point),
    objective: value,
    gradient: largest(gradient),
    iterations,
  };
}

interface Standard {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Of standardised channels, [D,D]. */
  readonly correlation: Float64Array;
}

async function standardise(features: Pixels): Promise<Standard> {
  const { pixels, channels: d } = features;
  const index = randomSubset(0, pixels, SAMPLE);
  const rows = await features.rows(index);
  const mean = new Float64Array(d);
  const deviation = new Float64Array(d);
  for (let i = 0; i < rows.length; i++) mean[i % d] += rows[i] / index.length;
  for (let i = 0; i < rows.length; i++) deviation[i % d] += (rows[i] - mean[i % d]) ** 2 / index.length;
  for (let j = 0; j < d; j++) {
    const found = Math.sqrt(deviation[j]);
    // A channel that is constant to float32's precision says nothing; any scale serves.
    deviation[j] = found > CONSTANT * Math.abs(mean[j]) ? found : 1;
  }
  const correlation = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < index.length; i++) {
    for (let j = 0; j < d; j++) row[j] = (rows[i * d + j] - mean[j]) / deviation[j];
    for (let a = 0; a < d; a++) {
      const factor = row[a] / index.length;
      for (let b = 0; b <= a; b++) correlation[a * d + b] += factor * row[b];
    }
  }
  return { mean, deviation, correlation };
}

/** The inverse of CURVATURE correlation + decay, class by class; scaled so that the last step would have been of the right length. */
function inverseCurvature({ mean, correlation }: Standard, k: number, decay: number): DescentOptions["inverse"] {
  const d = mean.length;
  const matrix = correlation.map((value) => CURVATURE * value);
  for (let j = 0; j < d; j++) matrix[j * d + j] += decay + 1e-3 * CURVATURE;
  const factor = factorPositive(matrix, d);
  const inverse = (vector: Float64Array): Float64Array => {
    for (let c = 0; c < k; c++) {
      choleskySolve(factor, d, vector.subarray(c * (d + 1), c * (d + 1) + d));
      vector[c * (d + 1) + d] /= CURVATURE;
    }
    return vector;
  };
  return (vector, last) => {
    const result = inverse(vector);
    if (last === undefined) return result;
    const scale = dot(last.s, last.y) / dot(last.y, inverse(last.y.slice()));
    return result.map((x) => scale * x);
  };
}

class Problem {
  readonly #features: Pixels;
  readonly #labels: Uint16Array;
  readonly #k: number;
  readonly #decay: number;
  readonly #standard: Standard;
  readonly #counted: number;

  constructor(features: Pixels, labels: Uint16Array, k: number, decay: number, standard: Standard) {
    this.#features = features;
    this.#labels = labels;
    this.#k = k;
    this.#decay = decay;
    this.#standard = standard;
    this.#counted = labels.reduce((sum, label) => sum + Number(label < k), 0);
    if (this.#counted === 0) throw new RangeError("softmaxRegression: no pixel has a class to learn");
  }

  /** The classifier over plain channels. */
  plain(x: Float64Array): { weight: Float32Array; bias: Float32Array } {
    const { mean, deviation } = this.#standard;
    const d = mean.length;
    const weight = new Float32Array(this.#k * d);
    const bias = new Float32Array(this.#k);
    for (let c = 0; c < this.#k; c++) {
      let offset = x[c * (d + 1) + d];
      for (let j = 0; j < d; j++) {
        const w = x[c * (d + 1) + j] / deviation[j];
        weight[c * d + j] = w;
        offset -= w * mean[j];
      }
      bias[c] = offset;
    }
    return { weight, bias };
  }

  /** f and its gradient. */
  async evaluate(x: Float64Array): Promise<{ value: number; gradient: Float64Array }> {
    const k = this.#k;
    const features = this.#features;
    const { mean, deviation } = this.#standard;
    const d = mean.length;
    const { weight, bias } = this.plain(x);
    const pull = new Float64Array(k * d);
    const biasPull = new Float64Array(k);
    let value = 0;
    const ranges = pixelRanges(features);
    const buffer = new Float32Array(k * ranges[0].end);
    for (const range of ranges) {
      const n = range.end - range.start;
      const scores = await features.scores(weight, bias, buffer.subarray(0, k * n), range);
      value += residuals(scores, this.#labels.subarray(range.start, range.end), k, biasPull);
      const part = await features.gradient(scores, range);
      for (let j = 0; j < pull.length; j++) pull[j] += part[j];
    }
    const share = 1 / this.#counted;
    const gradient = new Float64Array(x.length);
    value *= share;
    for (let c = 0; c < k; c++) {
      const at = c * (d + 1);
      for (let j = 0; j < d; j++) {
        const v = x[at + j];
        value += 0.5 * this.#decay * v * v;
        gradient[at + j] = (share * (pull[c * d + j] - mean[j] * biasPull[c])) / deviation[j] + this.#decay * v;
      }
      gradient[at + d] = share * biasPull[c];
    }
    return { value, gradient };
  }
}

/** Replaces `scores` [K,n] by softmax minus the label's one-hot vector, zeros for label K; adds its sums to `totals`, and returns the cross-entropy. */
function residuals(scores: Float32Array, labels: Uint16Array, k: number, totals: Float64Array): number {
  const n = labels.length;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    if (labels[i] === k) {
      for (let c = 0; c < k; c++) scores[c * n + i] = 0;
      continue;
    }
    let top = scores[i];
    for (let c = 1; c < k; c++) if (scores[c * n + i] > top) top = scores[c * n + i];
    let sum = 0;
    for (let c = 0; c < k; c++) sum += Math.exp(scores[c * n + i] - top);
    loss += Math.log(sum) + top - scores[labels[i] * n + i];
    for (let c = 0; c < k; c++) {
      const residual = Math.exp(scores[c * n + i] - top) / sum - (labels[i] === c ? 1 : 0);
      scores[c * n + i] = residual;
      totals[c] += residual;
    }
  }
  return loss;
}

const largest = (values: Float64Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
