import { classSizes, classSums } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { kMeans } from "../kmeans/kMeans.ts";

/**
 * The paper's filter of start clusters, as it is meant: after the first training, clusters whose logit(IoU) is not above
 * mean - standard deviation (unbiased) are dropped, and K-means runs again from the centroids of the others. An IoU of 0 or 1 has no
 * logit: IoUs are clipped to [1/(2 n_k), 1 - 1/(2 n_k)]. Undefined when fewer than two clusters would be left, or none dropped.
 */
export async function filteredLabels(
  features: Pixels,
  labels: Uint16Array,
  classifier: LinearClassifier,
  job: JobOptions,
): Promise<{ labels: Uint16Array; k: number } | undefined> {
  const { k, weight, bias } = classifier;
  const classes = Array.from({ length: k }, (_, c) => c);
  const passes = await features.svm({ labels, classes, weight, bias });
  const sizes = classSizes(labels, k);
  const kept = aboveThreshold(
    Float64Array.from(passes, (pass, c) => {
      const union = pass.predicted + sizes[c] - pass.truePositive;
      const least = 1 / (2 * Math.max(sizes[c], 1));
      const iou = Math.min(Math.max(pass.truePositive / Math.max(union, 1), least), 1 - least);
      return Math.log(iou / (1 - iou));
    }),
  ).filter((c) => sizes[c] > 0);
  if (kept.length < 2 || kept.length === k) return undefined;
  const sums = await classSums(features, labels, k);
  const { channels } = features;
  const initialCentroids = new Float32Array(kept.length * channels);
  for (const [i, c] of kept.entries())
    for (let d = 0; d < channels; d++) initialCentroids[i * channels + d] = sums[c * channels + d] / sizes[c];
  const { onProgress, signal } = job;
  const found = await kMeans(features, {
    nClusters: kept.length,
    initialCentroids,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  return { labels: found.labels, k: found.sizes.findLastIndex((size) => size > 0) + 1 };
}

/** The positions whose value exceeds mean - standard deviation. */
function aboveThreshold(values: Float64Array): number[] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const threshold = mean - Math.sqrt(squares / (values.length - 1));
  return [...values.keys()].filter((c) => values[c] > threshold);
}
