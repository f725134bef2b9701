import type { LinearFeatures } from "./linearFeatures.ts";

/** Above this share of changed rows a new Gram matrix costs less than the update. */
const REBUILD_SHARE = 0.6;
/** Pixels that are summed at a time; bounds memory. */
const BATCH_ROWS = 65536;

/**
 * The sums of x~ x~^T and y x~ over the active pixels of one binary problem, x~ = (x, 1): kept up to date by the pixels that enter and
 * leave, so that only those are ever made dense. The squared hinge's gradient and Hessian follow without a pass over pixels.
 */
export class ActiveGram {
  readonly #features: LinearFeatures;
  readonly #squares: Float64Array;
  /** sum x, then sum y x: [2,D]. */
  readonly #sums: Float64Array;
  #signSum = 0;
  #count = 0;
  readonly #active: Uint8Array;
  /** Entering pixels from the front, leaving ones from the back. */
  readonly #changed: Int32Array;

  constructor(features: LinearFeatures) {
    const { pixels, channels } = features;
    this.#features = features;
    this.#squares = new Float64Array(channels ** 2);
    this.#sums = new Float64Array(2 * channels);
    this.#active = new Uint8Array(pixels);
    this.#changed = new Int32Array(pixels);
  }

  /** Forgets all pixels: none is active. */
  clear(): void {
    this.#squares.fill(0);
    this.#sums.fill(0);
    this.#active.fill(0);
    this.#signSum = 0;
    this.#count = 0;
  }

  /** Makes the pixels of positive margin 1 - y s the active ones, y = +1 for class `own`; `active` is their number. */
  async update(scores: Float32Array, labels: Uint16Array, own: number, active: number): Promise<void> {
    let changes = this.#differences(scores, labels, own);
    if (changes.entering + changes.leaving > REBUILD_SHARE * active) {
      this.clear();
      changes = this.#differences(scores, labels, own);
    }
    await this.#add(this.#changed.subarray(0, changes.entering), labels, own, 1);
    await this.#add(this.#changed.subarray(scores.length - changes.leaving), labels, own, -1);
    this.#count = active;
  }

  #differences(scores: Float32Array, labels: Uint16Array, own: number): { entering: number; leaving: number } {
    let entering = 0;
    let leaving = 0;
    for (let n = 0; n < scores.length; n++) {
      const now = (labels[n] === own ? scores[n] < 1 : scores[n] > -1) ? 1 : 0;
      if (now === this.#active[n]) continue;
      if (now) this.#changed[entering++] = n;
      else this.#changed[scores.length - ++leaving] = n;
    }
    return { entering, leaving };
  }

  /** Adds (sign 1) or subtracts (-1) the pixels of `index`. */
  async #add(index: Int32Array, labels: Uint16Array, own: number, sign: 1 | -1): Promise<void> {
    const d = this.#features.channels;
    for (let start = 0; start < index.length; start += BATCH_ROWS) {
      const some = index.subarray(start, start + BATCH_ROWS);
      const count = some.length;
      // Two rows: the factors of sum x and of sum y x.
      const factors = new Float32Array(2 * count).fill(1, 0, count);
      for (let i = 0; i < count; i++) {
        const y = labels[some[i]] === own ? 1 : -1;
        factors[count + i] = y;
        this.#signSum += sign * y;
        this.#active[some[i]] = sign > 0 ? 1 : 0;
      }
      const { squares, sums } = await this.#features.rowSums(some, factors);
      for (let j = 0; j < d * d; j++) this.#squares[j] += sign * squares[j];
      for (let j = 0; j < 2 * d; j++) this.#sums[j] += sign * sums[j];
    }
  }

  /** H = I + 2c sum x~ x~^T (the bias not regularised) of the active pixels, [D+1,D+1], lower triangle, bias last. */
  hessian(penalty: number): Float64Array {
    const d = this.#features.channels;
    const n = d + 1;
    const h = new Float64Array(n * n);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) h[i * n + j] = 2 * penalty * this.#squares[i * d + j];
      h[i * n + i] += 1;
      h[d * n + i] = 2 * penalty * this.#sums[i];
    }
    // Without an active pixel the bias is free; any positive curvature leaves it where it is.
    h[d * n + d] = 2 * penalty * Math.max(this.#count, 1);
    return h;
  }

  /** 2c sum y x~ of the active pixels, [D+1]: the gradient at w~ is H w~ less this. */
  target(penalty: number): Float64Array {
    const d = this.#features.channels;
    const target = new Float64Array(d + 1);
    for (let i = 0; i < d; i++) target[i] = 2 * penalty * this.#sums[d + i];
    target[d] = 2 * penalty * this.#signSum;
    return target;
  }
}
