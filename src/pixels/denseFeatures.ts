/** `Pixels` as a plain matrix in memory: points that are given, or a subset of any features made dense. */

import { type Blas, plainBlas } from "../numeric/blas.ts";
import { addBias } from "../numeric/matrices.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { denseRowSums, rowSpread } from "./moments.ts";
import { nearestPass } from "./nearestPass.ts";
import type { Pixels } from "./pixels.ts";
import { checkIndex, classCount, gradientClasses, resolveRange, scoresArray } from "./ranges.ts";
import { svmPassInMemory } from "./svmPass.ts";

/**
 * Features that are simply a matrix: `points` [N,D], one row per pixel. The data are used in place, not copied.
 * Throws RangeError when the shape is not [N,D] with N, D >= 1, or a value is NaN or infinite.
 *
 * @example
 * const { pixels, channels } = denseFeatures(tensor([4, 2]));
 * console.log(pixels, channels); // 4 2
 */
export function denseFeatures(points: Tensor, options: { readonly blas?: Blas } = {}): Pixels {
  const [pixels, channels] = points.shape;
  if (points.dtype !== "float32" || points.shape.length !== 2 || pixels < 1 || channels < 1)
    throw new RangeError(`denseFeatures: expected float32 points [N,D], got ${points.dtype} [${points.shape}]`);
  const { data } = points;
  if (data.length !== pixels * channels)
    throw new RangeError(`denseFeatures: shape [${points.shape}] does not fit ${data.length} elements`);
  const bad = firstUnfinite(data);
  if (bad >= 0)
    throw new RangeError(
      `denseFeatures: pixel ${Math.floor(bad / channels)}, channel ${bad % channels} is ${data[bad]}; expected finite values`,
    );
  return matrixFeatures(pixels, channels, data, options.blas ?? plainBlas());
}

/** The position of the first number that is NaN or infinite, or -1. A loop: the array's own search calls a function for each. */
function firstUnfinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

/** `denseFeatures` of numbers that are known to be finite. */
export function matrixFeatures(pixels: number, channels: number, data: Float32Array, blas: Blas): Pixels {
  const features: Pixels = {
    pixels,
    channels,
    alignment: 1,
    blas,
    passCost: "cheap",
    async scores(weight, bias, out, range) {
      const { start, end } = resolveRange(features, range);
      const k = classCount(channels, weight, bias);
      const n = end - start;
      const a = weight;
      const b = data.subarray(start * channels, end * channels);
      const result = scoresArray(out, k, n);
      await blas.gemm({ a, b, m: k, n, k: channels, transposeB: true, out: result });
      addBias(result, bias, n);
      return result;
    },
    async gradient(g, range) {
      const { start, end } = resolveRange(features, range);
      const n = end - start;
      const k = gradientClasses(g, n);
      const b = data.subarray(start * channels, end * channels);
      return Float64Array.from(await blas.gemm({ a: g, b, m: k, n: channels, k: n }));
    },
    async rows(index, out = new Float32Array(index.length * channels)) {
      checkIndex(index, pixels);
      // Consecutive pixels, of which working sets have many, are copied together: a view for each would cost as much as the copy.
      for (let start = 0, end = 1; start < index.length; start = end, end++) {
        while (end < index.length && index[end] === index[end - 1] + 1) end++;
        const from = index[start] * channels;
        out.set(data.subarray(from, from + (end - start) * channels), start * channels);
      }
      return out;
    },
    rowSums: (index, factors, squares) => denseRowSums(features, index, factors, squares),
    svm: (request) => svmPassInMemory(features, request),
    async nearest(classifier, request = {}) {
      const { sums = true, before, range } = request;
      if (!sums || before === undefined) return nearestPass(features, classifier, request);
      const pass = await nearestPass(features, classifier, { ...request, sums: false });
      const { start, end } = resolveRange(features, range);
      moveRows(pass.sums, data.subarray(start * channels, end * channels), before, pass.labels);
      return pass;
    },
    spread: (range) => rowSpread(features, range),
  };
  return features;
}

/** Of the `rows` whose class changed: takes them from the sums [K,D] of the former ones, and adds them to those of the new ones. */
function moveRows(sums: Float64Array, rows: Float32Array, before: Uint16Array, labels: Uint16Array): void {
  const channels = rows.length / labels.length;
  for (let n = 0; n < labels.length; n++) {
    if (before[n] === labels[n]) continue;
    let at = n * channels;
    const from = before[n] * channels;
    const to = labels[n] * channels;
    for (let d = 0; d < channels; d++, at++) {
      sums[from + d] -= rows[at];
      sums[to + d] += rows[at];
    }
  }
}

/** A dense copy of the pixels in `index`: fewer pixels to cluster, and the whole features to predict on afterwards. `out` is used when given. */
export async function subset(features: Pixels, index: Int32Array, out?: Float32Array): Promise<Pixels> {
  return matrixFeatures(index.length, features.channels, await features.rows(index, out), features.blas);
}

/** A dense copy of the pixels of all `parts`, one after the other, with the `blas` of the first. Throws RangeError where their channels differ. */
export async function stacked(parts: readonly [Pixels, ...Pixels[]]): Promise<Pixels> {
  const [{ channels, blas }] = parts;
  const other = parts.find((part) => part.channels !== channels);
  if (other !== undefined) throw new RangeError(`expected pixels of ${channels} channels, got ${other.channels}`);
  const pixels = parts.reduce((sum, part) => sum + part.pixels, 0);
  const data = new Float32Array(pixels * channels);
  let at = 0;
  for (const part of parts) {
    const rows = data.subarray(at, at + part.pixels * channels);
    await part.rows(
      Int32Array.from({ length: part.pixels }, (_, i) => i),
      rows,
    );
    at += rows.length;
  }
  return matrixFeatures(pixels, channels, data, blas);
}
