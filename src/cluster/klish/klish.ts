/**
 * KLiSH (Xu, Zhang, Hu, "Extracting Semantic Knowledge from GANs with Unsupervised Learning"): K-means++ over-segments the
 * pixels, one-vs-rest L2-SVMs (Eq. 3) re-draw the clusters with linear borders, and clusters are merged two by two down to 2: the
 * least separable one, by IoU (Eq. 4), into the one whose confidence map is most like its own, by ECoS (Eq. 5).
 *
 * A merge changes the labels of two clusters only, so one SVM is retrained per merge and all others stay optimal: the merges are
 * those of the definition, which retrains all.
 */

import type { Pixels } from "../../pixels/pixels.ts";
import type { MergeTree } from "../tree/mergeTree.ts";
import { mergeBalanced } from "./balance.ts";
import { mergeAll } from "./klishMerge.ts";
import { checkOptions, type KlishOptions } from "./klishOptions.ts";
import { mergeRestarted } from "./restarts.ts";

export type { KlishOptions } from "./klishOptions.ts";

/**
 * Clusters the pixels at every K from K0 down. Deterministic for a seed, and for start labels. Rejects with RangeError for options
 * or labels that do not fit, and with the signal's reason when aborted.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const tree = await klish(points, { initialClusters: 3, seed: 0 });
 * console.log(tree.steps.map(({ k }) => k)); // [ 3, 2 ]
 */
export async function klish(features: Pixels, options: KlishOptions = {}): Promise<MergeTree> {
  const { balance, restarts } = checkOptions(features, options);
  // A tree to resume, as labels given, has its start already.
  if (restarts > 1 && options.resume === undefined && options.initialLabels === undefined)
    return mergeRestarted(features, options);
  return balance === "auto" ? mergeBalanced(features, options) : mergeAll(features, options, balance);
}
