/** What KLiSH leaves behind: every clustering from K0 down to 2, as one tree of merges and its classifiers. */
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";

/** The numbers of one step. Indices in `kept`, `removed` count among this step's K clusters. */
export interface MergeRecord {
  readonly k: number;
  /** For each of the K clusters, the row of its classifier in the tree's `weight` and `bias`. */
  readonly members: Int32Array;
  /** Eq. 4, per cluster, of the binary decision against the merged labels. */
  readonly iou: Float64Array;
  /** f_k of Eq. 3, per cluster. */
  readonly objective: Float64Array;
  /** The certified relative gap (f - min f) / f of each cluster's SVM. */
  readonly gap: Float64Array;
  /** Pixels per cluster, by merged labels. */
  readonly sizes: Float64Array;
  /** q: the cluster that absorbs `removed` and keeps its index. */
  readonly kept: number;
  /** p: the cluster that disappears. */
  readonly removed: number;
  /** The score of the pair: ECoS (Eq. 5), or S_lambda under the pair criterion. */
  readonly ecos: number;
}

/** The state at one K and the merge that leads to K - 1. */
export interface MergeStep extends MergeRecord {
  /** [K,D] and [K], gathered from the tree's rows at each access. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The contents of a tree, as they are stored. */
export interface MergeTreeContents {
  readonly pixels: number;
  readonly channels: number;
  readonly initialClusters: number;
  readonly criterion: "paper" | "pair";
  /** lambda of the pair criterion that was used; 0 for the paper's. */
  readonly balance: number;
  /** Cluster of each pixel at K0, in [0, K0). */
  readonly initialLabels: Uint16Array;
  /** [R,D] and [R]: every classifier ever trained. Rows 0..K0-1 are those of K0; each merge adds one row. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** The first at K0, one per K, in descending order of K. */
  readonly steps: readonly MergeRecord[];
}

/** Every K from K0 to the last: the merges, with labels and classifiers at each. */
export interface MergeTree extends MergeTreeContents {
  readonly steps: readonly MergeStep[];
  /** The start labels merged down to `k` clusters, in [0, k). Throws RangeError where the tree has no such K. */
  labelsAt(k: number): Uint16Array;
  /** The classifiers at `k`. Throws RangeError where the tree has no such K. */
  classifierAt(k: number): LinearClassifier;
}

/** A tree over `contents`, which it keeps and does not copy. */
export function mergeTree(contents: MergeTreeContents): MergeTree {
  const { channels, initialLabels, weight, bias } = contents;
  const gather = (members: Int32Array): Float32Array => {
    const result = new Float32Array(members.length * channels);
    for (let i = 0; i < members.length; i++)
      result.set(weight.subarray(members[i] * channels, (members[i] + 1) * channels), i * channels);
    return result;
  };
  const gatherBias = (members: Int32Array): Float32Array => Float32Array.from(members, (row) => bias[row]);
  const steps = contents.steps.map(
    (record): MergeStep => ({
      ...record,
      get weight() {
        return gather(record.members);
      },
      get bias() {
        return gatherBias(record.members);
      },
    }),
  );
  return {
    ...contents,
    steps,
    labelsAt(k) {
      const names = clusterNamesAt(contents, k);
      return initialLabels.map((label) => names[label]);
    },
    classifierAt(k) {
      const { members } = stepAt(contents, k);
      return { k, channels, weight: gather(members), bias: gatherBias(members) };
    },
  };
}

/** For each of the K0 start clusters, its cluster at `k`. Throws RangeError where the tree has no such K. */
export function clusterNamesAt(tree: MergeTreeContents, k: number): Uint16Array {
  stepAt(tree, k);
  const names = Uint16Array.from({ length: tree.initialClusters }, (_, i) => i);
  for (const { k: from, kept, removed } of tree.steps) {
    if (from === k) break;
    // `removed` takes the name of `kept`, and the names above it close the gap.
    const target = kept > removed ? kept - 1 : kept;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === removed) names[i] = target;
      else if (names[i] > removed) names[i]--;
    }
  }
  return names;
}

function stepAt<T extends MergeTreeContents>(tree: T, k: number): T["steps"][number] {
  const step = tree.steps.find((candidate) => candidate.k === k);
  if (step === undefined) {
    const range = `${tree.steps.at(-1)?.k} to ${tree.initialClusters}`;
    throw new RangeError(`the merge tree has no K = ${k}; it holds K = ${range}`);
  }
  return step;
}

/** exp(entropy) of the clusters' shares: 1 when one holds everything, K when all are equal. */
export function effectiveClusters(sizes: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < sizes.length; i++) total += sizes[i];
  let entropy = 0;
  for (let i = 0; i < sizes.length; i++) {
    const share = sizes[i] / total;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/** The largest cluster's share of the pixels, in [0, 1]: near 1, one cluster has swallowed everything. */
export function largestShare(sizes: ArrayLike<number>): number {
  let total = 0;
  let largest = 0;
  for (let i = 0; i < sizes.length; i++) {
    total += sizes[i];
    largest = Math.max(largest, sizes[i]);
  }
  return largest / total;
}
