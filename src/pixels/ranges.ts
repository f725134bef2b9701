/** Ranges of pixels, and the checks of what pixels are asked. */

import type { LinearPixels, PixelRange } from "./pixels.ts";

/** Pixels of one working chunk: K maps of this size stay in the processor's cache. */
const CHUNK_PIXELS = 8192;

/** Consecutive aligned ranges that cover `within` (default: all pixels), each of about `size` pixels and at least one `alignment`. */
export function pixelRanges(
  features: Pick<LinearPixels, "pixels" | "alignment">,
  size = CHUNK_PIXELS,
  within: PixelRange = { start: 0, end: features.pixels },
): PixelRange[] {
  const step = Math.max(1, Math.floor(size / features.alignment)) * features.alignment;
  const ranges: PixelRange[] = [];
  for (let start = within.start; start < within.end; start += step)
    ranges.push({ start, end: Math.min(within.end, start + step) });
  return ranges;
}

/** `range`, checked, or all pixels. Throws RangeError when it is not aligned or leaves the pixels. */
export function resolveRange(
  features: Pick<LinearPixels, "pixels" | "alignment">,
  range: PixelRange | undefined,
): PixelRange {
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

/** K of `g` [K,n]. Throws RangeError when there is no such K. */
export function gradientClasses(g: Float32Array, n: number): number {
  const k = g.length / n;
  if (!Number.isInteger(k)) throw new RangeError(`gradient: ${g.length} elements are not a multiple of ${n} pixels`);
  return k;
}

/** `out`, or room for scores [K,n]. Throws RangeError when `out` has another length. */
export function scoresArray(out: Float32Array | undefined, k: number, n: number): Float32Array {
  if (out !== undefined && out.length !== k * n)
    throw new RangeError(`scores: out must have ${k * n} elements, it has ${out.length}`);
  return out ?? new Float32Array(k * n);
}

/** Throws RangeError when `index` names a pixel outside 0 to N - 1. */
export function checkIndex(index: Int32Array, pixels: number): void {
  for (const n of index)
    if (n < 0 || n >= pixels) throw new RangeError(`rows: pixel ${n} is outside 0 to ${pixels - 1}`);
}
