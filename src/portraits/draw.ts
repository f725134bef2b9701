/** Draws from a random stream, and the few curves that shapes and shades are made of. */
import type { RandomState } from "../tensor/random.ts";

export const between = (random: RandomState, low: number, high: number): number =>
  low + (high - low) * random.randomSample();

export const chance = (random: RandomState, p: number): boolean => random.randomSample() < p;

/** Normal, cut off at two standard deviations. */
export const around = (random: RandomState, mean: number, deviation: number): number =>
  mean + deviation * clamp(random.randn(), -2, 2);

/** One of the items, in proportion to its weight. */
export function weighted<T>(random: RandomState, items: readonly (readonly [T, number])[]): T {
  const total = items.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random.randomSample() * total;
  for (const [item, weight] of items) {
    left -= weight;
    if (left < 0) return item;
  }
  return items[items.length - 1][0];
}

export const clamp = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);

/** 0 before `low`, 1 after `high`, smooth between. */
export function smoothstep(low: number, high: number, x: number): number {
  const t = clamp((x - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** exp(-(x / width)^2). */
export const bell = (x: number, width: number): number => {
  const t = x / width;
  return Math.exp(-t * t);
};
