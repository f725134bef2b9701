import type { RandomState } from "../tensor/random.ts";
import { type Color, freeColor } from "./color.ts";
import { between, chance } from "./draw.ts";
import type { Eyes } from "./eyes.ts";
import type { HeadFrame, SurfacePoint } from "./head.ts";
import { blend, type Light, lit } from "./light.ts";

/** Lengths in half heights of the head. */
export interface Glasses {
  readonly reach: number;
  readonly height: number;
  /** Exponent of the rims' superellipse: 2 round, more is squarer. */
  readonly square: number;
  readonly rim: number;
  readonly frame: Color;
  /** Null: clear lenses, through which the eyes are seen; else dark ones, which belong to the glasses. */
  readonly lens: Color | null;
}

export function drawGlasses(random: RandomState, eyes: Eyes): Glasses {
  const dark = chance(random, 0.35);
  return {
    reach: Math.min(eyes.apart - 0.06, between(random, 0.21, 0.27)),
    height: between(random, 0.17, 0.23),
    square: between(random, 2, 5),
    rim: between(random, 0.036, 0.062),
    frame: chance(random, 0.5) ? [0.1, 0.09, 0.09] : freeColor(random),
    lens: dark ? [between(random, 0.05, 0.3), between(random, 0.05, 0.2), between(random, 0.05, 0.25)] : null,
  };
}

const STAND_OFF = 0.1;

/** Paints frame and dark lenses; takes placed points. */
export function glassesPainter(
  glasses: Glasses,
  eyes: Eyes,
  frame: HeadFrame,
  light: Light,
): (point: SurfacePoint, out: Float64Array) => boolean {
  const { reach, height, square, rim } = glasses;
  const y = eyes.y + 0.03;
  return (point, out) => {
    if (point.y < y - 0.5 || point.y > y + 0.5) return false;
    if (!frame.locate(point, 1.05, 1) || point.side < -1 || point.side > 1 || point.cosine < 0) return false;
    const u = point.u - STAND_OFF * frame.tanYaw * Math.max(0, point.cosine);
    const a = Math.abs(u);
    const dv = point.v - y;
    const [s, t] = [(a - eyes.apart) / reach, dv / height];
    const f = (Math.abs(s) ** square + Math.abs(t) ** square) ** (1 / square);
    const inside = f < 1;
    // Distance from the rim's line, about.
    const d = Math.abs(f - 1) * Math.min(reach, height) * 1.1;
    const onRim = d < rim / 2;
    const onBridge = a < eyes.apart - reach && Math.abs(dv + 0.045 - 0.02 * (1 - a * 8)) < rim * 0.45;
    const onTemple = !inside && a > eyes.apart + reach * 0.9 && Math.abs(dv + 0.05) < rim * 0.5;
    if (onRim || onBridge || onTemple) {
      lit(out, glasses.frame, light, point.nx * 0.6, t * 0.5 - 0.2, 1, 1);
      return true;
    }
    if (!inside || glasses.lens === null) return false;
    lit(out, glasses.lens, light, 0, 0, 1, 1);
    blend(out, [0.85, 0.9, 0.95], 0.28 * Math.max(0, 0.5 - t - 0.3 * s));
    return true;
  };
}
