/**
 * What the clusters of a tree say of the features at each K, next to what K-means says there. IoU alone cannot show collapse: one giant
 * cluster is easily told from the rest. It explains little of the variance, though.
 */

import { classSizes, classSums } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import type { MergeTreeContents } from "./mergeTree.ts";

/** How much of the variance of the features the clusters of one K explain. */
export interface ExplainedStep {
  readonly k: number;
  /** R2, the share of the features' variance between the merged clusters, in [0, 1]. */
  readonly r2: number;
  /** R2 over that of K-means at the same K; near 0, the clusters say little. May exceed 1 by a little: K-means has local optima. */
  readonly r2rel: number;
}

/** Of the K-means runs that the clusters are compared with. */
export interface ExplainedOptions extends JobOptions {
  /** Of K-means. Default 0. */
  readonly seed?: number;
}

/** K-means is run at every K that is this much larger than the one before; in between, its R2 is a line over log K. */
const RATIO = 1.5;
/** It need not settle: two figures are compared. */
const ITERATIONS = 10;

/**
 * R2 and R2rel at each K of the tree, over any pixels; `labels` are their start clusters, in [0, K0). A dozen thousand pixels do. Throws
 * RangeError for labels that do not fit.
 */
export async function explainedByTree(
  features: Pixels,
  { initialClusters: k0, steps }: Pick<MergeTreeContents, "initialClusters" | "steps">,
  labels: ArrayLike<number>,
  { seed = 0, onProgress, signal }: ExplainedOptions = {},
): Promise<ExplainedStep[]> {
  const { pixels, channels } = features;
  if (labels.length !== pixels)
    throw new RangeError(`explainedByTree: ${labels.length} labels of ${pixels} pixels; expected one for each`);
  const { mean, variance } = await features.spread();
  const total = pixels * variance;
  const sums = await classSums(features, labels, k0);
  const sizes = classSizes(labels, k0);
  for (let c = 0; c < k0; c++) for (let d = 0; d < channels; d++) sums[c * channels + d] -= sizes[c] * mean[d];
  const between = (c: number): number => {
    let square = 0;
    for (let d = 0; d < channels; d++) square += sums[c * channels + d] ** 2;
    return sizes[c] > 0 ? square / sizes[c] : 0;
  };
  let present = Array.from({ length: k0 }, (_, c) => c);
  let explained = present.reduce((sum, c) => sum + between(c), 0);
  const r2: number[] = [];
  for (const { kept, removed } of steps) {
    r2.push(total > 0 ? explained / total : 0);
    const [q, p] = [present[kept], present[removed]];
    explained -= between(q) + between(p);
    for (let d = 0; d < channels; d++) sums[q * channels + d] += sums[p * channels + d];
    sizes[q] += sizes[p];
    explained += between(q);
    present = present.filter((_, i) => i !== removed);
  }

  const least = steps[steps.length - 1].k;
  const ks = [least];
  while (ks[ks.length - 1] < k0) ks.push(Math.min(k0, Math.ceil(ks[ks.length - 1] * RATIO)));
  const reference: number[] = [];
  for (const [i, nClusters] of ks.entries()) {
    onProgress?.({ phase: "compare with k-means", done: i, total: ks.length });
    signal?.throwIfAborted();
    const sampleIterations = ITERATIONS;
    const { inertia } = await kMeans(features, { nClusters: Math.min(nClusters, pixels), seed, sampleIterations });
    reference.push(total > 0 ? 1 - inertia / total : 0);
  }
  return steps.map(({ k }, i) => {
    const above = ks.findIndex((other) => other >= k);
    const share = above === 0 ? 1 : Math.log(k / ks[above - 1]) / Math.log(ks[above] / ks[above - 1]);
    const best = share * reference[above] + (above === 0 ? 0 : (1 - share) * reference[above - 1]);
    // Where K-means explains nothing there is nothing to explain.
    return { k, r2: r2[i], r2rel: best > 0 ? r2[i] / best : 1 };
  });
}
