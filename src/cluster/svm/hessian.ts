import type { RowSums } from "../../pixels/pixels.ts";

/**
 * The Hessian of Eq. 3, I + 2c sum x~ x~^T over the active pixels, x~ being x with a 1 appended and the bias not regularised: symmetric
 * [D+1,D+1], bias last. From the sums, with factor 1, of `rows` active pixels that stand for all `active` ones.
 */
export function svmHessian(sums: RowSums, rows: number, active: number, penalty: number): Float64Array {
  const n = Math.round(Math.sqrt(sums.squares.length)) + 1;
  const hessian = upperHessian(sums, rows, active, penalty, new Float64Array(n * n));
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) hessian[i * n + j] = hessian[j * n + i];
  return hessian;
}

/** The same written into `hessian`, its upper triangle alone. */
export function upperHessian(
  { squares, sums }: RowSums,
  rows: number,
  active: number,
  penalty: number,
  hessian: Float64Array,
): Float64Array {
  const n = Math.round(Math.sqrt(hessian.length));
  const d = n - 1;
  const scale = rows === 0 ? 0 : (2 * penalty * active) / rows;
  for (let i = 0; i < d; i++) {
    const row = i * n;
    for (let j = i, from = i * d + i; j < d; j++, from++) hessian[row + j] = scale * squares[from];
    hessian[row + i] += 1;
    hessian[row + d] = rows === 0 ? 0 : scale * sums[i];
  }
  // Without an active pixel the bias is free; any positive curvature leaves it where it is.
  hessian[d * n + d] = 2 * penalty * Math.max(active, 1);
  return hessian;
}
