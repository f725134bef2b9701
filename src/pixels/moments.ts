import type { Pixels } from "./pixels.ts";

/** Rows that are made dense at a time. */
const CHUNK_ROWS = 4096;

/** The mean feature [D], and the mean over pixels of |x - mean|^2. */
export interface Spread {
  readonly mean: Float64Array;
  readonly variance: number;
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
  features: Pixels,
  visit: (rows: Float32Array, count: number) => void | Promise<void>,
): Promise<void> {
  const { pixels, channels } = features;
  const buffer = new Float32Array(Math.min(CHUNK_ROWS, pixels) * channels);
  for (let start = 0; start < pixels; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, pixels - start);
    const index = Int32Array.from({ length: count }, (_, i) => start + i);
    await visit(features.rows(index, buffer.subarray(0, count * channels)), count);
  }
}

/** Mean and variance of the features. Centred on the first row, so that a large common offset costs no digits. */
export async function spread(features: Pixels): Promise<Spread> {
  const known = await features.spread?.();
  if (known !== undefined) return known;
  const { pixels, channels } = features;
  const origin = features.rows(Int32Array.of(0));
  const sums = new Float64Array(channels);
  let squares = 0;
  await forEachRows(features, (rows, count) => {
    for (let i = 0, at = 0; i < count; i++)
      for (let d = 0; d < channels; d++, at++) {
        const x = rows[at] - origin[d];
        sums[d] += x;
        squares += x * x;
      }
  });
  const mean = sums.map((sum, d) => origin[d] + sum / pixels);
  let offset = 0;
  for (const sum of sums) offset += (sum / pixels) ** 2;
  return { mean, variance: Math.max(0, squares / pixels - offset) };
}

/**
 * Second moments of the features with a 1 appended, per pixel: [D+1,D+1], lower triangle. Least squares and the preconditioner of
 * the SVMs come from it.
 */
export async function secondMoments(features: Pixels): Promise<Float64Array> {
  const { pixels, channels: d, blas } = features;
  const n = d + 1;
  const moments = new Float64Array(n * n);
  const gram = new Float32Array(d * d);
  await forEachRows(features, async (a, count) => {
    await blas.gemm({ a, b: a, m: d, n: d, k: count, transposeA: true, out: gram });
    const sums = await blas.gemm({ a: new Float32Array(count).fill(1), b: a, m: 1, n: d, k: count });
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) moments[i * n + j] += gram[i * d + j] / pixels;
      moments[d * n + i] += sums[i] / pixels;
    }
  });
  moments[d * n + d] = 1;
  return moments;
}
