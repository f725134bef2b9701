/** The rules by which the next two clusters to merge are chosen. */

import type { ConfidenceProducts } from "./confidence.ts";

/** Which two clusters become one: positions among the present clusters. */
export interface MergeChoice {
  /** p, which disappears. */
  readonly removed: number;
  /** q, which absorbs it and keeps its position. */
  readonly kept: number;
  /** ECoS of the two, or S_lambda under the pair criterion. */
  readonly similarity: number;
}

export interface MergeState {
  /** The confidence map of each present cluster. */
  readonly maps: readonly number[];
  readonly confidence: ConfidenceProducts;
  readonly iou: Float64Array;
  readonly sizes: Float64Array;
}

/** The paper's rule: p = argmin IoU, q = argmax ECoS(p, .). The first position wins a tie. */
export function paperRule({ maps, confidence, iou }: MergeState): MergeChoice {
  let removed = 0;
  for (let i = 1; i < iou.length; i++) if (iou[i] < iou[removed]) removed = i;
  let kept = -1;
  let similarity = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < maps.length; i++) {
    if (i === removed) continue;
    const ecos = confidence.similarity(maps[removed], maps[i], 0);
    if (ecos > similarity) {
      similarity = ecos;
      kept = i;
    }
  }
  return { removed, kept, similarity };
}

/** The pair rule: (p, q) = argmax S_lambda over all pairs; the smaller joins the larger. The first pair wins a tie. */
export function pairRule({ maps, confidence, sizes }: MergeState, lambda: number): MergeChoice {
  let best: [number, number] = [0, 1];
  let similarity = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < maps.length; i++)
    for (let j = i + 1; j < maps.length; j++) {
      const value = confidence.similarity(maps[i], maps[j], lambda);
      if (value > similarity) {
        similarity = value;
        best = [i, j];
      }
    }
  const [i, j] = best;
  return sizes[i] <= sizes[j] ? { removed: i, kept: j, similarity } : { removed: j, kept: i, similarity };
}
