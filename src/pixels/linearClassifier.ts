/** K linear one-vs-rest classifiers; a pixel's label is the argmax of w_k . x + b_k, the first index winning a tie. */
export interface LinearClassifier {
  readonly k: number;
  readonly channels: number;
  /** [K,D], row-major. */
  readonly weight: Float32Array;
  /** [K]. */
  readonly bias: Float32Array;
}
