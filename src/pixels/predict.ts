/** Labels of pixels by a linear classifier. */

import type { JobOptions } from "../tensor/progress.ts";
import type { LinearClassifier } from "./linearClassifier.ts";
import type { PixelRange, Pixels } from "./pixels.ts";
import { pixelRanges } from "./ranges.ts";

/**
 * The class of every pixel: argmax_k of w_k . x + b_k, the first class winning a tie. Works through the pixels in chunks, so
 * memory stays bounded. Throws RangeError when the classifier has other channels than the features.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const classifier = await linearSvm(points, { labels: [0, 0, 1, 1], nClasses: 2 });
 * console.log([...(await predict(points, classifier))]); // [ 0, 0, 1, 1 ]
 */
export async function predict(
  features: Pixels,
  classifier: LinearClassifier,
  options: JobOptions = {},
): Promise<Uint16Array> {
  const labels = new Uint16Array(features.pixels);
  await forEachBest(features, classifier, (range, best) => {
    labels.set(best, range.start);
    options.onProgress?.({ phase: "label the pixels", done: range.end, total: features.pixels });
    options.signal?.throwIfAborted();
  });
  return labels;
}

/** Calls `visit` with the best class of each pixel of a chunk, and its score; both arrays are reused. */
export async function forEachBest(
  features: Pixels,
  { k, channels, weight, bias }: LinearClassifier,
  visit: (range: PixelRange, best: Uint16Array, score: Float32Array) => void,
): Promise<void> {
  if (channels !== features.channels)
    throw new RangeError(`the classifier has ${channels} channels, the features have ${features.channels}`);
  const ranges = pixelRanges(features);
  const size = ranges[0].end;
  const buffer = new Float32Array(k * size);
  const best = new Uint16Array(size);
  const top = new Float32Array(size);
  for (const range of ranges) {
    const n = range.end - range.start;
    const scores = await features.scores(weight, bias, buffer.subarray(0, k * n), range);
    bestOf(scores, k, n, best, top);
    visit(range, best.subarray(0, n), top.subarray(0, n));
  }
}

/** The first of the best classes of n pixels with `scores` [K,n], and its score. */
export function bestOf(scores: Float32Array, k: number, n: number, best: Uint16Array, top: Float32Array): void {
  best.fill(0, 0, n);
  top.set(scores.subarray(0, n));
  for (let c = 1; c < k; c++)
    for (let i = 0, at = c * n; i < n; i++, at++)
      if (scores[at] > top[i]) {
        top[i] = scores[at];
        best[i] = c;
      }
}
