import type { Blas } from "../runtime/blas.ts";
import { ActiveGram } from "./activeGram.ts";
import type { LinearFeatures } from "./linearFeatures.ts";

/** Up to this many channels the Hessian is formed and factorised; above, conjugate gradients only multiply by it. */
export const DIRECT_CHANNELS = 256;
/** Buffers grow by this factor beyond what is needed. */
const SLACK = 1.3;

/** A growing choice of pixels and their dense rows; the buffers are reused from one SVM to the next. */
export class WorkingSet {
  readonly #features: LinearFeatures;
  /** The Gram matrix of the rows that are active, where it pays to have one. */
  readonly gram: ActiveGram | undefined;
  #index = new Int32Array(0);
  #rows = new Float32Array(0);
  #count = 0;

  constructor(features: LinearFeatures) {
    this.#features = features;
    this.gram = features.channels <= DIRECT_CHANNELS ? new ActiveGram(features.channels, features.blas) : undefined;
  }

  get blas(): Blas {
    return this.#features.blas;
  }

  get count(): number {
    return this.#count;
  }

  /** The chosen pixels, in the order in which they came; valid until the next `append`. */
  get index(): Int32Array {
    return this.#index.subarray(0, this.#count);
  }

  /** Their rows [count,D]; valid until the next `append`. */
  get rows(): Float32Array {
    return this.#rows.subarray(0, this.#count * this.#features.channels);
  }

  clear(): void {
    this.#count = 0;
    this.gram?.clear();
  }

  append(pixels: Int32Array): void {
    const { channels } = this.#features;
    const count = this.#count + pixels.length;
    if (count > this.#index.length) {
      const capacity = Math.ceil(count * SLACK);
      const index = new Int32Array(capacity);
      index.set(this.index);
      const old = this.rows;
      this.#rows = new Float32Array(capacity * channels);
      this.#rows.set(old);
      this.#index = index;
    }
    this.#index.set(pixels, this.#count);
    this.#features.rows(pixels, this.#rows.subarray(this.#count * channels, count * channels));
    this.#count = count;
  }
}
