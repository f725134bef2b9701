/** Symmetric systems in float64. Matrices are row-major [n,n]; only the lower triangle is read. */
import { choleskySolve, factorPositive } from "./cholesky.ts";

/** Up to this order a system is factorised; above, conjugate gradients cost less. */
const DIRECT_ORDER = 257;
/** Conjugate gradients stop when the preconditioned residual has shrunk by this factor, or after so many steps. */
const RESIDUAL = 1e-3;
const MAX_STEPS = 300;

/** matrix x. */
export function symmetricProduct(matrix: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const xi = x[i];
    let sum = 0;
    for (let j = 0; j < i; j++) {
      const h = matrix[row + j];
      sum += h * x[j];
      result[j] += h * xi;
    }
    result[i] += sum + matrix[row + i] * xi;
  }
  return result;
}

/** True where systems of this order are solved by `conjugateGradient` and a preconditioner pays. */
export function isIterative(order: number): boolean {
  return order > DIRECT_ORDER;
}

/** Solves matrix x = b for a positive semidefinite matrix: exactly, or closely by conjugate gradients where n is large. */
export function solveSymmetric(matrix: Float64Array, b: Float64Array, preconditioner?: Float64Array): Float64Array {
  const n = b.length;
  if (isIterative(n)) return conjugateGradient(matrix, b, preconditioner);
  const x = b.slice();
  choleskySolve(factorPositive(matrix, n), n, x);
  return x;
}

/** `preconditioner`: a Cholesky factor of a matrix like `matrix`; without it, its diagonal. */
function conjugateGradient(
  matrix: Float64Array,
  b: Float64Array,
  preconditioner: Float64Array | undefined,
): Float64Array {
  const n = b.length;
  const precondition = (v: Float64Array): Float64Array => {
    if (preconditioner === undefined) return v.map((value, i) => value / matrix[i * n + i]);
    const z = v.slice();
    choleskySolve(preconditioner, n, z);
    return z;
  };
  const x = new Float64Array(n);
  const r = b.slice();
  let z = precondition(r);
  let rho = dot(r, z);
  const enough = rho * RESIDUAL ** 2;
  const p = z.slice();
  for (let step = 0; step < MAX_STEPS && rho > enough; step++) {
    const q = symmetricProduct(matrix, p);
    const curvature = dot(p, q);
    if (!(curvature > 0)) break;
    const alpha = rho / curvature;
    for (let i = 0; i < n; i++) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
    z = precondition(r);
    const next = dot(r, z);
    for (let i = 0; i < n; i++) p[i] = z[i] + (next / rho) * p[i];
    rho = next;
  }
  return x;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
