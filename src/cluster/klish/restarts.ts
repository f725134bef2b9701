/**
 * The best of several K-means starts, found without a label: the one whose tree has the least objective. Where clusters follow the
 * linear structure of the features, their SVMs have little loss (the paper minimises the mean of f_k, Eq. 3); a bad start leaves
 * clusters that cut through it, and no merge mends them. Of what was tried (docs/ALGORITHM.md) this chose best. A tree in which one
 * giant has swallowed the rest has little loss too; starts that the guard of the balance does not pass are taken only where none does.
 */

import { classSizes, classSums } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import type { MergeTree } from "../tree/mergeTree.ts";
import { chooseBalance, guardedKs, informative, sampleOf } from "./balance.ts";
import { mergeAll } from "./klishMerge.ts";
import { forSample, type KlishOptions, startClusters } from "./klishOptions.ts";

/** Trees are compared over these fractions of K0: below the start's own splits, above what so few clusters force. */
const LEAST = 1 / 8;
const MOST = 1 / 2;
/** Iterations of K-means that spread a start found on a sample over all pixels. */
const ITERATIONS = 2;

/**
 * Merges from the best of `restarts` starts, of the seeds `seed`, `seed` + 1, ... They are tried on a sample of the pixels where there
 * are many, all with one lambda.
 */
export async function mergeRestarted(features: Pixels, options: KlishOptions): Promise<MergeTree> {
  const settings = forSample(options);
  const { seed = 0, criterion, onProgress, restarts = 1, minClusters = 2 } = options;
  const auto = criterion === "pair" && typeof options.balance !== "number";
  const balance = auto
    ? await chooseBalance(features, options)
    : typeof options.balance === "number"
      ? options.balance
      : 0;
  // A start that was chosen before the run was stopped.
  if (options.resumeStart?.clusters !== undefined) return mergeAll(features, { ...options, filter: false }, balance);
  const sample = await sampleOf(features, options);
  const k0 = startClusters(options);
  const ks = guardedKs(options);
  const candidates: Candidate[] = [];
  for (let i = 0; i < restarts; i++) {
    onProgress?.({ phase: "try several starts", done: i, total: restarts, note: `seed ${seed + i}` });
    const least = Math.max(minClusters, 2, Math.round(LEAST * k0));
    const tree = await mergeAll(sample, { ...settings, seed: seed + i, minClusters: least }, balance);
    candidates.push({ tree, objective: treeObjective(tree), guarded: await informative(sample, tree, ks, seed) });
  }
  onProgress?.({ phase: "try several starts", done: restarts, total: restarts });
  const { tree } = bestStart(candidates);
  const start = sample === features ? tree : await spreadStart(features, sample, tree);
  const { initialLabels, initialClusters } = start;
  await options.onStart?.({ clusters: { labels: initialLabels, k: initialClusters } });
  return mergeAll(features, { ...options, filter: false, initialLabels, initialClusters }, balance);
}

export interface Candidate {
  readonly tree: MergeTree;
  readonly objective: number;
  /** Whether its clusters explain about as much as those of K-means. */
  readonly guarded: boolean;
}

/** The least objective among those that the guard passes, or among all; the first wins a tie. */
export function bestStart(candidates: readonly Candidate[]): Candidate {
  const passed = candidates.filter(({ guarded }) => guarded);
  return (passed.length > 0 ? passed : candidates).reduce((best, c) => (c.objective < best.objective ? c : best));
}

/** The mean over K from K0/8 to K0/2 of the mean objective of the K SVMs: less is better. */
export function treeObjective({ initialClusters, steps }: Pick<MergeTree, "initialClusters" | "steps">): number {
  const within = steps.filter(({ k }) => k >= LEAST * initialClusters && k <= MOST * initialClusters);
  const compared = within.length > 0 ? within : steps;
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  return mean(compared.map(({ objective }) => mean(Array.from(objective))));
}

/** The start clusters of a sample's tree over all pixels. */
async function spreadStart(features: Pixels, sample: Pixels, tree: MergeTree) {
  const { initialLabels, initialClusters } = tree;
  const { channels } = features;
  const sizes = classSizes(initialLabels, initialClusters);
  const sums = await classSums(sample, initialLabels, initialClusters);
  const initialCentroids = Float32Array.from(sums, (sum, i) => sum / Math.max(1, sizes[Math.floor(i / channels)]));
  const found = await kMeans(features, { nClusters: initialClusters, initialCentroids, iterations: ITERATIONS });
  return { initialLabels: found.labels, initialClusters: found.sizes.findLastIndex((size) => size > 0) + 1 };
}
