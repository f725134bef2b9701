/** What a segmenter is asked for: classes of pixels as weights of the cross-entropy. */
import type { Tensor } from "../tensor/tensor.ts";

/** Pixels that count: of a class and not ignored. */
const counts = (label: number, classes: number): boolean => label < classes;

/**
 * Adds one-hot labels to places of `target` [N,K,S,S], picture after picture from `first` on, so that `crossEntropy` gives
 * `weight` times their mean over the pixels that count, each by its class's weight; labels from K on (255) do not count.
 * `over`: the mean is over so many pixels instead of those that count.
 */
export function addTargets(
  target: Tensor,
  first: number,
  labels: readonly Uint8Array[],
  classWeights: ArrayLike<number>,
  { weight = 1, over }: { readonly weight?: number; readonly over?: number } = {},
): void {
  const [N, K, S] = target.shape;
  const area = S * S;
  let total = 0;
  for (const map of labels) for (const label of map) if (counts(label, K)) total += classWeights[label];
  if (total === 0) return;
  const scale = (weight * N * area) / (over ?? total);
  for (const [i, map] of labels.entries())
    for (let p = 0; p < area; p++)
      if (counts(map[p], K)) target.data[((first + i) * K + map[p]) * area + p] = classWeights[map[p]] * scale;
}

/** Rarer classes count more: one over the square root of a class's share of the pixels, scaled so that a pixel counts 1 in the mean. */
export function balancedWeights(pixels: ArrayLike<number>): number[] {
  const counted = Array.from(pixels);
  const total = counted.reduce((a, b) => a + b, 0);
  const raw = counted.map((n) => 1 / Math.sqrt(Math.max(n, 1) / total));
  const mean = raw.reduce((sum, w, id) => sum + (w * counted[id]) / total, 0);
  return raw.map((w) => w / mean);
}
