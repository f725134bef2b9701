/**
 * Spherical K-means: maximise sum_x cos(x, c(x)) over K unit centroids (Dhillon & Modha 2001). The best centroid of a pixel is the
 * argmax of c.x whatever the length of x, so the clusters are those of a linear classifier without bias.
 */

import { classSizes, classSums, sizeOrder } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { predict } from "../../pixels/predict.ts";
import { unitFeatures } from "../../pixels/unitFeatures.ts";
import type { Clustering } from "../clustering.ts";
import { type KMeansOptions, kMeans } from "./kMeans.ts";

/** As for K-means; it starts from directions that it chooses itself. */
export interface CosineKMeansOptions extends Omit<KMeansOptions, "initialCentroids"> {}

/** Clusters of directions, with the directions themselves. */
export interface CosineKMeansClustering extends Clustering {
  /** [K,D], of length 1. */
  readonly centroids: Float32Array;
}

/**
 * Starts from K-means on a sample of the features scaled to length 1, then iterates over all pixels. Deterministic for a seed. A
 * cluster that loses all its pixels keeps its centroid and comes last, with size 0. Pixels whose features are all zero join the
 * first cluster. Throws RangeError when nClusters is not an integer from 1 to the number of pixels.
 */
export async function cosineKMeans(features: Pixels, options: CosineKMeansOptions): Promise<CosineKMeansClustering> {
  const { nClusters: k, iterations = 5, onProgress, signal } = options;
  const { pixels, channels } = features;
  if (!Number.isInteger(k) || k < 1 || k > pixels)
    throw new RangeError(`cosineKMeans: nClusters must be an integer from 1 to the ${pixels} pixels, got ${k}`);
  const unit = await unitFeatures(features);
  const start = await kMeans(unit, { ...options, iterations: 0 });
  const weight = start.centroids;
  toUnitLength(weight, channels);
  const bias = new Float32Array(k);
  let labels = await predict(features, { k, channels, weight, bias });
  for (let done = 1; done <= iterations; done++) {
    const sums = await classSums(unit, labels, k);
    const sizes = classSizes(labels, k);
    for (let c = 0; c < k; c++)
      if (sizes[c] > 0) weight.set(sums.subarray(c * channels, (c + 1) * channels), c * channels);
    toUnitLength(weight, channels);
    const next = await predict(features, { k, channels, weight, bias });
    const settled = next.every((label, n) => label === labels[n]);
    labels = next;
    onProgress?.({ phase: "group by direction", done, total: iterations });
    signal?.throwIfAborted();
    if (settled) break;
  }
  const order = sizeOrder(classSizes(labels, k));
  const rank = new Uint16Array(k);
  for (let c = 0; c < k; c++) rank[order[c]] = c;
  const centroids = new Float32Array(k * channels);
  for (let c = 0; c < k; c++)
    centroids.set(weight.subarray(order[c] * channels, (order[c] + 1) * channels), c * channels);
  labels = labels.map((label) => rank[label]);
  return {
    k,
    labels,
    sizes: classSizes(labels, k),
    classifier: { k, channels, weight: centroids, bias },
    centroids,
  };
}

/** Scales the rows of `matrix` [K,D] to length 1; a row of zeros stays. */
function toUnitLength(matrix: Float32Array, channels: number): void {
  for (let start = 0; start < matrix.length; start += channels) {
    let square = 0;
    for (let d = 0; d < channels; d++) square += matrix[start + d] ** 2;
    const length = Math.sqrt(square);
    if (length > 0) for (let d = 0; d < channels; d++) matrix[start + d] /= length;
  }
}
