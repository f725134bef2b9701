/** `Pixels.nearest` for any features, from their scores and gradients. */

import { accumulate } from "../numeric/matrices.ts";
import type { LinearClassifier } from "./linearClassifier.ts";
import type { LinearPixels, NearestPass, NearestPassRequest } from "./pixels.ts";
import { bestOf } from "./predict.ts";
import { pixelRanges, resolveRange } from "./ranges.ts";

/** `Pixels.nearest` by scores and gradients, a chunk at a time: each chunk's features are read once. */
export async function nearestPass(
  features: LinearPixels,
  classifier: LinearClassifier,
  { sums: summed = true, before, range }: NearestPassRequest = {},
): Promise<NearestPass> {
  const { k, channels, weight, bias } = classifier;
  const whole = resolveRange(features, range);
  const ranges = pixelRanges(features, undefined, whole);
  const labels = new Uint16Array(whole.end - whole.start);
  const sums = new Float64Array(k * channels);
  const sizes = new Float64Array(k);
  let scored = 0;
  const most = ranges.length === 0 ? 0 : ranges[0].end - ranges[0].start;
  const buffer = new Float32Array(k * most);
  const top = new Float32Array(most);
  for (const chunk of ranges) {
    const n = chunk.end - chunk.start;
    const scores = await features.scores(weight, bias, buffer.subarray(0, k * n), chunk);
    const best = labels.subarray(chunk.start - whole.start, chunk.end - whole.start);
    bestOf(scores, k, n, best, top);
    scored += countBest(best, top, sizes);
    if (!summed) continue;
    toMembers(scores, best, before?.subarray(chunk.start - whole.start, chunk.end - whole.start));
    accumulate(sums, await features.gradient(scores, chunk));
  }
  return { labels, sums, sizes, scored };
}

/** Adds the pixels of each class to `sizes`; returns the sum of their best scores. */
function countBest(best: Uint16Array, top: Float32Array, sizes: Float64Array): number {
  let scored = 0;
  for (let i = 0; i < best.length; i++) {
    scored += top[i];
    sizes[best[i]]++;
  }
  return scored;
}

/** `scores` [K,n] become 1 in each pixel's class and 0 elsewhere, less the same of the classes `before`. */
function toMembers(scores: Float32Array, best: Uint16Array, before: Uint16Array | undefined): void {
  const n = best.length;
  scores.fill(0);
  for (let i = 0; i < n; i++) scores[best[i] * n + i] = 1;
  if (before !== undefined) for (let i = 0; i < n; i++) scores[before[i] * n + i] -= 1;
}
