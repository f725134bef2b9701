/** Dense matrix products, the one heavy primitive that clustering needs from the machine. */
export interface Blas {
  /**
   * C = op(A) op(B) in float32, all row-major: op(A) is [m,k], op(B) is [k,n], C is [m,n].
   * `transposeA` says that `a` is stored [k,m], `transposeB` that `b` is stored [n,k].
   * Writes into `out` (length m*n) when given, and returns it.
   */
  gemm(args: {
    a: Float32Array;
    b: Float32Array;
    m: number;
    n: number;
    k: number;
    transposeA?: boolean;
    transposeB?: boolean;
    out?: Float32Array;
  }): Promise<Float32Array>;
}
