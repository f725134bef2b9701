/**
 * The choice of lambda for the pair criterion without any label. One cluster that swallows the rest explains little of the features'
 * variance: the explained share R2 = sum_k n_k |mu_k - mu|^2 / sum_x |x - mu|^2 is compared with that of K-means at the same K, and the
 * least lambda that keeps enough of it wins.
 */

import { subset } from "../../pixels/denseFeatures.ts";
import { classSizes, classSums } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { predict } from "../../pixels/predict.ts";
import { randomSubset } from "../../tensor/random.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import { type MergeTree, mergeTree } from "../tree/mergeTree.ts";
import { mergeAll } from "./klishMerge.ts";
import { forSample, type KlishOptions, startClusters } from "./klishOptions.ts";

const BALANCES = [0, 0.5, 1];
/** The share of K-means' R2 that is enough; chosen on few generators. */
const ENOUGH = 0.7;
/** R2 is compared at these fractions of K0, about where people stop merging. */
const FRACTIONS = [1 / 4, 1 / 8];
const LEAST_CLUSTERS = 3;
/** Pixels that candidates are tried on, and the least per start cluster: parts change little beyond (docs/MEASURED.md). */
const SAMPLE = 32768;
const PIXELS_PER_CLUSTER = 64;

/**
 * Merges with the least lambda that passes the guard, else with the largest. Candidates are tried on a sample of the pixels, from a
 * start of its own, so all pixels are merged once. A resumed tree has its lambda already.
 */
export async function mergeBalanced(features: Pixels, options: KlishOptions): Promise<MergeTree> {
  const balance = options.resume?.balance ?? (await chooseBalance(features, options));
  return mergeAll(features, options, balance);
}

/** The pixels that candidates are tried on: a random sample, or `features` itself where they are few. */
export async function sampleOf(features: Pixels, options: KlishOptions): Promise<Pixels> {
  const { pixels } = features;
  const size = Math.min(pixels, Math.max(SAMPLE, PIXELS_PER_CLUSTER * startClusters(options)));
  if (size === pixels) return features;
  return subset(features, randomSubset(options.seed ?? 0, pixels, size));
}

/** The least lambda whose clusters explain enough, else the largest. */
export async function chooseBalance(features: Pixels, options: KlishOptions): Promise<number> {
  const { initialLabels, ...settings } = forSample(options);
  const { seed = 0, onProgress } = options;
  const sample = await sampleOf(features, options);
  const whole = sample === features;
  const ks = guardedKs(options);
  const last = BALANCES.length - 1;
  let tree: MergeTree | undefined;
  for (const [i, balance] of BALANCES.slice(0, last).entries()) {
    onProgress?.({ phase: "weigh chance overlap", done: i, total: last, note: `trying ${balance}` });
    tree = await mergeAll(
      sample,
      {
        ...settings,
        minClusters: Math.min(...ks),
        ...(whole && initialLabels !== undefined ? { initialLabels } : {}),
        ...(tree === undefined ? {} : { resume: startOf(tree, balance) }),
      },
      balance,
    );
    if (await informative(sample, tree, ks, seed)) {
      onProgress?.({ phase: "weigh chance overlap", done: last, total: last, note: `${balance}` });
      return balance;
    }
  }
  onProgress?.({ phase: "weigh chance overlap", done: last, total: last, note: `${BALANCES[last]}` });
  return BALANCES[last];
}

/** The tree cut back to K0, to be merged again with another lambda. */
function startOf(tree: MergeTree, balance: number): MergeTree {
  const { initialClusters: k0, channels } = tree;
  const weight = tree.weight.slice(0, k0 * channels);
  return mergeTree({ ...tree, balance, weight, bias: tree.bias.slice(0, k0), steps: tree.steps.slice(0, 1) });
}

/** The K at which trees are compared with K-means. */
export function guardedKs(options: KlishOptions): number[] {
  const { minClusters = 2 } = options;
  const k0 = startClusters(options);
  return FRACTIONS.map((fraction) => Math.max(LEAST_CLUSTERS, minClusters, Math.round(k0 * fraction)));
}

/** Whether the tree's clusters explain enough of the sample's variance at every K compared that it holds. */
export async function informative(
  sample: Pixels,
  tree: MergeTree,
  ks: readonly number[],
  seed: number,
): Promise<boolean> {
  for (const k of ks) {
    if (!tree.steps.some((step) => step.k === k)) continue;
    const found = await explainedVariance(sample, await predict(sample, tree.classifierAt(k)), k);
    const best = await kMeans(sample, { nClusters: k, seed });
    if (found < ENOUGH * (await explainedVariance(sample, best.labels, k))) return false;
  }
  return true;
}

/** R2 of a labelling: the share of the features' variance that lies between its k clusters, in [0, 1]. */
export async function explainedVariance(features: Pixels, labels: ArrayLike<number>, k: number): Promise<number> {
  const { pixels, channels } = features;
  const { mean, variance } = await features.spread();
  if (variance === 0) return 0;
  const sums = await classSums(features, labels, k);
  const sizes = classSizes(labels, k);
  let between = 0;
  for (let c = 0; c < k; c++) {
    if (sizes[c] === 0) continue;
    for (let d = 0; d < channels; d++) between += (sums[c * channels + d] / sizes[c] - mean[d]) ** 2 * sizes[c];
  }
  return between / (pixels * variance);
}
