/**
 * KASP, fast approximate spectral clustering (Yan, Huang & Jordan 2009): K-means to many centroids, normalised cuts of the graph of
 * the centroids, and each pixel follows its centroid.
 *
 * The graph joins each centroid with its 10 nearest (weight 1/2 for each direction) and needs no scale. As in scikit-learn's
 * `SpectralClustering(affinity="nearest_neighbors")`, the embedding is the K leading eigenvectors of D^-1/2 W D^-1/2, rows divided by
 * sqrt(degree), and K-means cuts it.
 */

import { symmetricEigen } from "../../numeric/symmetricEigen.ts";
import { denseFeatures } from "../../pixels/denseFeatures.ts";
import { classSizes, sizeOrder } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Clustering } from "../clustering.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import { linearSvm } from "../svm/linearSvm.ts";

/** Sizes and random numbers of KASP. */
export interface KaspOptions extends JobOptions {
  readonly nClusters: number;
  /** Default 0. */
  readonly seed?: number;
  /** Centroids of the K-means, at least nClusters; the graph's eigenvectors take the cube of it. Default 400, or all pixels. */
  readonly nCentroids?: number;
}

const CENTROIDS = 400;
/** The centroids only stand in for the pixels near them; they need not settle. */
const SAMPLE_ITERATIONS = 10;
const PIXEL_ITERATIONS = 2;
const NEIGHBOURS = 10;
/** Starts of the K-means that cuts the embedding, and iterations of each, as in scikit-learn 1.2 up to convergence. */
const RESTARTS = 10;
const ITERATIONS = 100;

/** Clusters by KASP. Deterministic for a seed. Throws RangeError for options that do not fit. */
export async function kasp(features: Pixels, options: KaspOptions): Promise<Clustering> {
  const { nClusters: k, seed = 0, ...job } = options;
  const { pixels, channels, blas } = features;
  const m = Math.min(pixels, options.nCentroids ?? Math.max(k, CENTROIDS));
  if (!Number.isInteger(m) || m < 1)
    throw new RangeError(`kasp: nCentroids must be a positive integer, got ${options.nCentroids}`);
  if (!Number.isInteger(k) || k < 1 || k > m)
    throw new RangeError(`kasp: nClusters must be an integer from 1 to the ${m} centroids, got ${k}`);
  const { onProgress, signal } = job;
  const fine = await kMeans(features, {
    nClusters: m,
    seed,
    sampleIterations: SAMPLE_ITERATIONS,
    iterations: PIXEL_ITERATIONS,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  // Centroids without pixels come last; they would only distort the graph.
  const nodes = Math.max(k, fine.sizes.findLastIndex((size) => size > 0) + 1);
  const embedding = spectralEmbedding(fine.centroids.subarray(0, nodes * channels), nodes, k);
  onProgress?.({ phase: "cut the graph", done: 1, total: 1 + RESTARTS });
  const points = denseFeatures({ dtype: "float32", shape: [nodes, k], data: embedding }, { blas });
  let best: { readonly labels: Uint16Array; readonly inertia: number } | undefined;
  for (let restart = 0; restart < RESTARTS; restart++) {
    const start = seed * RESTARTS + restart;
    const cut = await kMeans(points, { nClusters: k, seed: start, sampleIterations: ITERATIONS });
    if (best === undefined || cut.inertia < best.inertia) best = cut;
    onProgress?.({ phase: "cut the graph", done: 2 + restart, total: 1 + RESTARTS });
    signal?.throwIfAborted();
  }
  const nodeLabels = (best as { readonly labels: Uint16Array }).labels;
  const found = fine.labels.map((node) => nodeLabels[node]);
  const order = sizeOrder(classSizes(found, k));
  const labels = found.map((label) => order.indexOf(label));
  const { weight, bias } = await linearSvm(features, { labels, nClasses: k, ...(signal && { signal }) });
  return { k, labels, sizes: classSizes(labels, k), classifier: { k, channels, weight, bias } };
}

/** [nodes,k]: the k leading eigenvectors of the normalised affinity of `points` [nodes,D], by rows, over sqrt(degree). */
function spectralEmbedding(points: Float32Array, nodes: number, k: number): Float32Array {
  const affinity = neighbourAffinity(points, nodes);
  const root = new Float64Array(nodes);
  for (let i = 0; i < nodes; i++) {
    let degree = 0;
    for (let j = 0; j < nodes; j++) degree += affinity[i * nodes + j];
    // A node without neighbours is a component of its own.
    root[i] = degree > 0 ? Math.sqrt(degree) : 1;
  }
  for (let i = 0; i < nodes; i++) for (let j = 0; j < nodes; j++) affinity[i * nodes + j] /= root[i] * root[j];
  const { vectors } = symmetricEigen(affinity, nodes);
  // Scaled so that coordinates are about 1: float32 then keeps their digits.
  const scale = Math.sqrt(root.reduce((sum, r) => sum + r * r, 0));
  const embedding = new Float32Array(nodes * k);
  for (let i = 0; i < nodes; i++)
    for (let c = 0; c < k; c++) embedding[i * k + c] = (scale * vectors[(nodes - 1 - c) * nodes + i]) / root[i];
  return embedding;
}

/** [nodes,nodes]: half the number of directions in which two nodes are among each other's nearest; zero on the diagonal. */
function neighbourAffinity(points: Float32Array, nodes: number): Float64Array {
  const channels = points.length / nodes;
  const squares = new Float64Array(nodes * nodes);
  for (let i = 0; i < nodes; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let d = 0; d < channels; d++) sum += (points[i * channels + d] - points[j * channels + d]) ** 2;
      squares[i * nodes + j] = sum;
      squares[j * nodes + i] = sum;
    }
  const affinity = new Float64Array(nodes * nodes);
  for (let i = 0; i < nodes; i++) {
    const row = squares.subarray(i * nodes, (i + 1) * nodes);
    // The node itself is the first.
    const reach = row.slice().sort()[Math.min(NEIGHBOURS, nodes - 1)];
    for (let j = 0; j < nodes; j++) {
      if (j === i || row[j] > reach) continue;
      affinity[i * nodes + j] += 0.5;
      affinity[j * nodes + i] += 0.5;
    }
  }
  return affinity;
}
