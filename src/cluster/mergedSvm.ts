import type { Hyperplane } from "./newtonSvm.ts";
import type { SparseMap } from "./svmPass.ts";
import { labelsOf, NEAR, SAMPLE_TOLERANCE, type SvmProblem, signsOf } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";
import { combine } from "./warmStart.ts";

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
    const features = this.#problem.alone;
    const scores = this.#scores;
    const { index, problem } = this.#problem.sample() ?? { index: undefined, problem: this.#problem };
    const startLabels = index === undefined ? labels : labelsOf(labels, index);
    const start = await combined(problem, startLabels, own, p, q);
    const { plane } = start;
    if (index === undefined) scores.set(start.scores);
    else {
      await problem.solve(startLabels, own, plane, nearPixels(startLabels, own, start.scores), SAMPLE_TOLERANCE);
      await features.scores(Float32Array.from(plane.weight), Float32Array.of(plane.bias), scores);
    }
    for (let round = 1; ; round++) {
      await this.#problem.solve(labels, own, plane, nearPixels(labels, own, scores));
      const weight = Float32Array.from(plane.weight);
      await features.scores(weight, Float32Array.of(plane.bias), scores);
      const { objective, gap, certified } = await this.#certify(scores, labels, own, plane);
      if (certified || round === MAX_ROUNDS) return { weight, bias: plane.bias, objective, gap, scores };
    }
  }

  async #certify(scores: Float32Array, labels: Uint16Array, own: number, plane: Hyperplane) {
    const pulls = this.#pulls;
    let loss = 0;
    let pull = 0;
    let signedPull = 0;
    for (let n = 0; n < scores.length; n++) {
      const sign = labels[n] === own ? 1 : -1;
      const margin = Math.max(0, 1 - sign * scores[n]);
      loss += margin * margin;
      pull += margin;
      signedPull += sign * margin;
      pulls[n] = sign * margin;
    }
    const pullGradient = await this.#problem.alone.gradient(pulls);
    return this.#problem.certify(plane.weight, { loss, pull, signedPull, pullGradient });
  }
}

/** The best combination of two hyperplanes for class `own`, and its scores. */
async function combined(
  { alone: features, penalty }: SvmProblem,
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
  // Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search.
  const found = new Int32Array(pixels);
  let count = 0;
  for (let n = 0; n < pixels; n++) if (scoresP[n] > -1 || scoresQ[n] > -1 || labels[n] === own) found[count++] = n;
  const index = found.subarray(0, count);
  const theta = combine({
    scoresP: pick(scoresP, index),
    scoresQ: pick(scoresQ, index),
    signs: signsOf(labels, index, own),
    products: [dot(p.weight, p.weight), dot(p.weight, q.weight), dot(q.weight, q.weight)],
    penalty,
  });
  const scores = scoresP;
  for (let n = 0; n < pixels; n++) scores[n] = theta.p * scoresP[n] + theta.q * scoresQ[n] + theta.constant;
  const plane = {
    weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
    bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
  };
  return { plane, scores };
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
