import type { RandomState } from "../tensor/random.ts";
import type { Color } from "./color.ts";
import { around, between } from "./draw.ts";
import type { HeadFrame, SurfacePoint } from "./head.ts";
import { type Light, lit } from "./light.ts";

/** Lengths in half heights of the head. */
export interface Ears {
  readonly y: number;
  readonly height: number;
  readonly width: number;
  /** How far they stand off. */
  readonly off: number;
}

export function drawEars(random: RandomState, age: number): Ears {
  return {
    y: around(random, 0.14, 0.02),
    height: between(random, 0.16, 0.2) + 0.03 * age,
    width: between(random, 0.075, 0.1),
    off: between(random, 0, 0.045),
  };
}

/** Paints the ear of one side (-1 left, 1 right in the picture) where the placed point is in it. */
export function earPainter(
  ears: Ears,
  frame: HeadFrame,
  skin: Color,
  light: Light,
  side: -1 | 1,
): (point: SurfacePoint, out: Float64Array) => boolean {
  const { sinYaw, cosYaw } = frame;
  const shown = -side * sinYaw;
  const x = side * (frame.width(ears.y) + ears.off) * cosYaw - 0.06 * sinYaw;
  const width = ears.width + 0.07 * Math.max(0, shown);
  return (point, out) => {
    const t = (point.y - ears.y) / ears.height;
    if (t < -1 || t > 1) return false;
    // Narrow at the lobe, leaning outwards at the top.
    const s = (side * (point.x - x) + t * 0.03) / (width * (1 - 0.28 * t));
    const r = s * s + t * t;
    if (r > 1) return false;
    const inner = (s + 0.12) ** 2 / 0.34 + (t + 0.12) ** 2 / 0.42;
    lit(out, skin, light, side * (0.35 + 0.4 * s), t * 0.3, 0.8, inner < 1 ? 0.55 + 0.3 * inner : 0.95);
    return true;
  };
}
