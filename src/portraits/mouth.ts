import type { RandomState } from "../tensor/random.ts";
import { type Color, hsv, mix } from "./color.ts";
import { around, between, chance, clamp } from "./draw.ts";
import type { Head, SurfacePoint } from "./head.ts";
import { dim, type Light, lit } from "./light.ts";

/** Lengths in half heights of the head. */
export interface Mouth {
  readonly y: number;
  readonly reach: number;
  readonly upper: number;
  readonly lower: number;
  /** How high the corners are. */
  readonly smile: number;
  /** Height of the gap between the lips. */
  readonly gap: number;
  readonly teeth: number;
  readonly color: Color;
}

export function drawMouth(random: RandomState, head: Head, skin: Color): Mouth {
  const smile = around(random, 0.036, 0.03);
  const open = chance(random, 0.3);
  const painted = chance(random, 0.2) && head.rugged < 0.6;
  const own = mix(
    mix(skin, [0.72, 0.24, 0.26], between(random, 0.25, 0.6)),
    [0.3, 0.1, 0.1],
    0.1 + 0.15 * random.randomSample(),
  );
  const stick = hsv(between(random, 0.9, 1.03) % 1, between(random, 0.5, 0.85), between(random, 0.4, 0.85));
  return {
    y: around(random, 0.635, 0.02),
    reach: around(random, 0.235, 0.02) + Math.max(0, smile) * 0.9,
    upper: between(random, 0.042, 0.068) * (1 - 0.25 * head.rugged),
    lower: between(random, 0.055, 0.085) * (1 - 0.2 * head.rugged),
    smile,
    gap: open ? between(random, 0.03, 0.13) : 0,
    teeth: chance(random, 0.75) ? between(random, 0.35, 0.7) : 0,
    color: painted ? mix(own, stick, 0.8) : own,
  };
}

/** Paints lips and what is between them. */
export function paintMouth(mouth: Mouth, light: Light, point: SurfacePoint, out: Float64Array): boolean {
  const t = point.u / mouth.reach;
  if (t < -1 || t > 1) return false;
  const arc = 1 - t * t;
  const { gap } = mouth;
  // An opening mouth drops the lower lip.
  const d = point.v - (mouth.y + mouth.smile * (0.35 - t * t) * 1.4);
  const bow = 1 - 0.28 * Math.exp(-((t / 0.16) ** 2));
  const top = -mouth.upper * (0.25 * Math.sqrt(arc) + 0.75 * arc) * bow - gap * 0.3 * arc;
  const inTop = -gap * 0.25 * arc;
  const inBottom = gap * 0.75 * arc;
  const bottom = inBottom + mouth.lower * Math.sqrt(arc) * (0.4 + 0.6 * arc);
  if (d < top || d > bottom) return false;
  if (d > inTop && d < inBottom) {
    const tooth = d - inTop < (inBottom - inTop) * mouth.teeth;
    lit(out, tooth ? [0.93, 0.91, 0.87] : [0.27, 0.08, 0.09], light, 0, 0, 1, tooth ? 0.85 : 0.6);
    return true;
  }
  // The upper lip looks down, the lower one up.
  const up = d <= inTop;
  const across = up ? (d - inTop) / (top - inTop) : (d - inBottom) / (bottom - inBottom);
  lit(out, mouth.color, light, point.nx, point.ny + (up ? 0.35 : -0.45 + 0.7 * across), point.nz, up ? 0.86 : 1);
  const seam = up ? inTop - d : d - inBottom;
  if (seam < 0.014) dim(out, 0.6);
  return true;
}

/** Height of the lower lip's lower edge. */
export const mouthBottom = ({ y, lower, gap }: Mouth): number => y + lower + gap * 0.75;

/** How much the cheeks are raised, 0 to 1. */
export const cheekRaise = ({ smile, gap }: Mouth): number => clamp(smile * 12 + gap * 4, 0, 1);
