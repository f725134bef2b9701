/** Edits of a cut as data: small, stored, undone by leaving the last one out, and carried over to another tree of the same pixels. */
import { contingency } from "../../metrics/contingency.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { MergeTree } from "./mergeTree.ts";
import {
  cutLabels,
  cutTreeAt,
  lockCluster,
  type MergeClustersOptions,
  mergeClusters,
  nameCluster,
  recut,
  splitCluster,
  type TrainedMerge,
  type TreeCut,
} from "./treeCut.ts";

/** Clusters are named by their index in the cut before the edit. */
export type TreeEdit =
  | { readonly type: "cut"; readonly k: number }
  | { readonly type: "split"; readonly cluster: number }
  | { readonly type: "merge"; readonly clusters: readonly [number, number] }
  | { readonly type: "lock"; readonly cluster: number; readonly locked: boolean }
  | { readonly type: "name"; readonly cluster: number; readonly name: string };

/** The cut at `k`, and what was done to it. */
export interface TreeRecipe {
  readonly k: number;
  readonly edits: readonly TreeEdit[];
}

/** The cut after one edit. Throws RangeError where it does not fit. */
export async function applyTreeEdit(
  features: Pixels,
  cut: TreeCut,
  edit: TreeEdit,
  options?: MergeClustersOptions,
): Promise<TreeCut> {
  switch (edit.type) {
    case "cut":
      return recut(cut, edit.k);
    case "split":
      return splitCluster(cut, edit.cluster);
    case "merge":
      return mergeClusters(features, cut, edit.clusters[0], edit.clusters[1], options);
    case "lock":
      return lockCluster(cut, edit.cluster, edit.locked);
    case "name":
      return nameCluster(cut, edit.cluster, edit.name);
  }
}

/** The cut that a recipe leads to, on the features that the tree was made from. */
export async function replayTreeEdits(
  features: Pixels,
  tree: MergeTree,
  { k, edits }: TreeRecipe,
  options?: MergeClustersOptions,
): Promise<TreeCut> {
  let cut = cutTreeAt(tree, k);
  for (const edit of edits) cut = await applyTreeEdit(features, cut, edit, options);
  return cut;
}

/** How alike clusters must be for an edit to be carried over. */
export interface TransferOptions extends MergeClustersOptions {
  /** Merges of the source trained before; `trained` is of the target. */
  readonly trainedSource?: Map<string, TrainedMerge>;
  /** An edit is left out where a cluster that it names is less like any of the other tree. Default 0.5. */
  readonly minIou?: number;
}

/** An edit that was left out: a cluster has no counterpart, its two clusters have the same one, or that one does not allow the edit. */
export interface SkippedEdit {
  readonly edit: TreeEdit;
  readonly reason: string;
}

/** The edits in the other tree's terms, and those that have no counterpart. */
export interface TransferredEdits {
  /** The recipe for the other tree. */
  readonly recipe: TreeRecipe;
  readonly cut: TreeCut;
  readonly skipped: readonly SkippedEdit[];
}

const MIN_IOU = 0.5;

/**
 * A recipe made on `source`, carried over to `target`: another tree of the same pixels, such as of another seed. Both are edited step
 * by step; a cluster's counterpart is the one of the highest IoU of their pixels in the cuts at that step.
 */
export async function transferTreeEdits(
  features: Pixels,
  source: MergeTree,
  recipe: TreeRecipe,
  target: MergeTree,
  { minIou = MIN_IOU, trainedSource = new Map(), ...options }: TransferOptions = {},
): Promise<TransferredEdits> {
  if (source.pixels !== target.pixels)
    throw new RangeError(`the trees are of ${source.pixels} and ${target.pixels} pixels; expected the same pixels`);
  let from = cutTreeAt(source, recipe.k);
  let to = cutTreeAt(target, recipe.k);
  const edits: TreeEdit[] = [];
  const skipped: SkippedEdit[] = [];
  for (const edit of recipe.edits) {
    const found = counterpart(edit, from, to, minIou);
    if (typeof found === "string") skipped.push({ edit, reason: found });
    else {
      try {
        to = await applyTreeEdit(features, to, found, options);
        edits.push(found);
      } catch (error) {
        // What fits one tree may not fit another: a start cluster cannot be split, a locked one not merged.
        if (!(error instanceof RangeError)) throw error;
        skipped.push({ edit, reason: error.message });
      }
    }
    from = await applyTreeEdit(features, from, edit, { ...options, trained: trainedSource });
  }
  return { recipe: { k: recipe.k, edits }, cut: to, skipped };
}

/** The edit in terms of the other cut, or why there is none. */
function counterpart(edit: TreeEdit, from: TreeCut, to: TreeCut, minIou: number): TreeEdit | string {
  if (edit.type === "cut") return edit;
  const { classes, clusters, counts, classSizes, clusterSizes } = contingency(cutLabels(from), cutLabels(to));
  const match = (cluster: number): { readonly cluster: number; readonly iou: number } => {
    let best = { cluster: -1, iou: 0 };
    for (let c = 0; cluster < classes && c < clusters; c++) {
      const both = counts[cluster * clusters + c];
      const iou = both / (classSizes[cluster] + clusterSizes[c] - both);
      if (iou > best.iou) best = { cluster: c, iou };
    }
    return best;
  };
  const found = (edit.type === "merge" ? edit.clusters : [edit.cluster]).map((cluster) => ({
    of: cluster,
    ...match(cluster),
  }));
  const idOf = (cluster: number): string => `#${from.clusters[cluster]?.node.name ?? "?"}`;
  const poor = found.find(({ iou }) => iou < minIou);
  if (poor !== undefined)
    return `${idOf(poor.of)} has no counterpart: the most like it has an IoU of ${poor.iou.toFixed(2)}`;
  if (edit.type !== "merge") return { ...edit, cluster: found[0].cluster };
  const [a, b] = found;
  if (a.cluster === b.cluster) return `${idOf(a.of)} and ${idOf(b.of)} are one cluster there already`;
  return { type: "merge", clusters: [a.cluster, b.cluster] };
}
