/**
 * Linear functions of all channels of a pyramid at the pictures' resolution, as graphs: S = sum_l U_l(F_l w_l) + b, with F_l a layer's maps
 * at their own resolution and U_l their resize. Resizing is linear over pixels and w over channels, so they commute: the few results are
 * resized, never the channels. The resize is separable: S = sum_l Y_l (F_l w_l) X_l^T, and the sum over the layers is one product of the
 * rows [Y_1 ... Y_L] with the stacked [T_1; ...; T_L], T_l = (F_l w_l) X_l^T.
 */
import { add, concat, constant, conv, matmul, reshape, slice } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { linearMap } from "../numeric/bilinear.ts";

/** Weights [side,from] of the resize along an axis of maps of `from` pixels; undefined where nothing is resized. */
export type AxisResize = (from: number) => Float32Array | undefined;

/** Weights [to,from], at most two a row: between the two nearest, corners aligned. */
export function bilinearAxis(from: number, to: number): Float32Array {
  const { low, fraction } = linearMap(from, to);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    matrix[i * from + low[i]] += 1 - fraction[i];
    if (from > 1) matrix[i * from + low[i] + 1] += fraction[i];
  }
  return matrix;
}

/** The one that covers the pixel's first corner: each is repeated. */
function nearestAxis(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) matrix[i * from + Math.floor((i * from) / to)] = 1;
  return matrix;
}

const upTo =
  (axis: (from: number, to: number) => Float32Array) =>
  (side: number): AxisResize =>
  (from) =>
    from === side ? undefined : axis(from, side);

/** How maps become as large as a picture of `side` pixels. */
export const upsamplings = { bilinear: upTo(bilinearAxis), nearest: upTo(nearestAxis) };

/** How a pyramid's maps become pixels: all that whoever classifies those needs of it. */
export interface PyramidView {
  /** R, the side of the results. */
  readonly side: number;
  /** Channels of all layers. */
  readonly channels: number;
  /** Linear functions [O,D] of the channels with summands [O]: [N,O,R,R]. */
  linear(weight: Value, bias?: Value): Value;
}

/** `maps`: a layer each, [N,C,h,h]; resized to `side` pixels. */
export function pyramidView(maps: readonly Value[], side: number, resize: AxisResize): PyramidView {
  const channels = maps.reduce((sum, { shape }) => sum + shape[1], 0);
  return {
    side,
    channels,
    linear(weight, bias) {
      const [O] = weight.shape;
      const native: Value[] = [];
      const stacked: Value[] = [];
      const rows: number[][] = Array.from({ length: side }, () => []);
      let first = 0;
      for (const [i, map] of maps.entries()) {
        const [, C, h] = map.shape;
        const kernel = maps.length === 1 ? weight : slice(weight, [0, first], [O, C]);
        first += C;
        let scores = conv(map, reshape(kernel, [O, C, 1, 1]));
        // The weights of a resize sum to one, so the bias can be added once, to the smallest maps.
        if (i === 0 && bias !== undefined) scores = add(scores, reshape(bias, [1, O, 1, 1]));
        const axis = resize(h);
        if (axis === undefined) {
          native.push(scores);
          continue;
        }
        stacked.push(matmul(scores, constant([h, side], transposed(axis, side, h))));
        for (let y = 0; y < side; y++) rows[y].push(...axis.subarray(y * h, (y + 1) * h));
      }
      if (stacked.length > 0) {
        const tall = stacked.length === 1 ? stacked[0] : concat(stacked, 2);
        native.push(matmul(constant([side, rows[0].length], Float32Array.from(rows.flat())), tall));
      }
      return native.reduce(add);
    },
  };
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j];
  return result;
}
