/** What the tables are made from, and how much of it. */
export interface PaperOptions {
  /** The folder of a finished `klish train gan`: the generator and the photos that it learned from. */
  readonly run: string;
  /** Photos with masks: the first `labelled` teach the reference and match clusters to classes, the others judge. */
  readonly truth: string;
  readonly labelled: number;
  readonly seeds: readonly number[];
  /** Numbers of clusters of Table IV; the last is Table V's. */
  readonly ks: readonly number[];
  /** Generated pictures with masks, by method and seed; how often a segmenter sees them. */
  readonly pictures: number;
  readonly epochs: number;
  /** Photos without labels, for self-training. */
  readonly unlabelled: number;
  readonly threads: number;
  /** Rows of Table V that are made; all where empty. */
  readonly rows: readonly string[];
}
