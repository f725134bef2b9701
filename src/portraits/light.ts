import type { RandomState } from "../tensor/random.ts";
import { type Color, hsv, mix } from "./color.ts";
import { between, chance } from "./draw.ts";

/** Soft light from everywhere and one lamp, as in Lambert's law with light that wraps around. */
export interface Light {
  /** Unit vector to the lamp: x right, y down, z out of the picture. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly ambient: Color;
  readonly lamp: Color;
}

/** Share of the lamp that reaches surfaces at right angles to it. */
const WRAP = 0.25;

export function drawLight(random: RandomState): Light {
  const [x, y] = [between(random, -0.85, 0.85), between(random, -0.8, 0.15)];
  const z = between(random, 0.45, 0.9);
  const length = Math.hypot(x, y, z);
  const tint = hsv(random.randomSample(), chance(random, 0.15) ? 0.4 : 0.1, 1);
  const lamp = between(random, 0.4, 0.75);
  const ambient = between(random, 0.86, 1.04) - lamp * 0.82;
  const white: Color = [1, 1, 1];
  const shade = mix(white, [1 + (1 - tint[0]) * 0.6, 1 + (1 - tint[1]) * 0.6, 1 + (1 - tint[2]) * 0.6], 0.7);
  return {
    x: x / length,
    y: y / length,
    z: z / length,
    ambient: [ambient * shade[0], ambient * shade[1], ambient * shade[2]],
    lamp: [lamp * tint[0], lamp * tint[1], lamp * tint[2]],
  };
}

/** The light as it falls on a head that is turned by `roll`. */
export function rolled(light: Light, roll: number): Light {
  const [c, s] = [Math.cos(roll), Math.sin(roll)];
  return { ...light, x: light.x * c + light.y * s, y: light.y * c - light.x * s };
}

/**
 * Writes the colour of a surface with normal (nx, ny, nz), of any length, to `out`. `open` in [0, 1] is how much light
 * corners and cast shadows leave.
 */
export function lit(
  out: Float64Array,
  color: Color,
  light: Light,
  nx: number,
  ny: number,
  nz: number,
  open: number,
): void {
  const { ambient, lamp } = light;
  const cosine = (nx * light.x + ny * light.y + nz * light.z) / Math.sqrt(nx * nx + ny * ny + nz * nz);
  const direct = Math.max(0, (cosine + WRAP) / (1 + WRAP)) * open;
  const around = 0.35 + 0.65 * open;
  out[0] = color[0] * (ambient[0] * around + lamp[0] * direct);
  out[1] = color[1] * (ambient[1] * around + lamp[1] * direct);
  out[2] = color[2] * (ambient[2] * around + lamp[2] * direct);
}

/** Mixes `out` towards a colour by `t`. */
export function blend(out: Float64Array, color: Color, t: number): void {
  out[0] += (color[0] - out[0]) * t;
  out[1] += (color[1] - out[1]) * t;
  out[2] += (color[2] - out[2]) * t;
}

/** Multiplies `out`. */
export function dim(out: Float64Array, by: number): void {
  out[0] *= by;
  out[1] *= by;
  out[2] *= by;
}
