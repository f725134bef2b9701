import { dot } from "../../numeric/symmetric.ts";
import type { SparseMap } from "../../pixels/pixels.ts";
import { hinge } from "./hinge.ts";
import type { Curvature, Hyperplane } from "./newtonSvm.ts";
import { INNER_SHARE, labelsOf, NEAR, SAMPLE_TOLERANCE, type SvmProblem, signsOf, signsOfAll } from "./svmProblem.ts";
import { type Combination, combine } from "./warmStart.ts";

/** A trained classifier as it is kept: rounded to float32. */
export interface Classifier {
  readonly weight: Float32Array;
  readonly bias: number;
}

export interface MergedSvm extends Classifier {
  readonly objective: number;
  readonly gap: number;
  /** Scores of all pixels; valid until the next training. */
  readonly scores: Float32Array;
}

const MAX_ROUNDS = 10;

/**
 * Trains the one SVM that a merge changes: cluster `own` against the rest, where `own` has just absorbed another cluster.
 * Starts from the best combination of the two old hyperplanes, on a sample where pixels are many, and certifies the result by its
 * gradient over all pixels.
 */
export class MergedSvmTrainer {
  readonly #problem: SvmProblem;
  readonly #scores: Float32Array;
  readonly #pulls: Float32Array;

  constructor(problem: SvmProblem) {
    const { pixels } = problem.features;
    this.#problem = problem;
    this.#scores = new Float32Array(pixels);
    this.#pulls = new Float32Array(pixels);
  }

  /** `labels` are those after the merge; `p` and `q` the two classifiers before it. */
  async train(labels: Uint16Array, own: number, p: Classifier, q: Classifier): Promise<MergedSvm> {
    const whole = this.#problem;
    const scores = this.#scores;
    const sample = whole.sample();
    if (sample === undefined) {
      const start = await combined(whole, labels, own, p, q);
      scores.set(start.scores);
      return this.#solve(whole, labels, own, start.plane, scores, whole.tolerance, {});
    }
    const some = labelsOf(labels, sample.index);
    const { plane, scores: few } = await combined(sample.problem, some, own, p, q);
    const curvature: Curvature = {};
    await this.#solve(sample.problem, some, own, plane, few, SAMPLE_TOLERANCE, curvature);
    await whole.features.scores(Float32Array.from(plane.weight), Float32Array.of(plane.bias), scores);
    return this.#solve(whole, labels, own, plane, scores, whole.tolerance, curvature);
  }

  /** Solves from `plane`, of which `scores` are the scores, to a certified gap; both are updated. */
  async #solve(
    problem: SvmProblem,
    labels: Uint16Array,
    own: number,
    plane: Hyperplane,
    scores: Float32Array,
    tolerance: number,
    curvature: Curvature,
  ): Promise<MergedSvm> {
    for (let round = 1; ; round++) {
      await problem.solve(labels, own, plane, nearPixels(labels, own, scores), tolerance * INNER_SHARE, curvature);
      const weight = Float32Array.from(plane.weight);
      await problem.features.scores(weight, Float32Array.of(plane.bias), scores);
      const { objective, gap, certified } = await this.#certify(problem, scores, labels, own, plane, tolerance);
      if (certified || round === MAX_ROUNDS) return { weight, bias: plane.bias, objective, gap, scores };
    }
  }

  async #certify(
    problem: SvmProblem,
    scores: Float32Array,
    labels: Uint16Array,
    own: number,
    plane: Hyperplane,
    tolerance: number,
  ) {
    const pulls = this.#pulls.subarray(0, scores.length);
    const sums = hinge(signsOfAll(labels, own), scores, pulls);
    const pullGradient = await problem.features.gradient(pulls);
    return problem.certify(plane.weight, { ...sums, pullGradient }, tolerance);
  }
}

/** The best combination of two hyperplanes for class `own`, and its scores. */
async function combined(
  { features, penalty }: SvmProblem,
  labels: Uint16Array,
  own: number,
  p: Classifier,
  q: Classifier,
): Promise<{ readonly plane: Hyperplane; readonly scores: Float32Array }> {
  const { pixels, channels } = features;
  const weight = new Float32Array(2 * channels);
  weight.set(p.weight);
  weight.set(q.weight, channels);
  const both = await features.scores(weight, Float32Array.of(p.bias, q.bias));
  const scoresP = both.subarray(0, pixels);
  const scoresQ = both.subarray(pixels);
  const index = eitherActive(scoresP, scoresQ, labels, own);
  const theta = combine({
    scoresP: pick(scoresP, index),
    scoresQ: pick(scoresQ, index),
    signs: signsOf(labels, index, own),
    products: [dot(p.weight, p.weight), dot(p.weight, q.weight), dot(q.weight, q.weight)],
    penalty,
  });
  const scores = scoresP;
  blend(scores, scoresQ, theta);
  const plane = {
    weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
    bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
  };
  return { plane, scores };
}

/** Pixels that may be active. Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search. */
function eitherActive(scoresP: Float32Array, scoresQ: Float32Array, labels: Uint16Array, own: number): Int32Array {
  const found = new Int32Array(labels.length);
  let count = 0;
  for (let n = 0; n < labels.length; n++)
    if (scoresP[n] > -1 || scoresQ[n] > -1 || labels[n] === own) found[count++] = n;
  return found.subarray(0, count);
}

/** The scores of the combination, in place of p's. */
function blend(scoresP: Float32Array, scoresQ: Float32Array, { p, q, constant }: Combination): void {
  for (let n = 0; n < scoresP.length; n++) scoresP[n] = p * scoresP[n] + q * scoresQ[n] + constant;
}

/** The working set of class `own`: pixels near the margin or inside, and their scores. */
function nearPixels(labels: Uint16Array, own: number, scores: Float32Array): SparseMap {
  const found = new Int32Array(scores.length);
  let count = 0;
  for (let n = 0; n < scores.length; n++)
    if (labels[n] === own ? scores[n] < 1 + NEAR : scores[n] > -1 - NEAR) found[count++] = n;
  const index = found.subarray(0, count);
  return { index, value: pick(scores, index) };
}

function pick(values: Float32Array, index: Int32Array): Float32Array {
  const result = new Float32Array(index.length);
  for (let i = 0; i < index.length; i++) result[i] = values[index[i]];
  return result;
}
