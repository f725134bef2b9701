import type { RandomState } from "../tensor/random.ts";
import { type Color, mix, near, scaled } from "./color.ts";
import { around, between, clamp } from "./draw.ts";
import type { Head } from "./head.ts";

/** Lengths in half heights of the head. */
export interface Brows {
  readonly y: number;
  readonly reach: number;
  readonly thickness: number;
  readonly arch: number;
  /** Positive: the inner ends are low. */
  readonly tilt: number;
  readonly color: Color;
}

export function drawBrows(random: RandomState, head: Head, hair: Color, skin: Color): Brows {
  const dark = mix(scaled(hair, between(random, 0.45, 0.95)), [0.16, 0.12, 0.1], between(random, 0, 0.5));
  return {
    y: around(random, -0.2, 0.025),
    reach: between(random, 0.16, 0.2),
    thickness: clamp(around(random, 0.05 + 0.025 * head.rugged, 0.012), 0.034, 0.1),
    arch: between(random, 0, 0.07),
    tilt: around(random, -0.07, 0.11),
    color: near(random, mix(dark, skin, between(random, 0, 0.2)), 0.02),
  };
}

/** Whether the point (u, v) of the face is in a brow, for brows around (+-`apart`, y). */
export function inBrow({ y, reach, thickness, arch, tilt }: Brows, apart: number, u: number, v: number): boolean {
  const out = Math.abs(u) - apart;
  const t = out / reach;
  if (t < -1 || t > 1) return false;
  const middle = y - arch * (1 - (t - 0.25) * (t - 0.25)) - tilt * out;
  const half = thickness * 0.5 * (t > 0 ? 1 - 0.65 * t * t : 1 - 0.2 * t * t);
  const d = v - middle;
  return d > -half && d < half;
}
