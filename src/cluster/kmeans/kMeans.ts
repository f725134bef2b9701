/**
 * K-means: minimise sum_x |x - c(x)|^2 over K centroids, c(x) the nearest. K-means++ with greedy trials and Lloyd's iterations on
 * a sample, then a few over all pixels. A nearest centroid is the argmax of the linear scores c.x - |c|^2 / 2, so every step runs on
 * `Pixels`. All scores are taken about the mean: a large common offset costs no digits.
 */

import { accumulate } from "../../numeric/matrices.ts";
import { denseFeatures } from "../../pixels/denseFeatures.ts";
import { classSizes, sizeOrder } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { NearestPass, Pixels, Spread } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { RandomState } from "../../tensor/random.ts";
import type { Clustering } from "../clustering.ts";

/** How many clusters, from where, and when to stop. */
export interface KMeansOptions extends JobOptions {
  readonly nClusters: number;
  /** Default 0. */
  readonly seed?: number;
  /** Pixels on which the start is sought. Default 32768. */
  readonly sampleSize?: number;
  /** Lloyd's iterations on the sample. Default 30. They stop early when nothing moves. */
  readonly sampleIterations?: number;
  /** Iterations over all pixels. Default 2 after a sample, which leaves little to move; else 5. */
  readonly iterations?: number;
  /** [K,D]: start over all pixels from these instead of from a sample. */
  readonly initialCentroids?: Float32Array;
  /** Continue what an earlier run with the same options had. */
  readonly resume?: KMeansProgress;
  /** Called before and after each iteration over all pixels with what may be passed as `resume`. */
  readonly onIteration?: (progress: KMeansProgress) => void | Promise<void>;
}

/** K-means between two iterations over all pixels. */
export interface KMeansProgress extends Spread {
  /** About the mean, [K,D]. */
  readonly centroids: Float64Array;
  /** Iterations over all pixels that were done. */
  readonly iterations: number;
}

export interface KMeansClustering extends Clustering {
  /** [K,D]. */
  readonly centroids: Float32Array;
  /** sum_x |x - c(x)|^2. */
  readonly inertia: number;
}

const SAMPLE_SIZE = 32768;
const ITERATIONS = 5;
const ITERATIONS_AFTER_SAMPLE = 2;
/** Bytes that the sample's dense rows may take. */
const SAMPLE_BYTES = 64 * 2 ** 20;
/** Iterations stop when the squared shift of all centroids is below this share of the mean channel variance, as in scikit-learn. */
const SHIFT_TOLERANCE = 1e-4;

/**
 * Clusters by K-means. Deterministic for a seed. A cluster that loses all its pixels keeps its centroid and comes last, with size
 * 0. Throws RangeError when nClusters is not an integer from 1 to the number of pixels.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const { labels, sizes } = await kMeans(points, { nClusters: 2 });
 * console.log(labels[0] === labels[1], labels[2] === labels[3], [...sizes]); // true true [ 2, 2 ]
 */
export async function kMeans(features: Pixels, options: KMeansOptions): Promise<KMeansClustering> {
  const { nClusters: k, seed = 0, sampleIterations = 30 } = options;
  const { pixels, channels } = features;
  if (!Number.isInteger(k) || k < 1 || k > pixels)
    throw new RangeError(`kMeans: nClusters must be an integer from 1 to the ${pixels} pixels, got ${k}`);
  const statistics: Spread = options.resume ?? (await features.spread());
  const limit = Math.max(k, Math.floor(SAMPLE_BYTES / (4 * channels)));
  const size = Math.min(pixels, Math.max(k, options.sampleSize ?? SAMPLE_SIZE), limit);
  const sampled = options.initialCentroids === undefined && size < pixels;
  const iterations = options.iterations ?? (sampled ? ITERATIONS_AFTER_SAMPLE : ITERATIONS);
  const total = (options.initialCentroids ? 0 : sampleIterations) + iterations;
  let done = 0;
  const advance = () => {
    options.onProgress?.({ phase: "group the pixels", done: ++done, total });
    options.signal?.throwIfAborted();
  };
  let centroids: Float64Array;
  if (options.resume !== undefined) {
    centroids = options.resume.centroids;
    done = total - iterations + options.resume.iterations;
  } else if (options.initialCentroids !== undefined) {
    if (options.initialCentroids.length !== k * channels)
      throw new RangeError(
        `kMeans: initialCentroids must be [${k}, ${channels}], got ${options.initialCentroids.length} numbers`,
      );
    centroids = Float64Array.from(options.initialCentroids, (x, i) => x - statistics.mean[i % channels]);
  } else {
    const random = new RandomState(seed);
    const sample = await centredSample(features, random.permutation(pixels).subarray(0, size), statistics.mean);
    const about: Spread = { mean: new Float64Array(channels), variance: statistics.variance };
    centroids = await kMeansPlusPlus(sample, k, random);
    centroids = await lloyd(sample, centroids, about, sampleIterations, false, advance);
  }
  const first = options.resume?.iterations ?? 0;
  await options.onIteration?.({ ...statistics, centroids, iterations: first });
  let all = first;
  const resumable = options.resume !== undefined || options.onIteration !== undefined;
  centroids = await lloyd(features, centroids, statistics, iterations - first, resumable, async (now) => {
    advance();
    await options.onIteration?.({ ...statistics, centroids: now, iterations: ++all });
  });
  return finish(features, centroids, statistics);
}

