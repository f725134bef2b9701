/**
 * One binary L2-SVM on a dense block of rows, by an active-set Newton method:
 *
 *     minimise over w, b:  f(w,b) = 1/2 |w|^2 + c * sum_i max(0, 1 - y_i (w.x_i + b))^2
 *
 * f is piecewise quadratic: with the active rows I = {margin > 0} fixed, its Hessian is H = diag(1,..,1,0) + 2c X~_I^T X~_I
 * (X~ = rows with a 1 appended), and a Newton step followed by an exact line search ends after few steps. f is 1-strongly
 * convex in w, so |g_w|^2 / 2 bounds its excess over the minimum where g_b = 0: the certificate by which it stops.
 */
import type { Blas } from "../runtime/blas.ts";
import { choleskySolve, factorPositive } from "./cholesky.ts";

/** A block of rows [M,D] with their signs. `rows` may be longer than M*D. */
export interface SignedRows {
  readonly rows: Float32Array;
  /** y: +1 or -1, [M]. */
  readonly signs: Int8Array;
  readonly count: number;
  readonly channels: number;
}

/** A hyperplane; updated in place by the solver. */
export interface Hyperplane {
  readonly weight: Float64Array;
  bias: number;
}

export interface NewtonOptions {
  readonly blas: Blas;
  /** c: the weight of one row's squared hinge, C/N. */
  readonly penalty: number;
  /** Relative gap at which to stop: |g_w|^2 / 2 <= tolerance * f. */
  readonly tolerance: number;
  /** A Cholesky factor [D+1,D+1] of a matrix like the Hessian; speeds up the conjugate gradients of many channels. */
  readonly preconditioner?: Float64Array | undefined;
}

/** Up to this many channels the Hessian is formed and factorised; above, conjugate gradients only multiply by it. */
export const DIRECT_CHANNELS = 256;
const MAX_ITERATIONS = 60;
/** Rows of one product; sums over more rows are accumulated in float64. */
const BLOCK_ROWS = 4096;
/** The bias gradient may be this share of the active rows' total pull on the bias. */
const BIAS_TOLERANCE = 1e-3;
/** Above this share of changed rows a new Gram matrix costs less than the update. */
const REBUILD_SHARE = 0.6;

/** Minimises f on `block`, starting from and updating `plane`. Returns the number of Newton steps. */
export async function newtonSvm(block: SignedRows, plane: Hyperplane, options: NewtonOptions): Promise<number> {
  const { signs, count: m, channels: d } = block;
  const { blas, penalty, tolerance } = options;
  const { weight } = plane;
  const gram = d <= DIRECT_CHANNELS ? new ActiveGram(block, blas) : undefined;
  const scores = Float64Array.from(await multiply(block, Float32Array.from(weight), blas), (s) => s + plane.bias);
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
    const gradient = new Float64Array(d + 1);
    await addTransposed(block, pull, blas, gradient);
    let squared = 0;
    let norm = 0;
    for (let j = 0; j < d; j++) {
      gradient[j] += weight[j];
      squared += gradient[j] * gradient[j];
      norm += weight[j] * weight[j];
    }
    gradient[d] = -2 * penalty * signedPull;
    const objective = 0.5 * norm + penalty * loss;
    const balanced = Math.abs(gradient[d]) <= BIAS_TOLERANCE * 2 * penalty * pullSum;
    if ((0.5 * squared <= tolerance * objective && balanced) || iteration >= MAX_ITERATIONS) return iteration;

    const step = gradient.map((g) => -g);
    if (gram !== undefined) {
      await gram.update(margins, active);
      choleskySolve(factorPositive(gram.hessian(penalty), d + 1), d + 1, step);
    } else await conjugateGradient(block, margins, active, step, options);
    const change = await multiply(block, Float32Array.from(step.subarray(0, d)), blas);
    const slope = new Float64Array(m);
    for (let i = 0; i < m; i++) slope[i] = -signs[i] * (change[i] + step[d]);
    const t = lineSearch(margins, slope, weight, step, penalty);
    for (let j = 0; j < d; j++) weight[j] += t * step[j];
    plane.bias += t * step[d];
    for (let i = 0; i < m; i++) scores[i] -= t * signs[i] * slope[i];
  }
}

/** Rows times `vector` [D]: [M]. */
export function multiply(block: SignedRows, vector: Float32Array, blas: Blas): Promise<Float32Array> {
  const { rows, count, channels } = block;
  return blas.gemm({ a: rows.subarray(0, count * channels), b: vector, m: count, n: 1, k: channels });
}

