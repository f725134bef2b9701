const STATE_SIZE = 624;
const SHIFT_SIZE = 397;

/**
 * NumPy's legacy `RandomState`: the Mersenne Twister MT19937 with the polar method for Gaussians. The streams are
 * bit-identical to NumPy's for the methods here, so that a seed means the same latent as in NVIDIA's tools.
 */
export class RandomState {
  readonly #state = new Uint32Array(STATE_SIZE);
  #next = STATE_SIZE;
  #spareGaussian: number | undefined;

  /** `seed` is an integer in [0, 2^32). */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`RandomState: expected a seed between 0 and 4294967295, got ${seed}`);
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_SIZE; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, previous) + i;
    }
  }

  /** 32 random bits. */
  randomUint32(): number {
    if (this.#next === STATE_SIZE) this.#twist();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Uniform on [0, 1) with 53 random bits. */
  randomSample(): number {
    const high = this.randomUint32() >>> 5;
    const low = this.randomUint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Standard normal. */
  randn(): number {
    if (this.#spareGaussian !== undefined) {
      const spare = this.#spareGaussian;
      this.#spareGaussian = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.randomSample() - 1;
      const y = 2 * this.randomSample() - 1;
      const r2 = x * x + y * y;
      if (r2 >= 1 || r2 === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(r2)) / r2);
      this.#spareGaussian = scale * x;
      return scale * y;
    }
  }

  /** Uniform integer in [0, high), 1 <= high <= 2^32. */
  randint(high: number): number {
    if (!Number.isInteger(high) || high < 1 || high > 0x100000000)
      throw new RangeError(`RandomState.randint: expected an upper bound between 1 and 2^32, got ${high}`);
    return this.#upTo(high - 1);
  }

  /** 0 .. n-1 in random order. */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Uniform integer in [0, max]: masked bits, drawn again while too large. */
  #upTo(max: number): number {
    if (max === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(max)) - 1;
    for (;;) {
      const value = (this.randomUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % STATE_SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT_SIZE) % STATE_SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

/** `n` standard normals from a fresh RandomState(seed), as float32: NumPy's `RandomState(seed).randn(n)`. */
export function randn(seed: number, n: number): Float32Array {
  const random = new RandomState(seed);
  return Float32Array.from({ length: n }, () => random.randn());
}

/** `size` of the numbers 0 to n - 1, drawn without replacement, in ascending order. */
export const randomSubset = (seed: number, n: number, size: number): Int32Array =>
  new RandomState(seed).permutation(n).slice(0, size).sort();
