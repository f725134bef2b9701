/** Soft noise without fine detail, as closures over a few random numbers. */
import type { RandomState } from "../tensor/random.ts";
import { between } from "./draw.ts";

/** A smooth random function of one number, about [-1, 1], with `frequency` waves per unit at its slowest. */
export function softWave(random: RandomState, frequency: number): (x: number) => number {
  const turn = 2 * Math.PI;
  const [p, q] = [between(random, 0, turn), between(random, 0, turn)];
  const f = turn * frequency;
  const g = f * between(random, 1.9, 2.6);
  return (x) => 0.6 * Math.sin(f * x + p) + 0.4 * Math.sin(g * x + q);
}

const SIDE = 16;

/** A smooth random function of two numbers in [-1, 1]; it varies over distances of `size`. */
export function softNoise(random: RandomState, size: number): (x: number, y: number) => number {
  const values = Float64Array.from({ length: SIDE * SIDE }, () => between(random, -1, 1));
  return (x, y) => {
    const fx = x / size + 256;
    const fy = y / size + 256;
    const ix = Math.floor(fx);
    const iy = Math.floor(fy);
    const px = fx - ix;
    const py = fy - iy;
    const tx = px * px * (3 - 2 * px);
    const ty = py * py * (3 - 2 * py);
    const x0 = ix & (SIDE - 1);
    const x1 = (ix + 1) & (SIDE - 1);
    const y0 = (iy & (SIDE - 1)) * SIDE;
    const y1 = ((iy + 1) & (SIDE - 1)) * SIDE;
    const top = values[y0 + x0] + (values[y0 + x1] - values[y0 + x0]) * tx;
    const bottom = values[y1 + x0] + (values[y1 + x1] - values[y1 + x0]) * tx;
    return top + (bottom - top) * ty;
  };
}
