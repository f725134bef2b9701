/** Dense matrix products, the one heavy primitive that clustering needs from the machine. */

export interface GemmArguments {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly out?: Float32Array;
}

/** Matrix products, on whatever computes them fastest here. */
export interface Blas {
  /**
   * C = op(A) op(B) in float32, all row-major: op(A) is [m,k], op(B) is [k,n], C is [m,n].
   * `transposeA` says that `a` is stored [k,m], `transposeB` that `b` is stored [n,k].
   * Writes into `out` (length m*n) when given, and returns it.
   * Throws RangeError when an array's length does not fit.
   */
  gemm(args: GemmArguments): Promise<Float32Array>;
}

/** Checks the lengths of a product's arrays and returns the array that receives it. */
export function gemmOutput({ a, b, m, n, k, out }: GemmArguments): Float32Array {
  for (const [name, array, length] of [
    ["a", a, m * k],
    ["b", b, k * n],
    ["out", out, m * n],
  ] as const) {
    if (array !== undefined && array.length !== length)
      throw new RangeError(
        `gemm: ${name} must have ${length} elements for m=${m}, n=${n}, k=${k}; it has ${array.length}`,
      );
  }
  return out ?? new Float32Array(m * n);
}

/** Rows of op(B) that stay in cache while every row of A passes over them. */
const BLOCK = 64;

/**
 * The portable `Blas`: plain loops, float64 accumulation within a block of `BLOCK` terms. Some 1-2 GFLOPS; the reference
 * that faster ones are tested against.
 */
export function plainBlas(): Blas {
  return {
    async gemm(args) {
      const out = gemmOutput(args);
      const { m, n, k } = args;
      const a = args.transposeA ? transpose(args.a, k, m) : args.a;
      const b = args.transposeB ? transpose(args.b, n, k) : args.b;
      out.fill(0);
      const sums = new Float64Array(n);
      for (let start = 0; start < k; start += BLOCK) {
        const end = Math.min(k, start + BLOCK);
        for (let i = 0; i < m; i++) {
          sums.fill(0);
          for (let l = start; l < end; l++) {
            const factor = a[i * k + l];
            if (factor === 0) continue;
            const row = l * n;
            for (let j = 0; j < n; j++) sums[j] += factor * b[row + j];
          }
          for (let j = 0; j < n; j++) out[i * n + j] += sums[j];
        }
      }
      return out;
    },
  };
}

/** [rows, columns] to [columns, rows]. */
function transpose(source: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(source.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = source[i * columns + j];
  return result;
}
