import type { Blas } from "../runtime/blas.ts";

/** The pixels `start` to `end` (exclusive); both are multiples of the features' `alignment`, or N. */
export interface PixelRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What clustering sees: N pixels x in R^D whose linear functions are cheap, whatever their storage.
 * Letters in this folder: N pixels, D channels, K classes, M rows of a subset.
 */
export interface LinearFeatures {
  /** N, the number of pixels (samples). */
  readonly pixels: number;
  /** D, the number of channels. */
  readonly channels: number;
  /** Ranges start and end at multiples of this many pixels: those of one image, or 1. */
  readonly alignment: number;
  /** The matrix products behind the scores; clusterers use it for their own. */
  readonly blas: Blas;
  /**
   * S[k*n + i] = w_k . x_i + b_k over the n pixels of `range` (default: all). `weight` [K,D] and `bias` [K]; result [K,n],
   * class-major. `out` (length K*n) is reused when given.
   */
  scores(weight: Float32Array, bias: Float32Array, out?: Float32Array, range?: PixelRange): Promise<Float32Array>;
  /** G[k*D + d] = sum_i g[k*n + i] x_id: the adjoint of `scores`, for `g` [K,n] over `range`; result [K,D]. */
  gradient(g: Float32Array, range?: PixelRange): Promise<Float64Array>;
  /** The rows x_n, n in `index`, dense [M,D]. `out` is reused when given. */
  rows(index: Int32Array, out?: Float32Array): Float32Array;
}

/** Pixels of one working chunk: K maps of this size stay in the processor's cache. */
const CHUNK_PIXELS = 8192;

/** Consecutive aligned ranges that cover all pixels, each of about `size` pixels and at least one `alignment`. */
export function pixelRanges(features: LinearFeatures, size = CHUNK_PIXELS): PixelRange[] {
  const step = Math.max(1, Math.floor(size / features.alignment)) * features.alignment;
  const ranges: PixelRange[] = [];
  for (let start = 0; start < features.pixels; start += step)
    ranges.push({ start, end: Math.min(features.pixels, start + step) });
  return ranges;
}

/** `range`, checked, or all pixels. Throws RangeError when it is not aligned or leaves the pixels. */
export function resolveRange(features: LinearFeatures, range: PixelRange | undefined): PixelRange {
  const { pixels, alignment } = features;
  if (range === undefined) return { start: 0, end: pixels };
  const aligned = (n: number) => Number.isInteger(n) && n >= 0 && n <= pixels && n % alignment === 0;
  if (!aligned(range.start) || !(aligned(range.end) || range.end === pixels) || range.end < range.start)
    throw new RangeError(
      `pixels ${range.start} to ${range.end}: expected multiples of ${alignment} within 0 to ${pixels}, in order`,
    );
  return range;
}

/** K of `weight` [K,D] and `bias` [K]. Throws RangeError when they do not fit each other or the channels. */
export function classCount(channels: number, weight: Float32Array, bias: Float32Array): number {
  if (weight.length !== bias.length * channels)
    throw new RangeError(
      `weight [K,${channels}] and bias [K] do not fit: ${weight.length} and ${bias.length} elements`,
    );
  return bias.length;
}

/** Throws RangeError when `index` names a pixel outside 0 to N - 1. */
export function checkIndex(index: Int32Array, pixels: number): void {
  for (const n of index)
    if (n < 0 || n >= pixels) throw new RangeError(`rows: pixel ${n} is outside 0 to ${pixels - 1}`);
}
