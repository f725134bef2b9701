/**
 * Where the SVM of a merged cluster begins: the best combination of the two old hyperplanes. Merging changes the labels of two clusters
 * only, so the new classifier is near the span of theirs.
 */

import { choleskySolve, factorPositive } from "../../numeric/cholesky.ts";
import { dot } from "../../numeric/matrices.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pick } from "./hinge.ts";
import type { Hyperplane } from "./newtonSvm.ts";

/** A trained classifier as it is kept: rounded to float32. */
export interface Classifier {
  readonly weight: Float32Array;
  readonly bias: number;
}

/** The best combination of p and q over `features`, of which `signs` holds the y of the merged cluster; and its scores. */
export async function warmStart(
  features: Pixels,
  signs: Int8Array,
  p: Classifier,
  q: Classifier,
  penalty: number,
): Promise<{ readonly plane: Hyperplane; readonly scores: Float32Array }> {
  const { pixels, channels } = features;
  const weight = new Float32Array(2 * channels);
  weight.set(p.weight);
  weight.set(q.weight, channels);
  const both = await features.scores(weight, Float32Array.of(p.bias, q.bias));
  const scores = both.subarray(0, pixels);
  const scoresQ = both.subarray(pixels);
  const at = eitherActive(scores, scoresQ, signs);
  const theta = combine({
    scoresP: pick(scores, at),
    scoresQ: pick(scoresQ, at),
    signs: pick(signs, at),
    products: [dot(p.weight, p.weight), dot(p.weight, q.weight), dot(q.weight, q.weight)],
    penalty,
  });
  blend(scores, scoresQ, theta);
  const plane = {
    weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
    bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
  };
  return { plane, scores };
}

/** Pixels that may be active. Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search. */
function eitherActive(scoresP: Float32Array, scoresQ: Float32Array, signs: Int8Array): Int32Array {
  const found = new Int32Array(signs.length);
  let count = 0;
  for (let n = 0; n < signs.length; n++) if (scoresP[n] > -1 || scoresQ[n] > -1 || signs[n] > 0) found[count++] = n;
  return found.subarray(0, count);
}

/** The scores of the combination, in place of p's. */
function blend(scoresP: Float32Array, scoresQ: Float32Array, { p, q, constant }: Combination): void {
  for (let n = 0; n < scoresP.length; n++) scoresP[n] = p * scoresP[n] + q * scoresQ[n] + constant;
}

/** theta_p w_p + theta_q w_q with bias theta_p b_p + theta_q b_q + constant. */
interface Combination {
  readonly p: number;
  readonly q: number;
  readonly constant: number;
}

interface CombinationProblem {
  /** Scores s_p and s_q of M pixels, and their signs y. */
  readonly scoresP: Float32Array;
  readonly scoresQ: Float32Array;
  readonly signs: Int8Array;
  /** |w_p|^2, w_p.w_q, |w_q|^2. */
  readonly products: readonly [number, number, number];
  /** C/N. */
  readonly penalty: number;
}

const MAX_ITERATIONS = 12;
const ENOUGH = 1e-6;
const MAX_HALVINGS = 20;

/**
 * The minimum of the merged cluster's objective (Eq. 3) over the three numbers of a `Combination`, whose
 * features are (s_p, s_q, 1). Newton with halving; from s_p + s_q + 1, which is right where the two were exactly opposite.
 */
function combine({ scoresP, scoresQ, signs, products, penalty }: CombinationProblem): Combination {
  const [pp, pq, qq] = products;
  let theta = [1, 1, 1];
  const objective = ([a, b, c]: number[]): number => {
    let loss = 0;
    for (let i = 0; i < signs.length; i++) {
      const margin = 1 - signs[i] * (a * scoresP[i] + b * scoresQ[i] + c);
      if (margin > 0) loss += margin * margin;
    }
    return 0.5 * (a * a * pp + 2 * a * b * pq + b * b * qq) + penalty * loss;
  };
  let value = objective(theta);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const [a, b, c] = theta;
    const g = [0, 0, 0];
    const h = new Float64Array(9);
    for (let i = 0; i < signs.length; i++) {
      const p = scoresP[i];
      const q = scoresQ[i];
      const margin = 1 - signs[i] * (a * p + b * q + c);
      if (!(margin > 0)) continue;
      const pull = margin * signs[i];
      g[0] += pull * p;
      g[1] += pull * q;
      g[2] += pull;
      h[0] += p * p;
      h[3] += p * q;
      h[4] += q * q;
      h[6] += p;
      h[7] += q;
      h[8] += 1;
    }
    for (let j = 0; j < 9; j++) h[j] *= 2 * penalty;
    h[0] += pp;
    h[3] += pq;
    h[4] += qq;
    const gradient = [a * pp + b * pq - 2 * penalty * g[0], a * pq + b * qq - 2 * penalty * g[1], -2 * penalty * g[2]];
    // Two clusters may have parallel hyperplanes, and no pixel may be active: keep the 3 x 3 system regular.
    const ridge = 1e-9 * (h[0] + h[4] + h[8]) + Number.MIN_VALUE;
    for (const j of [0, 4, 8]) h[j] += ridge;
    const step = Float64Array.from(gradient, (x) => -x);
    if (!(h[0] > 0 && h[4] > 0 && h[8] > 0)) break;
    choleskySolve(factorPositive(h, 3), 3, step);
    const decrease = -(gradient[0] * step[0] + gradient[1] * step[1] + gradient[2] * step[2]);
    if (!(decrease > ENOUGH * value)) break;
    let t = 1;
    let next = theta;
    let nextValue = Number.POSITIVE_INFINITY;
    for (let halving = 0; halving < MAX_HALVINGS && !(nextValue <= value); halving++, t /= 2) {
      next = theta.map((x, j) => x + t * step[j]);
      nextValue = objective(next);
    }
    if (!(nextValue <= value)) break;
    theta = next;
    value = nextValue;
  }
  return { p: theta[0], q: theta[1], constant: theta[2] };
}