/** The pixels of `index`, ascending, less the mean. */
async function centredSample(features: Pixels, index: Int32Array, mean: Float64Array): Promise<Pixels> {
  const data = await features.rows(index.slice().sort());
  for (let at = 0; at < data.length; ) for (let d = 0; d < mean.length; d++) data[at++] -= mean[d];
  return denseFeatures({ dtype: "float32", shape: [index.length, mean.length], data }, { blas: features.blas });
}

/** The classifier that names the nearest of the centroids (about the mean, [K,D]). */
function nearest(centroids: Float64Array, mean: Float64Array): LinearClassifier {
  const channels = mean.length;
  const k = centroids.length / channels;
  const bias = new Float32Array(k);
  for (let c = 0; c < k; c++) {
    let sum = 0;
    for (let d = 0; d < channels; d++) {
      const x = centroids[c * channels + d];
      sum -= x * (x / 2 + mean[d]);
    }
    bias[c] = sum;
  }
  return { k, channels, weight: Float32Array.from(centroids), bias };
}

/** K-means++ with the best of 2 + ln K candidates for each further centroid (greedy, as in scikit-learn). */
async function kMeansPlusPlus(sample: Pixels, k: number, random: RandomState): Promise<Float64Array> {
  const { pixels: n, channels, blas } = sample;
  const rows = await sample.rows(Int32Array.from({ length: n }, (_, i) => i));
  const squares = squaredNorms(rows, channels);
  /** Squared distances of all rows to the rows of `candidates`, [T,n]. */
  const distances = async (candidates: Int32Array): Promise<Float32Array> => {
    const t = candidates.length;
    const result = await blas.gemm({
      a: await sample.rows(candidates),
      b: rows,
      m: t,
      n,
      k: channels,
      transposeB: true,
    });
    for (let c = 0; c < t; c++) toDistances(result.subarray(c * n, (c + 1) * n), squares, squares[candidates[c]]);
    return result;
  };
  const chosen = Int32Array.of(random.randint(n));
  const centroids = new Float64Array(k * channels);
  centroids.set(await sample.rows(chosen));
  const closest = Float64Array.from(await distances(chosen));
  const trials = 2 + Math.floor(Math.log(k));
  const cumulative = new Float64Array(n);
  for (let c = 1; c < k; c++) {
    const total = accumulated(closest, cumulative);
    const candidates = Int32Array.from({ length: trials }, () => lowerBound(cumulative, random.randomSample() * total));
    const found = await distances(candidates);
    const best = bestCandidate(closest, found, trials);
    lower(closest, found.subarray(best * n, (best + 1) * n));
    centroids.set(await sample.rows(candidates.subarray(best, best + 1)), c * channels);
  }
  return centroids;
}

// Plain loops of `kMeansPlusPlus`: inside an asynchronous function they run far slower.

/** |x|^2 of each row. */
function squaredNorms(rows: Float32Array, channels: number): Float64Array {
  const squares = new Float64Array(rows.length / channels);
  for (let i = 0, at = 0; i < squares.length; i++) {
    let sum = 0;
    for (const end = at + channels; at < end; at++) sum += rows[at] * rows[at];
    squares[i] = sum;
  }
  return squares;
}

