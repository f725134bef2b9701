import type { RowSums } from "../../pixels/pixels.ts";

/**
 * The Hessian of Eq. 3, I + 2c sum x~ x~^T over the active pixels, x~ being x with a 1 appended and the bias not regularised: symmetric
 * [D+1,D+1], bias last. From the sums, with factor 1, of `rows` active pixels that stand for all `active` ones. `out` is used when given.
 */
export function svmHessian(
  { squares, sums }: RowSums,
  rows: number,
  active: number,
  penalty: number,
  out?: Float64Array,
): Float64Array {
  const d = Math.round(Math.sqrt(squares.length));
  const n = d + 1;
  const hessian = out ?? new Float64Array(n * n);
  const scale = rows === 0 ? 0 : (2 * penalty * active) / rows;
  for (let i = 0; i < d; i++) {
    const row = i * n;
    for (let j = 0, from = i * d; j < d; j++, from++) hessian[row + j] = scale * squares[from];
    hessian[row + i] += 1;
    hessian[row + d] = hessian[d * n + i] = rows === 0 ? 0 : scale * sums[i];
  }
  // Without an active pixel the bias is free; any positive curvature leaves it where it is.
  hessian[d * n + d] = 2 * penalty * Math.max(active, 1);
  return hessian;
}
