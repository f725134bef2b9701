/** What KLiSH leaves behind: every clustering from K0 down to 2, as one tree of merges and its classifiers. */

/** K linear one-vs-rest classifiers; a pixel's label is the argmax of w_k . x + b_k, the first index winning a tie. */
export interface LinearClassifier {
  readonly k: number;
  readonly channels: number;
  /** [K,D], row-major. */
  readonly weight: Float32Array;
  /** [K]. */
  readonly bias: Float32Array;
}

/** The state at one K and the merge that leads to K - 1. Indices in `kept`, `removed` count among this step's K clusters. */
export interface MergeStep {
  readonly k: number;
  /** For each of the K clusters, the row of its classifier in the tree's `weight` and `bias`. */
  readonly members: Int32Array;
  /** [K,D] and [K], gathered from the tree's rows. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** Eq. 4, per cluster, of the binary decision against the merged labels. */
  readonly iou: Float64Array;
  /** f_k of Eq. 3, per cluster. */
  readonly objective: Float64Array;
  /** Pixels per cluster, by merged labels. */
  readonly sizes: Float64Array;
  /** q: the cluster that absorbs `removed` and keeps its index. */
  readonly kept: number;
  /** p: the cluster that disappears. */
  readonly removed: number;
  /** The score of the pair: ECoS (Eq. 5), or S_lambda under the pair criterion. */
  readonly ecos: number;
}

export interface MergeTree {
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
  readonly steps: readonly MergeStep[];
  /** The start labels merged down to `k` clusters, in [0, k). */
  labelsAt(k: number): Uint16Array;
  classifierAt(k: number): LinearClassifier;
}
