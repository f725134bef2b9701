/**
 * A hierarchy of clusters by their confidence maps alone: average linkage of 1 - S_lambda of the classifiers given. No SVM is trained
 * for a merge, so once the maps have been compared every K and every lambda is at hand at once: what a slider needs. The clusters
 * of a tree's pixels are `tree.initialLabels.map((label) => linkage.namesAt(k)[label])`.
 */

import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pixelRanges } from "../../pixels/ranges.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { cutTree, linkageTree, pairIndex, type Union } from "./linkage.ts";

/** Average linkage of clusters by ECoS, to be cut at any K. */
export interface EcosLinkage {
  /**
   * For each class of the classifier its cluster in [0, k), numbered by first occurrence. `lambda` in [0, 1] as of the pair criterion;
   * default 0, which is ECoS. Throws RangeError for a k outside 1 to the classes, or another lambda.
   */
  namesAt(k: number, lambda?: number): Uint16Array;
}

/**
 * Compares the confidence maps of one-vs-rest classifiers, such as `tree.classifierAt(tree.initialClusters)`, over all pixels.
 */
export async function ecosLinkage(
  features: Pixels,
  classifier: LinearClassifier,
  { onProgress, signal }: JobOptions = {},
): Promise<EcosLinkage> {
  const { k: classes, weight, bias } = classifier;
  const { pixels, blas } = features;
  const products = new Float64Array(classes * classes);
  const means = new Float64Array(classes);
  for (const range of pixelRanges(features)) {
    const n = range.end - range.start;
    const v = await features.scores(weight, bias, undefined, range);
    for (let i = 0; i < v.length; i++) v[i] = (Math.max(-1, Math.min(1, v[i])) + 1) / 2;
    const part = await blas.gemm({ a: v, b: v, m: classes, n: classes, k: n, transposeB: true });
    for (let i = 0; i < part.length; i++) products[i] += part[i] / pixels;
    for (let c = 0, at = 0; c < classes; c++) for (let i = 0; i < n; i++, at++) means[c] += v[at] / pixels;
    onProgress?.({ phase: "compare clusters", done: range.end, total: pixels });
    signal?.throwIfAborted();
  }
  const known = new Map<number, Union[]>();
  const unionsOf = (lambda: number): Union[] => {
    const distances = new Float32Array((classes * (classes - 1)) / 2);
    const centred = (i: number, j: number): number => products[i * classes + j] - lambda * means[i] * means[j];
    for (let i = 0; i < classes; i++)
      for (let j = 0; j < i; j++) {
        const scale = Math.sqrt(Math.max(0, centred(i, i) * centred(j, j)));
        distances[pairIndex(i, j)] = 1 - (scale > 0 ? centred(i, j) / scale : 0);
      }
    return linkageTree(distances, classes, "average");
  };
  return {
    namesAt(k, lambda = 0) {
      if (!Number.isInteger(k) || k < 1 || k > classes)
        throw new RangeError(`ecosLinkage: k must be an integer from 1 to the ${classes} classes, got ${k}`);
      if (!(lambda >= 0 && lambda <= 1)) throw new RangeError(`ecosLinkage: lambda must be from 0 to 1, got ${lambda}`);
      const unions = known.get(lambda) ?? unionsOf(lambda);
      known.set(lambda, unions);
      return cutTree(unions, classes, k);
    },
  };
}
