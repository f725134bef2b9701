/** Symmetric positive definite systems in float64. Matrices are row-major [n,n]; only the lower triangle is read. */

/**
 * Replaces the lower triangle of `matrix` with its Cholesky factor. Returns false, the matrix spoiled, when it is not positive
 * definite to working precision. Rows and columns go in pairs: four products then share the numbers they read.
 */
export function choleskyFactor(matrix: Float64Array, n: number): boolean {
  let i = 0;
  for (; i + 1 < n; i += 2) {
    const a = i * n;
    const b = a + n;
    for (let j = 0; j < i; j += 2) {
      const c = j * n;
      const e = c + n;
      let ac = 0;
      let ae = 0;
      let bc = 0;
      let be = 0;
      for (let l = 0; l < j; l++) {
        const x = matrix[a + l];
        const y = matrix[b + l];
        const u = matrix[c + l];
        const v = matrix[e + l];
        ac += x * u;
        ae += x * v;
        bc += y * u;
        be += y * v;
      }
      const first = matrix[c + j];
      const between = matrix[e + j];
      const second = matrix[e + j + 1];
      matrix[a + j] = (matrix[a + j] - ac) / first;
      matrix[a + j + 1] = (matrix[a + j + 1] - ae - matrix[a + j] * between) / second;
      matrix[b + j] = (matrix[b + j] - bc) / first;
      matrix[b + j + 1] = (matrix[b + j + 1] - be - matrix[b + j] * between) / second;
    }
    if (!finishRow(matrix, n, i, i) || !finishRow(matrix, n, i + 1, i)) return false;
  }
  return i === n || finishRow(matrix, n, i, 0);
}

/** Computes row i of the factor from column `from` on, one number at a time. */
function finishRow(matrix: Float64Array, n: number, i: number, from: number): boolean {
  const row = i * n;
  for (let j = from; j <= i; j++) {
    const other = j * n;
    let sum = matrix[row + j];
    for (let l = 0; l < j; l++) sum -= matrix[row + l] * matrix[other + l];
    if (j < i) matrix[row + j] = sum / matrix[other + j];
    else if (sum > 0) matrix[row + j] = Math.sqrt(sum);
    else return false;
  }
  return true;
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
