/**
 * What clustering sees: N pixels x in R^D whose linear functions are cheap, whatever their storage.
 * Letters in this folder: N pixels, D channels, K classes, M rows of a subset.
 */
export interface LinearFeatures {
  /** N, the number of pixels (samples). */
  readonly pixels: number;
  /** D, the number of channels. */
  readonly channels: number;
  /** S[k*N + n] = w_k . x_n + b_k. `weight` [K,D] and `bias` [K]; result [K,N], class-major. `out` is reused when given. */
  scores(weight: Float32Array, bias: Float32Array, out?: Float32Array): Promise<Float32Array>;
  /** G[k*D + d] = sum_n g[k*N + n] x_nd: the adjoint of `scores`, for `g` [K,N]; result [K,D]. */
  gradient(g: Float32Array): Promise<Float32Array>;
  /** The rows x_n, n in `index`, dense [M,D]. `out` is reused when given. */
  rows(index: Int32Array, out?: Float32Array): Float32Array;
}