/** Products x.c become |x - c|^2, from |x|^2 and |c|^2. */
function toDistances(products: Float32Array, squares: Float64Array, own: number): void {
  for (let i = 0; i < products.length; i++) products[i] = Math.max(0, squares[i] - 2 * products[i] + own);
}

/** The running sums of `values`; returns the last. */
function accumulated(values: Float64Array, sums: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i];
    sums[i] = total;
  }
  return total;
}

/** The candidate, of `trials` with squared distances `found` [T,n], that leaves the least sum of squared distances. */
function bestCandidate(closest: Float64Array, found: Float32Array, trials: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let t = 0, at = 0; t < trials; t++) {
    let potential = 0;
    for (let i = 0; i < closest.length; i++, at++) potential += Math.min(closest[i], found[at]);
    if (potential < least) {
      least = potential;
      best = t;
    }
  }
  return best;
}

/** values = min(values, others). */
function lower(values: Float64Array, others: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i], others[i]);
}

/** The first position of the ascending `values` that is not below `x`, at most the last one. */
function lowerBound(values: Float64Array, x: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function lloyd(
  features: Pixels,
  start: Float64Array,
  { mean, variance }: Spread,
  iterations: number,
  resumable: boolean,
  advance: (centroids: Float64Array) => void | Promise<void>,
): Promise<Float64Array> {
  const { channels } = features;
  const centroids = start.slice();
  const assign = assigner(features, resumable);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { sums, sizes } = await assign(nearest(centroids, mean));
    const shift = recentre(centroids, sums, sizes, mean);
    await advance(centroids);
    if (shift <= (SHIFT_TOLERANCE * variance) / channels) break;
  }
  return centroids;
}

/** Moves each centroid (about the mean) to that of its pixels, if it has any; returns the sum of squared moves. */
function recentre(centroids: Float64Array, sums: Float64Array, sizes: Float64Array, mean: Float64Array): number {
  const channels = mean.length;
  let shift = 0;
  for (let c = 0; c < sizes.length; c++) {
    if (sizes[c] === 0) continue;
    for (let d = 0, at = c * channels; d < channels; d++, at++) {
      const moved = sums[at] / sizes[c] - mean[d];
      shift += (moved - centroids[at]) ** 2;
      centroids[at] = moved;
    }
  }
  return shift;
}

/**
 * Assigns all pixels at each call. After the first, the sums of clusters are those of the call before, moved by the pixels that
 * changed theirs: few do, after some iterations. A run that may be continued sums all pixels each time, as its continuation will.
 */
function assigner(
  features: Pixels,
  resumable: boolean,
): (classifier: LinearClassifier) => Promise<Pick<NearestPass, "sums" | "sizes">> {
  let before: Uint16Array | undefined;
  let sums: Float64Array = new Float64Array(0);
  return async (classifier) => {
    const pass = await features.nearest(classifier, { before });
    if (before === undefined) ({ sums } = pass);
    else accumulate(sums, pass.sums);
    if (!resumable) before = pass.labels;
    return { sums, sizes: pass.sizes };
  };
}

/** Assigns every pixel, and numbers the clusters by size. */
async function finish(
  features: Pixels,
  centroids: Float64Array,
  { mean, variance }: Spread,
): Promise<KMeansClustering> {
  const { pixels, channels } = features;
  const k = centroids.length / channels;
  const found = nearest(centroids, mean);
  const { labels, sizes, scored } = await features.nearest(found, { sums: false });
  const order = sizeOrder(sizes);
  const rank = new Uint16Array(k);
  for (let c = 0; c < k; c++) rank[order[c]] = c;
  const sorted = labels.map((label) => rank[label]);
  const weight = new Float32Array(k * channels);
  const result = new Float32Array(k * channels);
  for (let c = 0; c < k; c++)
    for (let d = 0; d < channels; d++) {
      weight[c * channels + d] = found.weight[order[c] * channels + d];
      result[c * channels + d] = centroids[order[c] * channels + d] + mean[d];
    }
  const bias = Float32Array.from(order, (old) => found.bias[old]);
  return {
    k,
    labels: sorted,
    sizes: classSizes(sorted, k),
    classifier: { k, channels, weight, bias },
    centroids: result,
    // |x - c|^2 = |x|^2 - 2 (c.x - |c|^2 / 2), all about the mean.
    inertia: Math.max(0, pixels * variance - 2 * scored),
  };
}
