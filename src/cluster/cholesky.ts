/** Symmetric positive definite systems in float64. Matrices are row-major [n,n]; only the lower triangle is read. */

/**
 * Replaces the lower triangle of `matrix` with its Cholesky factor. Returns false, the matrix spoiled, when it is not positive
 * definite to working precision.
 */
export function choleskyFactor(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      const other = j * n;
      matrix[row + j] = (matrix[row + j] - rowProduct(matrix, row, other, j)) / matrix[other + j];
    }
    const pivot = matrix[row + i] - rowProduct(matrix, row, row, i);
    if (!(pivot > 0)) return false;
    matrix[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/** The product of the first n elements from `a` and from `b`; four sums, since each addition waits for the one before. */
function rowProduct(matrix: Float64Array, a: number, b: number, n: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let l = 0;
  for (; l + 3 < n; l += 4) {
    s0 += matrix[a + l] * matrix[b + l];
    s1 += matrix[a + l + 1] * matrix[b + l + 1];
    s2 += matrix[a + l + 2] * matrix[b + l + 2];
    s3 += matrix[a + l + 3] * matrix[b + l + 3];
  }
  for (; l < n; l++) s0 += matrix[a + l] * matrix[b + l];
  return s0 + s1 + (s2 + s3);
}

/** Solves L L^T x = b in place of `b`, for a factor from `choleskyFactor`. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let sum = b[i];
    for (let l = 0; l < i; l++) sum -= factor[row + l] * b[l];
    b[i] = sum / factor[row + i];
  }
  // The transposed solve walks the factor by rows too: once x_i is known, its share leaves the earlier equations.
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    b[i] /= factor[row + i];
    const x = b[i];
    for (let l = 0; l < i; l++) b[l] -= factor[row + l] * x;
  }
}

/**
 * A Cholesky factor of the positive semidefinite `matrix`, adding to its diagonal, ten times more at each failure, what the
 * factorisation needs. `matrix` is not modified. Throws RangeError when nothing helps (NaN).
 */
export function factorPositive(matrix: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i];
  for (let shift = 0; ; shift = shift === 0 ? 1e-10 * (trace / n) : shift * 10) {
    const factor = matrix.slice();
    for (let i = 0; i < n; i++) factor[i * n + i] += shift;
    if (choleskyFactor(factor, n)) return factor;
    if (!(shift <= trace)) throw new RangeError("factorPositive: the matrix has no finite positive part");
  }
}
