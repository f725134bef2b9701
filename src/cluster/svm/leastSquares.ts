/** Where the one-vs-rest training of a start begins: one linear system for all classes. */

import { choleskySolve, factorPositive } from "../../numeric/cholesky.ts";
import { svmHessian } from "./hessian.ts";
import type { SvmProblem } from "./svmProblem.ts";
import type { SvmStart } from "./training.ts";

/**
 * Least squares counts pixels far beyond the margin, which draws the scores of a small class towards -1. Stretched by these numbers,
 * scores of -1 and 0 become -2 and 1: few pixels are active that need not be, and Newton starts with cheap steps.
 */
const STRETCH = 3;
const SHIFT = 1;

/** The start of all classes at once: the least-squares classifiers (a Newton step from w = 0, b = 0, every pixel active), stretched. */
export async function leastSquares(
  { features, penalty }: SvmProblem,
  labels: Uint16Array,
  k: number,
): Promise<SvmStart[]> {
  const { pixels, channels: d } = features;
  const index = Int32Array.from({ length: pixels }, (_, n) => n);
  const { members, sizes } = memberships(labels, k);
  const { squares, sums } = await features.rowSums(index, members);
  const total = new Float64Array(d);
  for (let j = 0; j < sums.length; j++) total[j % d] += sums[j];
  const factor = factorPositive(svmHessian({ squares, sums: total }, pixels, pixels, penalty), d + 1);
  return Array.from({ length: k }, (_, own) => {
    // 2c sum_n y_n x~_n, y = 2 in the class less 1 everywhere.
    const target = new Float64Array(d + 1);
    for (let j = 0; j < d; j++) target[j] = 2 * penalty * (2 * sums[own * d + j] - total[j]);
    target[d] = 2 * penalty * (2 * sizes[own] - pixels);
    choleskySolve(factor, d + 1, target);
    const weight = target.slice(0, d).map((w) => Math.fround(STRETCH * w));
    return { plane: { weight, bias: Math.fround(STRETCH * target[d] + SHIFT) }, rough: true };
  });
}

/** 1 where a pixel is of the class, else 0, [K,N]; and the pixels of each class. */
function memberships(labels: Uint16Array, k: number): { members: Float32Array; sizes: Float64Array } {
  const n = labels.length;
  const members = new Float32Array(k * n);
  const sizes = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    members[labels[i] * n + i] = 1;
    sizes[labels[i]]++;
  }
  return { members, sizes };
}
