/**
 * All eigenvalues and eigenvectors of a symmetric matrix in float64: Householder reflections bring it to tridiagonal form, QR
 * steps with Wilkinson's shift to diagonal form (Golub & Van Loan, Matrix Computations, 8.3). O(n^3); meant for a few hundred
 * rows.
 */

export interface SymmetricEigen {
  /** [n], ascending. */
  readonly values: Float64Array;
  /** [n,n]: row i is the unit eigenvector of values[i]. */
  readonly vectors: Float64Array;
}

/** QR steps per eigenvalue beyond which something is not a number; two or three are usual. */
const MAX_STEPS = 60;

/** `matrix` [n,n] is symmetric and is not modified. Throws RangeError where it has values that are not finite. */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const { diagonal, vectors } = diagonalForm(matrix, n, true);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => diagonal[i] - diagonal[j]);
  const sorted = new Float64Array(n * n);
  for (const [to, from] of order.entries()) sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors: sorted };
}

/** The eigenvalues alone [n], ascending: several times as fast, so that a few thousand rows are in reach. */
export const symmetricEigenvalues = (matrix: Float64Array, n: number): Float64Array =>
  diagonalForm(matrix, n, false).diagonal.sort();

/** Eigenvalues in no order, and where asked for the unit eigenvectors as rows; else none. */
function diagonalForm(
  matrix: Float64Array,
  n: number,
  wantVectors: boolean,
): { diagonal: Float64Array; vectors: Float64Array } {
  if (matrix.length !== n * n) throw new RangeError(`symmetricEigen: expected ${n * n} elements, got ${matrix.length}`);
  if (!matrix.every(Number.isFinite)) throw new RangeError("symmetricEigen: the matrix has values that are not finite");
  const { diagonal, offDiagonal, vectors } = tridiagonal(matrix.slice(), n, wantVectors);
  let steps = 0;
  for (let high = n - 1; high > 0; ) {
    for (let i = 0; i < high; i++)
      if (Math.abs(offDiagonal[i]) <= Number.EPSILON * (Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1])))
        offDiagonal[i] = 0;
    if (offDiagonal[high - 1] === 0) {
      high--;
      continue;
    }
    let low = high - 1;
    while (low > 0 && offDiagonal[low - 1] !== 0) low--;
    if (++steps > MAX_STEPS * n) throw new RangeError("symmetricEigen: no convergence");
    qrStep(diagonal, offDiagonal, vectors, n, low, high);
  }
  return { diagonal, vectors };
}

/** T = Q A Q^T with the rows of Q in `vectors`, which is empty where they are not wanted. `a` is overwritten. */
function tridiagonal(a: Float64Array, n: number, wantVectors: boolean) {
  const reflections: { readonly first: number; readonly v: Float64Array }[] = [];
  for (let k = 0; k < n - 2; k++) {
    const first = k + 1;
    const size = n - first;
    const v = new Float64Array(size);
    for (let i = 0; i < size; i++) v[i] = a[(first + i) * n + k];
    const norm = Math.hypot(...v);
    if (norm === 0) continue;
    // The sign that adds: no digits are lost.
    v[0] += v[0] < 0 ? -norm : norm;
    const length = Math.hypot(...v);
    for (let i = 0; i < size; i++) v[i] /= length;
    reflect(a, n, first, v);
    reflections.push({ first, v });
  }
  const vectors = new Float64Array(wantVectors ? n * n : 0);
  if (wantVectors) {
    for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
    // Q = H_last ... H_1; from the last to the first, only the rows and columns from `first` on differ from the identity's.
    for (const { first, v } of reflections.toReversed()) multiplyRight(vectors, n, first, v);
  }
  return {
    diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]),
    offDiagonal: Float64Array.from({ length: Math.max(0, n - 1) }, (_, i) => a[(i + 1) * n + i]),
    vectors,
  };
}

/** A := H A H with H = I - 2 v v^T on the rows and columns from `first` on. */
function reflect(a: Float64Array, n: number, first: number, v: Float64Array): void {
  const size = v.length;
  const column = first - 1;
  let overlap = 0;
  for (let i = 0; i < size; i++) overlap += v[i] * a[(first + i) * n + column];
  for (let i = 0; i < size; i++) {
    a[(first + i) * n + column] -= 2 * overlap * v[i];
    a[column * n + first + i] = a[(first + i) * n + column];
  }
  const p = new Float64Array(size);
  let pv = 0;
  for (let i = 0; i < size; i++) {
    const row = (first + i) * n + first;
    let sum = 0;
    for (let j = 0; j < size; j++) sum += a[row + j] * v[j];
    p[i] = 2 * sum;
    pv += p[i] * v[i];
  }
  for (let i = 0; i < size; i++) p[i] -= pv * v[i];
  for (let i = 0; i < size; i++) {
    const row = (first + i) * n + first;
    for (let j = 0; j < size; j++) a[row + j] -= v[i] * p[j] + p[i] * v[j];
  }
}

/** Q := Q H on the rows and columns from `first` on. */
function multiplyRight(q: Float64Array, n: number, first: number, v: Float64Array): void {
  for (let i = first; i < n; i++) {
    const row = i * n + first;
    let sum = 0;
    for (let j = 0; j < v.length; j++) sum += q[row + j] * v[j];
    for (let j = 0; j < v.length; j++) q[row + j] -= 2 * sum * v[j];
  }
}

/** One implicit QR step on rows `low` to `high` of the tridiagonal matrix; the rows of `vectors` turn along. */
function qrStep(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  vectors: Float64Array,
  n: number,
  low: number,
  high: number,
): void {
  const half = (diagonal[high - 1] - diagonal[high]) / 2;
  const corner = offDiagonal[high - 1];
  const shift = diagonal[high] - corner ** 2 / (half + (half < 0 ? -1 : 1) * Math.hypot(half, corner));
  let x = diagonal[low] - shift;
  let bulge = offDiagonal[low];
  for (let k = low; k < high; k++) {
    const r = Math.hypot(x, bulge);
    const c = r === 0 ? 1 : x / r;
    const s = r === 0 ? 0 : bulge / r;
    if (k > low) offDiagonal[k - 1] = r;
    const a = diagonal[k];
    const b = offDiagonal[k];
    const d = diagonal[k + 1];
    diagonal[k] = c * c * a + 2 * c * s * b + s * s * d;
    diagonal[k + 1] = s * s * a - 2 * c * s * b + c * c * d;
    offDiagonal[k] = c * s * (d - a) + (c * c - s * s) * b;
    if (k + 1 < high) {
      x = offDiagonal[k];
      bulge = s * offDiagonal[k + 1];
      offDiagonal[k + 1] *= c;
    }
    for (let j = k * n, end = Math.min(vectors.length, j + n); j < end; j++) {
      const upper = vectors[j];
      const lower = vectors[j + n];
      vectors[j] = c * upper + s * lower;
      vectors[j + n] = c * lower - s * upper;
    }
  }
}
