/** Labels of pixels: checks, sizes and sums of classes, and the IoU of a classifier. */

import { accumulate } from "../numeric/matrices.ts";
import type { PixelRange, Pixels } from "./pixels.ts";
import { pixelRanges } from "./ranges.ts";

/** The most classes that Uint16 labels can name. */
const MAX_CLASSES = 65536;

/**
 * `labels` as Uint16, checked: one integer in [0, nClasses) per pixel. Throws RangeError, naming the first offender and
 * `caller`.
 */
export function checkLabels(caller: string, labels: ArrayLike<number>, pixels: number, nClasses: number): Uint16Array {
  if (!Number.isInteger(nClasses) || nClasses < 1 || nClasses > MAX_CLASSES)
    throw new RangeError(
      `${caller}: the number of classes must be an integer from 1 to ${MAX_CLASSES}, got ${nClasses}`,
    );
  if (labels.length !== pixels)
    throw new RangeError(`${caller}: expected one label for each of ${pixels} pixels, got ${labels.length} labels`);
  for (let n = 0; n < pixels; n++) {
    const label = labels[n];
    if (!Number.isInteger(label) || label < 0 || label >= nClasses)
      throw new RangeError(`${caller}: label ${label} of pixel ${n} is not an integer from 0 to ${nClasses - 1}`);
  }
  return Uint16Array.from(labels);
}

/** Pixels of each class. */
export function classSizes(labels: ArrayLike<number>, k: number): Float64Array {
  const sizes = new Float64Array(k);
  for (let n = 0; n < labels.length; n++) sizes[labels[n]]++;
  return sizes;
}

/** The sum of the features over each class, [K,D]. */
export async function classSums(features: Pixels, labels: ArrayLike<number>, k: number): Promise<Float64Array> {
  const sums = new Float64Array(k * features.channels);
  for (const range of pixelRanges(features)) {
    accumulate(sums, await features.gradient(membership(labels, k, range), range));
  }
  return sums;
}

/** 1 where a pixel of the range is of the class, else 0: [K,n]. */
function membership(labels: ArrayLike<number>, k: number, { start, end }: PixelRange): Float32Array {
  const n = end - start;
  const members = new Float32Array(k * n);
  for (let i = 0; i < n; i++) members[labels[start + i] * n + i] = 1;
  return members;
}

/** New names for clusters so that sizes descend; equal sizes keep their order. `order[new] = old`. */
export function sizeOrder(sizes: ArrayLike<number>): Int32Array {
  const order = Array.from({ length: sizes.length }, (_, i) => i);
  return Int32Array.from(order.sort((i, j) => sizes[j] - sizes[i] || i - j));
}

/** |{s > 0} and {own}| / |{s > 0} or {own}|; 0 for a class without pixels that predicts none. */
export function iouOf(counts: { readonly predicted: number; readonly truePositive: number }, size: number): number {
  return counts.truePositive / Math.max(counts.predicted + size - counts.truePositive, 1);
}
