import type { Hyperplane } from "./newtonSvm.ts";
import { addTransposed, dot } from "./products.ts";
import { type SvmProblem, signsOf } from "./svmProblem.ts";
import { combine } from "./warmStart.ts";
import { WorkingSet } from "./workingSet.ts";

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

/** Pixels whose margin exceeds these numbers are solved on: under the warm start, and in later rounds. */
const FIRST_MARGIN = -0.1;
const LATER_MARGIN = -0.02;
const MAX_ROUNDS = 10;

/**
 * Trains the one SVM that a merge changes: cluster `own` against the rest, where `own` has just absorbed another cluster.
 * Starts from the best combination of the two old hyperplanes, solves on the pixels near its margin, and lets a pass over all
 * pixels certify the gap or name the pixels that were missed.
 */
export class MergedSvmTrainer {
  readonly #problem: SvmProblem;
  readonly #set: WorkingSet;
  readonly #scores: Float32Array;
  readonly #inSet: Uint8Array;
  /** Room for a list of pixels. */
  readonly #found: Int32Array;

  constructor(problem: SvmProblem) {
    const { features } = problem;
    this.#problem = problem;
    this.#set = new WorkingSet(features);
    this.#scores = new Float32Array(2 * features.pixels);
    this.#inSet = new Uint8Array(features.pixels);
    this.#found = new Int32Array(features.pixels);
  }

  /** `labels` are those after the merge; `p` and `q` the two classifiers before it. */
  async train(labels: Uint16Array, own: number, p: Classifier, q: Classifier): Promise<MergedSvm> {
    const { features } = this.#problem;
    const scores = this.#scores.subarray(0, features.pixels);
    const plane = await this.#warmStart(labels, own, p, q);
    this.#set.clear();
    this.#inSet.fill(0);
    this.#extend(scores, labels, own, FIRST_MARGIN);
    for (let round = 1; ; round++) {
      await this.#problem.solve(this.#set, labels, own, plane);
      const weight = Float32Array.from(plane.weight);
      await features.scores(weight, Float32Array.of(plane.bias), scores);
      this.#extend(scores, labels, own, LATER_MARGIN);
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

  /** Adds the pixels that the working set lacks and whose margin exceeds `least`. */
  #extend(scores: Float32Array, labels: Uint16Array, own: number, least: number): void {
    const inSet = this.#inSet;
    let found = 0;
    for (let n = 0; n < scores.length; n++) {
      const margin = labels[n] === own ? 1 - scores[n] : 1 + scores[n];
      if (margin > least && inSet[n] === 0) {
        inSet[n] = 1;
        this.#found[found++] = n;
      }
    }
    this.#set.append(this.#found.subarray(0, found));
  }

  /** The certificate over all pixels, from a working set that holds every active one. */
  async #certify(scores: Float32Array, labels: Uint16Array, own: number, plane: Hyperplane) {
    const { index, rows, count } = this.#set;
    const { channels, blas } = this.#problem.features;
    const pulls = new Float32Array(count);
    let loss = 0;
    let pull = 0;
    let signedPull = 0;
    for (let i = 0; i < count; i++) {
      const n = index[i];
      const sign = labels[n] === own ? 1 : -1;
      const margin = 1 - sign * scores[n];
      if (!(margin > 0)) continue;
      loss += margin * margin;
      pull += margin;
      signedPull += sign * margin;
      pulls[i] = sign * margin;
    }
    const pullGradient = new Float64Array(channels);
    await addTransposed(blas, rows, pulls, pullGradient);
    return this.#problem.certify(plane.weight, { loss, pull, signedPull, pullGradient });
  }
}

function pick(values: Float32Array, index: Int32Array): Float32Array {
  const result = new Float32Array(index.length);
  for (let i = 0; i < index.length; i++) result[i] = values[index[i]];
  return result;
}
