import type { Hyperplane } from "./newtonSvm.ts";
import { type SvmProblem, signsOf } from "./svmProblem.ts";
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
 * Starts from the best combination of the two old hyperplanes, and certifies the result by its gradient over all pixels.
 */
export class MergedSvmTrainer {
  readonly #problem: SvmProblem;
  readonly #scores: Float32Array;
  /** Room for a list of pixels. */
  readonly #found: Int32Array;

  constructor(problem: SvmProblem) {
    const { pixels } = problem.features;
    this.#problem = problem;
    this.#scores = new Float32Array(2 * pixels);
    this.#found = new Int32Array(pixels);
  }

  /** `labels` are those after the merge; `p` and `q` the two classifiers before it. */
  async train(labels: Uint16Array, own: number, p: Classifier, q: Classifier): Promise<MergedSvm> {
    const { features } = this.#problem;
    const plane = await this.#warmStart(labels, own, p, q);
    const scores = this.#scores.subarray(0, features.pixels);
    for (let round = 1; ; round++) {
      await this.#problem.solve(labels, own, plane, scores);
      const weight = Float32Array.from(plane.weight);
      await features.scores(weight, Float32Array.of(plane.bias), scores);
      const { objective, gap, certified } = await this.#certify(scores, labels, own, plane);
      if (certified || round === MAX_ROUNDS) return { weight, bias: plane.bias, objective, gap, scores };
    }
  }

  /** Leaves the combined hyperplane's scores in the first half of the score buffer. */
  async #warmStart(labels: Uint16Array, own: number, p: Classifier, q: Classifier): Promise<Hyperplane> {
    const { features, penalty } = this.#problem;
    const { pixels, channels } = features;
    const weight = new Float32Array(2 * channels);
    weight.set(p.weight);
    weight.set(q.weight, channels);
    const both = await features.scores(weight, Float32Array.of(p.bias, q.bias), this.#scores);
    const scoresP = both.subarray(0, pixels);
    const scoresQ = both.subarray(pixels);
    // Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search.
    let found = 0;
    for (let n = 0; n < pixels; n++)
      if (scoresP[n] > -1 || scoresQ[n] > -1 || labels[n] === own) this.#found[found++] = n;
    const index = this.#found.subarray(0, found);
    const theta = combine({
      scoresP: pick(scoresP, index),
      scoresQ: pick(scoresQ, index),
      signs: signsOf(labels, index, own),
      products: [dot(p.weight, p.weight), dot(p.weight, q.weight), dot(q.weight, q.weight)],
      penalty,
    });
    for (let n = 0; n < pixels; n++) scoresP[n] = theta.p * scoresP[n] + theta.q * scoresQ[n] + theta.constant;
    return {
      weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
      bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
    };
  }

  async #certify(scores: Float32Array, labels: Uint16Array, own: number, plane: Hyperplane) {
    // The second half of the score buffer is free after the warm start.
    const pulls = this.#scores.subarray(scores.length);
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
    const pullGradient = await this.#problem.features.gradient(pulls);
    return this.#problem.certify(plane.weight, { loss, pull, signedPull, pullGradient });
  }
}

function pick(values: Float32Array, index: Int32Array): Float32Array {
  const result = new Float32Array(index.length);
  for (let i = 0; i < index.length; i++) result[i] = values[index[i]];
  return result;
}
