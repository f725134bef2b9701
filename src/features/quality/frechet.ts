import type { Blas } from "../../numeric/blas.ts";
import { symmetricEigenvalues } from "../../numeric/symmetricEigen.ts";
import type { Points } from "./neighbours.ts";

/** Mean and unbiased covariance of points: the Gaussian that stands for them. */
export interface Gaussian {
  /** [d] */
  readonly mean: Float64Array;
  /** [d,d] */
  readonly covariance: Float64Array;
}

/** Points whose products are summed in float32 before they are added up in float64. */
const BLOCK = 512;

/** The Gaussian of at least two points. */
export async function gaussianOf({ data, dimensions: d }: Points, blas: Blas): Promise<Gaussian> {
  const n = data.length / d;
  if (n < 2) throw new RangeError(`gaussianOf: a covariance needs two points, there are ${n}`);
  const mean = new Float64Array(d);
  for (let at = 0; at < data.length; at++) mean[at % d] += data[at] / n;
  const covariance = new Float64Array(d * d);
  for (let start = 0; start < n; start += BLOCK) {
    const rows = Math.min(BLOCK, n - start);
    // Centred first, so that a mean far from zero costs no digits.
    const centred = data.slice(start * d, (start + rows) * d).map((v, at) => v - mean[at % d]);
    const product = await blas.gemm({ a: centred, b: centred, m: d, n: d, k: rows, transposeA: true });
    for (let at = 0; at < covariance.length; at++) covariance[at] += product[at] / (n - 1);
  }
  return { mean, covariance };
}

/**
 * Fréchet distance of two Gaussians (Dowson and Landau, 1982; Heusel et al., 2017, on features of Inception: FID):
 * |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). With C1 = L L^T the eigenvalues of C1 C2 are those of the symmetric L^T C2 L.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const d = a.mean.length;
  if (b.mean.length !== d) throw new RangeError(`frechetDistance: ${d} dimensions against ${b.mean.length}`);
  let distance = 0;
  for (let i = 0; i < d; i++)
    distance += (a.mean[i] - b.mean[i]) ** 2 + a.covariance[i * d + i] + b.covariance[i * d + i];
  const lower = semidefiniteFactor(a.covariance, d);
  const eigenvalues = symmetricEigenvalues(congruent(lower, b.covariance, d), d);
  for (const value of eigenvalues) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance);
}

/**
 * L, lower triangular, with L L^T = matrix for a positive semidefinite one: a column whose pivot is nothing but rounding
 * is zero. Covariances of fewer points than dimensions have many such.
 */
function semidefiniteFactor(matrix: Float64Array, d: number): Float64Array {
  const lower = new Float64Array(d * d);
  let largest = 0;
  for (let i = 0; i < d; i++) largest = Math.max(largest, matrix[i * d + i]);
  const least = largest * d * 1e-10;
  for (let j = 0; j < d; j++) {
    const rowJ = lower.subarray(j * d, j * d + j);
    let pivot = matrix[j * d + j];
    for (let l = 0; l < j; l++) pivot -= rowJ[l] * rowJ[l];
    if (pivot <= least) continue;
    const root = Math.sqrt(pivot);
    lower[j * d + j] = root;
    for (let i = j + 1; i < d; i++) {
      const rowI = lower.subarray(i * d, i * d + j);
      let sum = matrix[i * d + j];
      for (let l = 0; l < j; l++) sum -= rowI[l] * rowJ[l];
      lower[i * d + j] = sum / root;
    }
  }
  return lower;
}

/** L^T M L for a lower triangular L, exactly symmetric. */
function congruent(lower: Float64Array, matrix: Float64Array, d: number): Float64Array {
  const right = new Float64Array(d * d); // M L
  for (let i = 0; i < d; i++) {
    const out = right.subarray(i * d, (i + 1) * d);
    for (let l = 0; l < d; l++) {
      const factor = matrix[i * d + l];
      const row = l * d;
      for (let j = 0; j <= l; j++) out[j] += factor * lower[row + j];
    }
  }
  const result = new Float64Array(d * d); // its lower triangle first
  for (let l = 0; l < d; l++) {
    const row = l * d;
    for (let i = 0; i <= l; i++) {
      const factor = lower[row + i];
      if (factor === 0) continue;
      const out = i * d;
      for (let j = 0; j <= i; j++) result[out + j] += factor * right[row + j];
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) result[j * d + i] = result[i * d + j];
  return result;
}
