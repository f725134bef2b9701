/** Sums over dense rows, a block at a time: row sums, mean and variance. */

import { accumulate, copyNumbers } from "../numeric/matrices.ts";
import type { LinearPixels, PixelRange, RowSums, Spread } from "./pixels.ts";
import { resolveRange } from "./ranges.ts";

/** Rows that are made dense for one product. */
export const BLOCK_ROWS = 4096;

const EMPTY = new Float32Array(0);
/** The last buffers of `denseRowSums`, for the next one: they are large, and wanted hundreds of times. */
let spareBuffer: Float32Array = EMPTY;
let spareProduct: Float32Array = EMPTY;

/** `Pixels.rowSums` by `rows` and `blas`, a block at a time. */
export async function denseRowSums(
  features: Pick<LinearPixels, "channels" | "blas" | "rows">,
  index: Int32Array,
  factors: Float32Array,
  squares: Float64Array | Float32Array = new Float64Array(features.channels ** 2),
): Promise<RowSums> {
  const { channels: d, blas } = features;
  const most = Math.min(BLOCK_ROWS, index.length);
  const r = index.length === 0 ? 0 : factors.length / index.length;
  const buffer = spareBuffer.length < most * d ? new Float32Array(most * d) : spareBuffer;
  spareBuffer = EMPTY;
  const product = spareProduct.length === d * d ? spareProduct : new Float32Array(d * d);
  spareProduct = EMPTY;
  const sums = new Float64Array(r * d);
  if (index.length === 0) squares.fill(0);
  for (let start = 0; start < index.length; start += BLOCK_ROWS) {
    const some = index.subarray(start, start + BLOCK_ROWS);
    const count = some.length;
    const b = await features.rows(some, buffer.subarray(0, count * d));
    const out = start === 0 && squares instanceof Float32Array ? squares : product;
    await blas.gemm({ a: b, b, m: d, n: d, k: count, transposeA: true, out });
    if (start > 0) accumulate(squares, product);
    else if (out !== squares) copyNumbers(product, squares);
    const a = new Float32Array(r * count);
    for (let i = 0; i < r; i++) {
      const from = i * index.length + start;
      a.set(factors.subarray(from, from + count), i * count);
    }
    const part = await blas.gemm({ a, b, m: r, n: d, k: count });
    accumulate(sums, part);
  }
  spareBuffer = buffer;
  spareProduct = product;
  return { squares, sums };
}

/** The spread of the pixels of all `parts`. */
export function pooled(parts: readonly { readonly spread: Spread; readonly pixels: number }[]): Spread {
  const total = parts.reduce((sum, { pixels }) => sum + pixels, 0);
  const mean = parts[0].spread.mean.map(() => 0);
  for (const { spread, pixels } of parts)
    for (let d = 0; d < mean.length; d++) mean[d] += (pixels / total) * spread.mean[d];
  let variance = 0;
  for (const { spread, pixels } of parts) {
    let offset = 0;
    for (let d = 0; d < mean.length; d++) offset += (spread.mean[d] - mean[d]) ** 2;
    variance += (pixels / total) * (spread.variance + offset);
  }
  return { mean, variance };
}

/** Calls `visit` with the dense rows of consecutive pixels; the array is reused. */
export async function forEachRows(
  features: LinearPixels,
  visit: (rows: Float32Array, count: number) => void | Promise<void>,
  range?: PixelRange,
): Promise<void> {
  const { start: first, end } = resolveRange(features, range);
  const buffer = new Float32Array(Math.min(BLOCK_ROWS, end - first) * features.channels);
  for (let start = first; start < end; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, end - start);
    const index = Int32Array.from({ length: count }, (_, i) => start + i);
    await visit(await features.rows(index, buffer.subarray(0, count * features.channels)), count);
  }
}

/** `Pixels.spread` by rows. Centred on the first of them, so that a large common offset costs no digits. */
export async function rowSpread(features: LinearPixels, range?: PixelRange): Promise<Spread> {
  const { start, end } = resolveRange(features, range);
  const { channels } = features;
  const pixels = end - start;
  const origin = await features.rows(Int32Array.of(start));
  const sums = new Float64Array(channels);
  let squares = 0;
  const add = (rows: Float32Array, count: number): void => {
    for (let i = 0, at = 0; i < count; i++)
      for (let d = 0; d < channels; d++, at++) {
        const x = rows[at] - origin[d];
        sums[d] += x;
        squares += x * x;
      }
  };
  await forEachRows(features, add, range);
  const mean = sums.map((sum, d) => origin[d] + sum / pixels);
  let offset = 0;
  for (const sum of sums) offset += (sum / pixels) ** 2;
  return { mean, variance: Math.max(0, squares / pixels - offset) };
}