/** Adds sum_i factor_i x_i to the first D elements of `target`. */
export async function addTransposed(
  block: Pick<SignedRows, "rows" | "count" | "channels">,
  factor: Float32Array,
  blas: Blas,
  target: Float64Array,
): Promise<void> {
  const { rows, count, channels: n } = block;
  const out = new Float32Array(n);
  for (let start = 0; start < count; start += BLOCK_ROWS) {
    const end = Math.min(count, start + BLOCK_ROWS);
    const b = rows.subarray(start * n, end * n);
    await blas.gemm({ a: factor.subarray(start, end), b, m: 1, n, k: end - start, out });
    for (let j = 0; j < n; j++) target[j] += out[j];
  }
}

/** X~_I^T X~_I of the active rows, kept up to date by the rows that enter and leave. */
class ActiveGram {
  readonly #block: SignedRows;
  readonly #blas: Blas;
  readonly #active: Uint8Array;
  readonly #squares: Float64Array;
  readonly #sums: Float64Array;
  #count = 0;

  constructor(block: SignedRows, blas: Blas) {
    this.#block = block;
    this.#blas = blas;
    this.#active = new Uint8Array(block.count);
    this.#squares = new Float64Array(block.channels ** 2);
    this.#sums = new Float64Array(block.channels);
  }

  /** Makes the `active` rows of positive margin the active ones. */
  async update(margins: Float64Array, active: number): Promise<void> {
    const entering: number[] = [];
    const leaving: number[] = [];
    for (let i = 0; i < margins.length; i++) {
      const now = margins[i] > 0 ? 1 : 0;
      if (now !== this.#active[i]) (now ? entering : leaving).push(i);
    }
    if (entering.length + leaving.length > REBUILD_SHARE * active) {
      this.#squares.fill(0);
      this.#sums.fill(0);
      this.#active.fill(0);
      entering.length = 0;
      leaving.length = 0;
      for (let i = 0; i < margins.length; i++) if (margins[i] > 0) entering.push(i);
    }
    await this.#add(entering, 1);
    await this.#add(leaving, -1);
    this.#count = active;
  }

  async #add(index: readonly number[], sign: 1 | -1): Promise<void> {
    const { rows, channels: d } = this.#block;
    const product = new Float32Array(d * d);
    const packed = new Float32Array(Math.min(index.length, BLOCK_ROWS) * d);
    for (let start = 0; start < index.length; start += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, index.length - start);
      for (let i = 0; i < count; i++) {
        const row = index[start + i];
        this.#active[row] = sign > 0 ? 1 : 0;
        for (let j = 0, from = row * d, to = i * d; j < d; j++) packed[to + j] = rows[from + j];
      }
      const a = packed.subarray(0, count * d);
      await this.#blas.gemm({ a, b: a, m: d, n: d, k: count, transposeA: true, out: product });
      for (let j = 0; j < d * d; j++) this.#squares[j] += sign * product[j];
      const factor = new Float32Array(count).fill(sign);
      await addTransposed({ rows: packed, count, channels: d }, factor, this.#blas, this.#sums);
    }
  }

  /** H of the active rows, lower triangle, bias last. */
  hessian(penalty: number): Float64Array {
    const d = this.#block.channels;
    const n = d + 1;
    const h = new Float64Array(n * n);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) h[i * n + j] = 2 * penalty * this.#squares[i * d + j];
      h[i * n + i] += 1;
      h[d * n + i] = 2 * penalty * this.#sums[i];
    }
    // Without an active row the bias is free; any positive curvature leaves it where it is.
    h[d * n + d] = 2 * penalty * Math.max(this.#count, 1);
    return h;
  }
}

/** Relative residual at which a Newton direction is good enough, and the most multiplications spent on one. */
const CG_RESIDUAL = 1e-2;
const CG_ITERATIONS = 100;

/** Replaces `b` (= -gradient) by an approximate solution of H x = b, by (preconditioned) conjugate gradients. */
async function conjugateGradient(
  block: SignedRows,
  margins: Float64Array,
  active: number,
  b: Float64Array,
  { blas, penalty, preconditioner }: NewtonOptions,
): Promise<void> {
  const { count: m, channels: d } = block;
  const n = d + 1;
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
    const product = await multiply(block, Float32Array.from(p.subarray(0, d)), blas);
    let biasProduct = 0;
    for (let i = 0; i < m; i++) {
      product[i] = margins[i] > 0 ? 2 * penalty * (product[i] + p[d]) : 0;
      biasProduct += product[i];
    }
    const q = p.slice();
    q[d] = biasProduct;
    await addTransposed(block, product, blas, q);
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

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
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
