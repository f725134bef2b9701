import type { RandomState } from "../tensor/random.ts";
import { around, between, clamp, weighted } from "./draw.ts";

/** Red, green and blue in [0, 1] as a screen shows them. */
export type Color = readonly [number, number, number];

/** Hue in turns, saturation and value in [0, 1]. */
export function hsv(hue: number, saturation: number, value: number): Color {
  const channel = (offset: number): number => {
    const k = (offset + hue * 6) % 6;
    return value - value * saturation * clamp(Math.min(k, 4 - k), 0, 1);
  };
  return [channel(5), channel(3), channel(1)];
}

export const mix = (a: Color, b: Color, t: number): Color => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

export const scaled = (c: Color, by: number): Color => [c[0] * by, c[1] * by, c[2] * by];

/** A colour nearby, in [0, 1]. */
export const near = (random: RandomState, c: Color, deviation: number): Color => {
  const light = around(random, 0, deviation);
  const next = (x: number): number => clamp(x + light + around(random, 0, deviation / 3), 0.02, 1);
  return [next(c[0]), next(c[1]), next(c[2])];
};

/** From light to deep. */
const SKIN: readonly Color[] = [
  [0.97, 0.84, 0.75],
  [0.97, 0.78, 0.65],
  [0.87, 0.64, 0.48],
  [0.7, 0.48, 0.34],
  [0.5, 0.33, 0.23],
  [0.35, 0.23, 0.17],
];

/** A skin tone; `depth` in [0, 1]. */
export function skinColor(random: RandomState, depth: number): Color {
  const at = clamp(depth, 0, 1) * (SKIN.length - 1);
  const i = Math.min(SKIN.length - 2, Math.floor(at));
  return near(random, mix(SKIN[i], SKIN[i + 1], at - i), 0.025);
}

const HAIR: readonly (readonly [Color, number])[] = [
  [[0.1, 0.09, 0.1], 4],
  [[0.2, 0.13, 0.1], 4],
  [[0.36, 0.22, 0.13], 4],
  [[0.48, 0.3, 0.17], 2.5],
  [[0.55, 0.24, 0.12], 1.5],
  [[0.8, 0.42, 0.16], 1.5],
  [[0.8, 0.62, 0.36], 2.5],
  [[0.93, 0.82, 0.58], 2],
  [[0.62, 0.6, 0.6], 1],
  [[0.88, 0.87, 0.86], 1],
];

/** Natural colours, greyer with age in [0, 1]; now and then a dyed one. */
export function hairColor(random: RandomState, age: number): Color {
  if (random.randomSample() < 0.12)
    return hsv(random.randomSample(), between(random, 0.35, 0.8), between(random, 0.45, 0.9));
  const natural = weighted(random, HAIR);
  const grey = age > 0.55 ? clamp(around(random, (age - 0.55) * 1.8, 0.25), 0, 1) : 0;
  return near(random, mix(natural, [0.78, 0.77, 0.76], grey), 0.03);
}

/** Any colour for cloth, walls and hats: muted more often than loud. */
export function freeColor(random: RandomState): Color {
  const u = random.randomSample();
  return hsv(random.randomSample(), u * u * 0.75, between(random, 0.16, 0.97));
}
