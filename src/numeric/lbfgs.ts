/**
 * Descent by quasi-Newton steps: a first metric, corrected by what the last steps changed the gradient by (L-BFGS; Nocedal and Wright,
 * Numerical Optimization, algorithm 7.4), and a line search that halves until the objective falls enough (Armijo). The descent evaluates
 * nothing: whoever does, and may do so for many descents at once, looks where `trial` is and tells what was found.
 */

import { dot } from "./matrices.ts";

/** A step that was taken, and the change of the gradient along it. */
export interface DescentStep {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

export interface DescentOptions {
  /** The inverse of the first metric times `vector`, which may be overwritten; `last` is the last step that is remembered. */
  readonly inverse: (vector: Float64Array, last: DescentStep | undefined) => Float64Array;
  /** Steps that are remembered. */
  readonly memory: number;
  /** What a coordinate is rounded to. Default: nothing. */
  readonly round?: (x: number) => number;
}

/** Share of the gain that the slope promises which a step must bring. */
const SUFFICIENT = 1e-4;

export class Descent {
  readonly #options: DescentOptions;
  readonly #steps: DescentStep[] = [];
  #direction: Float64Array = new Float64Array(0);
  #slope = 0;
  #length = 1;
  #round: (x: number) => number;
  /** The best point so far, with its value and gradient; undefined before the first `advance`. */
  best: { readonly point: Float64Array; readonly value: number; readonly gradient: Float64Array } | undefined;
  /** The point to look at next. */
  trial: Float64Array;

  constructor(start: Float64Array, options: DescentOptions) {
    this.#options = options;
    this.#round = options.round ?? ((x) => x);
    this.trial = start.map(this.#round);
  }

  /** What a whole step from the best point would gain if the objective were as the metric has it: half the Newton decrement. */
  get expectedGain(): number {
    return -this.#slope / 2;
  }

  /** Moves `trial` on, where `value` and `gradient` were found. Returns whether it was good enough to become the best point. */
  advance(value: number, gradient: Float64Array): boolean {
    const { best, trial } = this;
    const good = best === undefined || !(value > best.value + SUFFICIENT * this.#length * this.#slope);
    if (good) {
      if (best !== undefined) this.#remember(best, trial, gradient);
      this.best = { point: trial, value, gradient };
      this.#direction = this.#newDirection(gradient);
      this.#slope = dot(this.#direction, gradient);
      this.#length = 1;
    } else {
      // Too far: the minimum of the parabola through both values and the slope, within bounds.
      const expected = this.#slope * this.#length;
      const parabola = -expected / (2 * (value - best.value - expected));
      this.#length *= Math.min(0.5, Math.max(0.1, parabola));
    }
    const from = good ? trial : best.point;
    this.trial = from.map((x, j) => this.#round(x + this.#length * this.#direction[j]));
    return good;
  }

  #remember(from: { point: Float64Array; gradient: Float64Array }, to: Float64Array, gradient: Float64Array): void {
    const s = to.map((x, j) => x - from.point[j]);
    const y = gradient.map((g, j) => g - from.gradient[j]);
    if (!(dot(s, y) > 0)) return;
    this.#steps.push({ s, y });
    if (this.#steps.length > this.#options.memory) this.#steps.shift();
  }

  /** Minus the inverse metric times the gradient, by the two-loop recursion. */
  #newDirection(gradient: Float64Array): Float64Array {
    const q = gradient.slice();
    const steps = this.#steps;
    const alpha = new Float64Array(steps.length);
    for (let i = steps.length - 1; i >= 0; i--) {
      const { s, y } = steps[i];
      alpha[i] = dot(s, q) / dot(s, y);
      for (let j = 0; j < q.length; j++) q[j] -= alpha[i] * y[j];
    }
    const r = this.#options.inverse(q, steps.at(-1));
    for (const [i, { s, y }] of steps.entries()) {
      const beta = dot(y, r) / dot(s, y);
      for (let j = 0; j < r.length; j++) r[j] += (alpha[i] - beta) * s[j];
    }
    for (let j = 0; j < r.length; j++) r[j] = -r[j];
    return r;
  }
}
