/** Agglomerative clustering of a sample; a linear classifier spreads its clusters over all pixels. */

import { subset } from "../../pixels/denseFeatures.ts";
import { classSizes, sizeOrder } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { predict } from "../../pixels/predict.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { randomSubset } from "../../tensor/random.ts";
import type { Clustering } from "../clustering.ts";
import { linearSvm } from "../svm/linearSvm.ts";
import { cutTree, type Linkage, linkageTree, pairIndex } from "./linkage.ts";

/** How clusters are linked, and on how many pixels. */
export interface AhcOptions extends JobOptions {
  readonly nClusters: number;
  /** "ward" (default): least growth of the squared distances to the means. "average": mean distance between members. */
  readonly linkage?: Linkage;
  /** "euclidean" (default) or "cosine": 1 - cos(x, y), with "average" only. */
  readonly metric?: "euclidean" | "cosine";
  /** Pixels that the tree is built on; its distances take 2 sample^2 bytes. Default 4096. */
  readonly sample?: number;
  /** Of the sample. Default 0. */
  readonly seed?: number;
}

const SAMPLE = 4096;
/** Rows of one block of distances. */
const BLOCK = 512;

/**
 * Agglomerative clustering, as in scikit-learn. Where there are more pixels than `sample`, a random sample is clustered and a
 * linear classifier, trained on it, labels all pixels; otherwise the pixels keep the tree's labels. Deterministic for a seed.
 * Throws RangeError for options that do not fit.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const { labels } = await ahc(points, { nClusters: 2 });
 * console.log(adjustedRandIndex([0, 0, 1, 1], labels)); // 1
 */
export async function ahc(features: Pixels, options: AhcOptions): Promise<Clustering> {
  const { nClusters: k, linkage = "ward", metric = "euclidean", seed = 0, onProgress, signal } = options;
  const { pixels } = features;
  const size = Math.min(pixels, options.sample ?? SAMPLE);
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`ahc: sample must be a positive integer, got ${size}`);
  if (!Number.isInteger(k) || k < 1 || k > size)
    throw new RangeError(`ahc: nClusters must be an integer from 1 to the ${size} pixels of the sample, got ${k}`);
  if (linkage === "ward" && metric !== "euclidean")
    throw new RangeError(`ahc: Ward linkage needs the Euclidean metric, got ${metric}; use linkage "average"`);
  signal?.throwIfAborted();
  const sampled = size < pixels;
  const sample = sampled ? await subset(features, randomSubset(seed, pixels, size)) : features;
  const distances = await pairDistances(sample, metric, linkage === "ward");
  const unions = linkageTree(distances, size, linkage, (done) => {
    onProgress?.({ phase: "link clusters", done, total: size });
    signal?.throwIfAborted();
  });
  onProgress?.({ phase: "link clusters", done: size, total: size });
  const cut = cutTree(unions, size, k);
  const order = sizeOrder(classSizes(cut, k));
  const own = cut.map((label) => order.indexOf(label));
  const classifier = await linearSvm(sample, { labels: own, nClasses: k, ...(signal && { signal }) });
  if (!sampled) return { k, labels: own, sizes: classSizes(own, k), classifier };
  return bySize(await predict(features, classifier), classifier);
}

/** The clustering of predicted labels, renumbered so that sizes descend. */
function bySize(labels: Uint16Array, classifier: Clustering["classifier"]): Clustering {
  const { k, channels, weight, bias } = classifier;
  const order = sizeOrder(classSizes(labels, k));
  const renamed = labels.map((label) => order.indexOf(label));
  const sorted = new Float32Array(weight.length);
  for (let c = 0; c < k; c++) sorted.set(weight.subarray(order[c] * channels, (order[c] + 1) * channels), c * channels);
  return {
    k,
    labels: renamed,
    sizes: classSizes(renamed, k),
    classifier: { k, channels, weight: sorted, bias: Float32Array.from(order, (old) => bias[old]) },
  };
}

/** Distances of all pairs by `pairIndex`: Euclidean (squared on demand) about the mean, or 1 - cosine. */
async function pairDistances(sample: Pixels, metric: "euclidean" | "cosine", squared: boolean): Promise<Float32Array> {
  const { pixels: n, channels: d, blas } = sample;
  const rows = await sample.rows(Int32Array.from({ length: n }, (_, i) => i));
  const norms = new Float64Array(n);
  const mean = metric === "euclidean" ? (await sample.spread()).mean : new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      rows[i * d + j] -= mean[j];
      norms[i] += rows[i * d + j] ** 2;
    }
    if (metric === "euclidean" || norms[i] === 0) continue;
    // A zero vector has no direction; its cosine with anything counts as 0.
    const length = Math.sqrt(norms[i]);
    for (let j = 0; j < d; j++) rows[i * d + j] /= length;
  }
  const distances = new Float32Array((n * (n - 1)) / 2);
  for (let start = 0; start < n; start += BLOCK) {
    const end = Math.min(n, start + BLOCK);
    const a = rows.subarray(start * d, end * d);
    const b = rows.subarray(0, end * d);
    const products = await blas.gemm({ a, b, m: end - start, n: end, k: d, transposeB: true });
    for (let i = start; i < end; i++)
      for (let j = 0; j < i; j++) {
        const product = products[(i - start) * end + j];
        const square = Math.max(0, norms[i] + norms[j] - 2 * product);
        distances[pairIndex(i, j)] =
          metric === "cosine" ? Math.max(0, 1 - product) : squared ? square : Math.sqrt(square);
      }
  }
  return distances;
}
