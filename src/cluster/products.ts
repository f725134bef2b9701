import type { Blas } from "../runtime/blas.ts";

/** Rows of one product; sums over more rows are accumulated in float64. */
const BLOCK_ROWS = 4096;

/** The products of `rows` [M,D] with `vector` [D]: [M]. */
export function multiply(blas: Blas, rows: Float32Array, vector: Float32Array): Promise<Float32Array> {
  return blas.gemm({ a: rows, b: vector, m: rows.length / vector.length, n: 1, k: vector.length });
}

/** Adds sum_i factor_i x_i over `rows` [M,D] to the first D elements of `target`. */
export async function addTransposed(
  blas: Blas,
  rows: Float32Array,
  factor: Float32Array,
  target: Float64Array,
): Promise<void> {
  const count = factor.length;
  if (count === 0) return;
  const n = rows.length / count;
  const out = new Float32Array(n);
  for (let start = 0; start < count; start += BLOCK_ROWS) {
    const end = Math.min(count, start + BLOCK_ROWS);
    const b = rows.subarray(start * n, end * n);
    await blas.gemm({ a: factor.subarray(start, end), b, m: 1, n, k: end - start, out });
    for (let j = 0; j < n; j++) target[j] += out[j];
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
