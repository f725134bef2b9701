/**
 * One binary L2-SVM on a dense block of rows, by an active-set Newton method:
 *
 *     minimise over w, b:  f(w,b) = 1/2 |w|^2 + c * sum_i max(0, 1 - y_i (w.x_i + b))^2
 *
 * f is piecewise quadratic: with the active rows I = {margin > 0} fixed, its Hessian is H = diag(1,..,1,0) + 2c X~_I^T X~_I
 * (X~ = rows with a 1 appended), and a Newton step followed by an exact line search ends after few steps. f is 1-strongly
 * convex in w, so |g_w|^2 / 2 bounds its excess over the minimum where g_b = 0: the certificate by which it stops.
 */
import { choleskySolve, factorPositive } from "./cholesky.ts";
import { addTransposed, dot, multiply } from "./products.ts";
import type { WorkingSet } from "./workingSet.ts";

/** A hyperplane; updated in place by the solver. */
export interface Hyperplane {
  readonly weight: Float64Array;
  bias: number;
}

export interface NewtonOptions {
  /** c: the weight of one row's squared hinge, C/N. */
  readonly penalty: number;
  /** Relative gap at which to stop: |g_w|^2 / 2 <= tolerance * f. */
  readonly tolerance: number;
  /** A Cholesky factor [D+1,D+1] of a matrix like the Hessian; speeds up the conjugate gradients of many channels. */
  readonly preconditioner?: Float64Array | undefined;
}

const MAX_ITERATIONS = 60;
/** The bias gradient may be this share of the active rows' total pull on the bias. */
const BIAS_TOLERANCE = 1e-3;
/** Minimises f on the rows of `set`, with `signs` y = +1 or -1, starting from and updating `plane`. Returns the number of steps. */
export async function newtonSvm(
  set: WorkingSet,
  signs: Int8Array,
  plane: Hyperplane,
  options: NewtonOptions,
): Promise<number> {
  const { rows, count: m, blas, gram } = set;
  const { penalty, tolerance } = options;
  const { weight } = plane;
  const d = weight.length;
  const scores = Float64Array.from(await multiply(blas, rows, Float32Array.from(weight)));
  for (let i = 0; i < m; i++) scores[i] += plane.bias;
  const margins = new Float64Array(m);
  const pull = new Float32Array(m);
  for (let iteration = 0; ; iteration++) {
    let loss = 0;
    let pullSum = 0;
    let signedPull = 0;
    let active = 0;
    for (let i = 0; i < m; i++) {
      const margin = 1 - signs[i] * scores[i];
      margins[i] = margin;
      if (margin > 0) {
        active++;
        loss += margin * margin;
        pullSum += margin;
        signedPull += margin * signs[i];
        pull[i] = -2 * penalty * margin * signs[i];
      } else pull[i] = 0;
    }
    let hessian: Float64Array | undefined;
    let gradient: Float64Array;
    if (gram !== undefined) {
      await gram.update(rows, signs, margins, active);
      hessian = gram.hessian(penalty);
      gradient = gram.gradient(hessian, penalty, weight, plane.bias);
    } else {
      gradient = new Float64Array(d + 1);
      gradient.set(weight);
      await addTransposed(blas, rows, pull, gradient);
    }
    let squared = 0;
    let norm = 0;
    for (let j = 0; j < d; j++) {
      squared += gradient[j] * gradient[j];
      norm += weight[j] * weight[j];
    }
    gradient[d] = -2 * penalty * signedPull;
    const objective = 0.5 * norm + penalty * loss;
    const balanced = Math.abs(gradient[d]) <= BIAS_TOLERANCE * 2 * penalty * pullSum;
    if ((0.5 * squared <= tolerance * objective && balanced) || iteration >= MAX_ITERATIONS) return iteration;

    const step = gradient.map((g) => -g);
    if (hessian !== undefined) choleskySolve(factorPositive(hessian, d + 1), d + 1, step);
    else await conjugateGradient(set, margins, active, step, options);
    const change = await multiply(blas, rows, Float32Array.from(step.subarray(0, d)));
    const slope = new Float64Array(m);
    for (let i = 0; i < m; i++) slope[i] = -signs[i] * (change[i] + step[d]);
    const t = lineSearch(margins, slope, weight, step, penalty);
    for (let j = 0; j < d; j++) weight[j] += t * step[j];
    plane.bias += t * step[d];
    for (let i = 0; i < m; i++) scores[i] -= t * signs[i] * slope[i];
  }
}

/** Relative residual at which a Newton direction is good enough, and the most multiplications spent on one. */
const CG_RESIDUAL = 1e-2;
const CG_ITERATIONS = 100;

/** Replaces `b` (= -gradient) by an approximate solution of H x = b, by (preconditioned) conjugate gradients. */
async function conjugateGradient(
  { rows, count: m, blas }: WorkingSet,
  margins: Float64Array,
  active: number,
  b: Float64Array,
  { penalty, preconditioner }: NewtonOptions,
): Promise<void> {
  const n = b.length;
  const d = n - 1;
  const x = new Float64Array(n);
  const r = b.slice();
  const precondition = (v: Float64Array): Float64Array => {
    const z = v.slice();
    if (preconditioner !== undefined) choleskySolve(preconditioner, n, z);
    else z[d] /= 2 * penalty * Math.max(active, 1);
    return z;
  };
  let z = precondition(r);
  let rho = dot(r, z);
  const target = rho * CG_RESIDUAL ** 2;
  const p = z.slice();
  for (let iteration = 0; iteration < CG_ITERATIONS && rho > target; iteration++) {
    const product = await multiply(blas, rows, Float32Array.from(p.subarray(0, d)));
    let biasProduct = 0;
    for (let i = 0; i < m; i++) {
      product[i] = margins[i] > 0 ? 2 * penalty * (product[i] + p[d]) : 0;
      biasProduct += product[i];
    }
    const q = p.slice();
    q[d] = biasProduct;
    await addTransposed(blas, rows, product, q);
    const curvature = dot(p, q);
    if (!(curvature > 0)) break;
    const alpha = rho / curvature;
    for (let j = 0; j < n; j++) {
      x[j] += alpha * p[j];
      r[j] -= alpha * q[j];
    }
    z = precondition(r);
    const next = dot(r, z);
    for (let j = 0; j < n; j++) p[j] = z[j] + (next / rho) * p[j];
    rho = next;
  }
  b.set(x);
}

/** The t >= 0 that minimises f along the step, by safeguarded Newton on its piecewise linear derivative. */
function lineSearch(
  margins: Float64Array,
  slope: Float64Array,
  weight: Float64Array,
  step: Float64Array,
  penalty: number,
): number {
  let linear = 0;
  let quadratic = 0;
  for (let j = 0; j < weight.length; j++) {
    linear += weight[j] * step[j];
    quadratic += step[j] * step[j];
  }
  let t = 1;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < 30; iteration++) {
    let first = 0;
    let second = 0;
    for (let i = 0; i < margins.length; i++) {
      const margin = margins[i] + t * slope[i];
      if (margin > 0) {
        first += margin * slope[i];
        second += slope[i] * slope[i];
      }
    }
    const derivative = linear + t * quadratic + 2 * penalty * first;
    if (derivative > 0) high = t;
    else low = t;
    let next = t - derivative / (quadratic + 2 * penalty * second);
    if (!(next > low && next < high)) next = high < Number.POSITIVE_INFINITY ? (low + high) / 2 : 2 * t;
    if (!(Math.abs(next - t) > 1e-7 * t)) return next;
    t = next;
  }
  return t;
}
