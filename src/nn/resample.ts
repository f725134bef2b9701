/**
 * Resampling of maps as two matrix products, one per axis: y = R x C^T with R [height,H] and C [width,W]. The matrices are
 * constants with a band of a few numbers per row; products with them are faster than the providers' own operators, and
 * their derivatives are products with the transposed matrices.
 */
import { constant, matmul, transpose } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";

/** Weights [to,from] of one axis: row i holds the weights of the samples that make up sample i of the result. */
export type AxisMatrix = Value;

/** x [N,C,H,W] with `rows` [height,H] along the height and `columns` [width,W] along the width: [N,C,height,width]. */
export const resample = (x: Value, rows: AxisMatrix, columns: AxisMatrix): Value =>
  matmul(rows, matmul(x, transpose(columns, [1, 0])));

/** x [N,C,H,W] to [N,C,height,width] by the same kind of matrix along both axes. */
export const resize = (
  x: Value,
  [height, width]: readonly [number, number],
  matrix: (from: number, to: number) => AxisMatrix,
): Value => resample(x, matrix(x.shape[2], height), matrix(x.shape[3], width));

/**
 * Linear interpolation between the two nearest samples, without a filter when shrinking. Sample centres lie at (i + 0.5)
 * from / to - 0.5, limited to the first and last; aligned corners: at i (from - 1) / (to - 1).
 */
export function bilinearMatrix(from: number, to: number, { alignCorners = false } = {}): AxisMatrix {
  return axisMatrix(from, to, (i, weigh) => {
    const at = alignCorners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : ((i + 0.5) * from) / to - 0.5;
    const place = Math.min(Math.max(at, 0), from - 1);
    const low = Math.floor(place);
    weigh(low, 1 - (place - low));
    weigh(Math.min(low + 1, from - 1), place - low);
  });
}

/** Means of equal shares: sample i is the mean of samples floor(i from / to) to ceil((i + 1) from / to) - 1. */
export function areaMatrix(from: number, to: number): AxisMatrix {
  return axisMatrix(from, to, (i, weigh) => {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    for (let j = start; j < end; j++) weigh(j, 1 / (end - start));
  });
}

/** The nearest sample: number floor(i from / to). */
export const nearestMatrix = (from: number, to: number): AxisMatrix =>
  axisMatrix(from, to, (i, weigh) => weigh(Math.floor((i * from) / to), 1));

/** Fills a matrix row by row; weights of the same sample add up. */
export function axisMatrix(
  from: number,
  to: number,
  row: (i: number, weigh: (sample: number, weight: number) => void) => void,
): AxisMatrix {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from > 0 && to > 0))
    throw new RangeError(`resampling from ${from} to ${to} samples: both must be whole and positive`);
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++)
    row(i, (sample, weight) => {
      data[i * from + sample] += weight;
    });
  return constant([to, from], data);
}
