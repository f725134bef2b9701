import type { Blas } from "../runtime/blas.ts";

/** Above this share of changed rows a new Gram matrix costs less than the update. */
const REBUILD_SHARE = 0.6;
/** Rows that are packed for one product; the sums of more are accumulated in float64. */
const PACKED_ROWS = 4096;

/**
 * The sums of x~ x~^T and y x~ over the active rows of a growing block, x~ = (x, 1): kept up to date by the rows that enter and
 * leave. With them the squared hinge, its gradient and its Hessian need no pass over the rows.
 */
export class ActiveGram {
  readonly #channels: number;
  readonly #blas: Blas;
  readonly #squares: Float64Array;
  /** sum x, then sum y x: [2,D]. */
  readonly #sums: Float64Array;
  #signSum = 0;
  readonly #packed: Float32Array;
  readonly #product: Float32Array;
  #active = new Uint8Array(0);
  #changed = new Int32Array(0);
  #count = 0;

  constructor(channels: number, blas: Blas) {
    this.#channels = channels;
    this.#blas = blas;
    this.#squares = new Float64Array(channels ** 2);
    this.#sums = new Float64Array(2 * channels);
    this.#packed = new Float32Array(PACKED_ROWS * channels);
    this.#product = new Float32Array(channels ** 2);
  }

  /** Forgets all rows: none is active. */
  clear(): void {
    this.#squares.fill(0);
    this.#sums.fill(0);
    this.#active.fill(0);
    this.#count = 0;
    this.#signSum = 0;
  }

  /** Makes the rows of positive margin the active ones; `active` is their number. Rows beyond those seen so far are new. */
  async update(rows: Float32Array, signs: Int8Array, margins: Float64Array, active: number): Promise<void> {
    const m = margins.length;
    if (this.#active.length < m) {
      const grown = new Uint8Array(Math.ceil(m * 1.5));
      grown.set(this.#active);
      this.#active = grown;
      this.#changed = new Int32Array(grown.length);
    }
    let changes = this.#differences(margins);
    if (changes.entering + changes.leaving > REBUILD_SHARE * active) {
      this.clear();
      changes = this.#differences(margins);
    }
    await this.#add(rows, signs, 0, changes.entering, 1);
    await this.#add(rows, signs, m - changes.leaving, m, -1);
    this.#count = active;
  }

  /** Lists entering rows from the front of `#changed`, and leaving ones up to position m from the back. */
  #differences(margins: Float64Array): { entering: number; leaving: number } {
    let entering = 0;
    let leaving = 0;
    for (let i = 0; i < margins.length; i++) {
      const now = margins[i] > 0 ? 1 : 0;
      if (now === this.#active[i]) continue;
      if (now) this.#changed[entering++] = i;
      else this.#changed[margins.length - ++leaving] = i;
    }
    return { entering, leaving };
  }

  /** Adds (sign 1) or subtracts (-1) the rows listed from `first` to `last`. */
  async #add(rows: Float32Array, signs: Int8Array, first: number, last: number, sign: 1 | -1): Promise<void> {
    const d = this.#channels;
    for (let start = first; start < last; start += PACKED_ROWS) {
      const count = Math.min(PACKED_ROWS, last - start);
      // Two rows: the factors of sum x and of sum y x.
      const factors = new Float32Array(2 * count).fill(sign, 0, count);
      for (let i = 0; i < count; i++) {
        const row = this.#changed[start + i];
        this.#active[row] = sign > 0 ? 1 : 0;
        factors[count + i] = sign * signs[row];
        this.#signSum += sign * signs[row];
        this.#packed.set(rows.subarray(row * d, (row + 1) * d), i * d);
      }
      const a = this.#packed.subarray(0, count * d);
      const out = this.#product;
      await this.#blas.gemm({ a, b: a, m: d, n: d, k: count, transposeA: true, out });
      for (let j = 0; j < d * d; j++) this.#squares[j] += sign * out[j];
      const sums = await this.#blas.gemm({ a: factors, b: a, m: 2, n: d, k: count });
      for (let j = 0; j < 2 * d; j++) this.#sums[j] += sums[j];
    }
  }

  /** I + 2c sum x~ x~^T (the bias not regularised) of the active rows, [D+1,D+1], lower triangle, bias last. */
  hessian(penalty: number): Float64Array {
    const d = this.#channels;
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

  /** The gradient of 1/2 |w|^2 + c sum max(0, 1 - y (w.x + b))^2, [D+1], bias last: H w~ - 2c sum y x~. */
  gradient(hessian: Float64Array, penalty: number, weight: Float64Array, bias: number): Float64Array {
    const d = this.#channels;
    const n = d + 1;
    const gradient = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const x = i < d ? weight[i] : bias;
      let sum = 0;
      for (let j = 0; j < i; j++) {
        const h = hessian[i * n + j];
        sum += h * weight[j];
        gradient[j] += h * x;
      }
      gradient[i] += sum + hessian[i * n + i] * x;
      gradient[i] -= 2 * penalty * (i < d ? this.#sums[d + i] : this.#signSum);
    }
    return gradient;
  }
}
