/** Small loops over row-major matrices, outside asynchronous functions, where they run far slower. */

/** Adds `part` to `total` from `at` on. */
export function accumulate(total: Float64Array | Float32Array, part: ArrayLike<number>, at = 0): void {
  for (let j = 0; j < part.length; j++) total[at + j] += part[j];
}

/** Writes `from` into `to`: between arrays of different types, their own `set` is several times slower. */
export function copyNumbers(from: Float32Array | Float64Array, to: Float32Array | Float64Array): void {
  for (let j = 0; j < from.length; j++) to[j] = from[j];
}

/** Adds to each of the K rows of `scores` [K,n] its bias. */
export function addBias(scores: Float32Array, bias: Float32Array, n: number): void {
  for (let c = 0, at = 0; c < bias.length; c++) {
    const own = bias[c];
    for (const stop = at + n; at < stop; at++) scores[at] += own;
  }
}

/** Columns `first` to `first + count` of `matrix` [rows, width], as a matrix of its own. */
export function columns(matrix: Float32Array, rows: number, width: number, first: number, count: number): Float32Array {
  const result = new Float32Array(rows * count);
  for (let i = 0; i < rows; i++) result.set(matrix.subarray(i * width + first, i * width + first + count), i * count);
  return result;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
