/** Learning rates over a run: what a rate is multiplied by at a step, counted from 0. */
export type Schedule = (step: number) => number;

/**
 * Half a cosine from 1 to 0 over `steps`, and 0 from then on (Loshchilov and Hutter, 2017, without restarts).
 *
 * @example
 * const rate = cosineDecay(100);
 * console.log(rate(0), rate(50).toFixed(2), rate(100).toFixed(2)); // 1 0.50 0.00
 */
export function cosineDecay(steps: number): Schedule {
  check("cosineDecay", steps);
  return (step) => 0.5 + 0.5 * Math.cos((Math.PI * Math.min(step, steps)) / steps);
}

/**
 * (1 - step / steps)^power, and 0 from then on: the "poly" rule of the DeepLab papers at its usual power.
 *
 * @example
 * console.log(polynomialDecay(100, 1)(25)); // 0.75
 */
export function polynomialDecay(steps: number, power = 0.9): Schedule {
  check("polynomialDecay", steps);
  return (step) => (1 - Math.min(step, steps) / steps) ** power;
}

/**
 * Rises evenly to 1 in the first `steps`, on top of what `then` says.
 *
 * @example
 * console.log(warmUp(10, () => 1)(4)); // 0.5
 */
export function warmUp(steps: number, then: Schedule): Schedule {
  check("warmUp", steps);
  return (step) => Math.min(1, (step + 1) / steps) * then(step);
}

function check(caller: string, steps: number): void {
  if (!(steps > 0)) throw new RangeError(`${caller}: steps must be positive, got ${steps}`);
}
