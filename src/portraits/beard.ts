import type { RandomState } from "../tensor/random.ts";
import { type Color, near, scaled } from "./color.ts";
import { between, chance, weighted } from "./draw.ts";
import type { Head, HeadFrame, SurfacePoint } from "./head.ts";
import { dim, type Light, lit } from "./light.ts";
import { type Mouth, mouthBottom } from "./mouth.ts";
import type { Nose } from "./nose.ts";
import { softWave } from "./pattern.ts";

/** Lengths in half heights of the head. A beard is hair. */
export interface Beard {
  readonly kind: "full" | "goatee" | "moustache";
  readonly moustache: boolean;
  readonly color: Color;
  /** How far it stands off the chin. */
  readonly long: number;
  readonly height: number;
}

/** Null: none. */
export function drawBeard(random: RandomState, head: Head, hair: Color): Beard | null {
  if (head.age < 0.25 || head.rugged < 0.5 || !chance(random, 0.36)) return null;
  const kind = weighted<Beard["kind"]>(random, [
    ["full", 3],
    ["goatee", 1],
    ["moustache", 1],
  ]);
  return {
    kind,
    moustache: kind === "moustache" || chance(random, 0.8),
    color: near(random, scaled(hair, between(random, 0.75, 1)), 0.02),
    long: kind === "full" ? between(random, 0.03, 0.22) : between(random, 0, 0.1),
    height: between(random, 0.06, 0.28),
  };
}

/** Paints beard and moustache; takes placed points. */
export function beardPainter(
  beard: Beard,
  mouth: Mouth,
  nose: Nose,
  frame: HeadFrame,
  light: Light,
  random: RandomState,
): (point: SurfacePoint, out: Float64Array) => boolean {
  const strand = softWave(random, 1.6);
  const below = mouthBottom(mouth) + 0.035;
  const lip = mouth.y - mouth.upper * 0.55;
  const high = 1 + beard.long;
  return (point, out) => {
    if (point.y < 0.1) return false;
    if (!frame.locate(point, 1.02, high) || point.side < -1 || point.side > 1 || point.cosine < 0) return false;
    const { u } = point;
    // The shell is longer than the head, features are not.
    const v = point.v * (1 + beard.long * 0.5);
    const a = Math.abs(u);
    const t = a / mouth.reach;
    const line = lip + 0.05 + mouth.smile * (0.35 - t * t) * 1.4 - mouth.gap * 0.3;
    const over = beard.moustache && v > nose.bottom + 0.035 && v < line + 0.05 * t * t && t < 1.12;
    let under = false;
    if (beard.kind === "full") {
      const s = Math.abs(point.sine);
      const edge = s < 0.35 ? below : below - (below - beard.height) * Math.min(1, (s - 0.35) / 0.5) ** 0.8;
      under = v > edge || (beard.moustache && t > 1.02 && t < 1.35 && v > nose.bottom + 0.06);
    } else if (beard.kind === "goatee") under = v > below && a < 0.22 - (v - below) ** 2;
    if (!over && !under) return false;
    const streak = strand(u * 3.2 + v * 0.3);
    lit(out, beard.color, light, point.nx, point.ny * 0.8 + (over ? 0.2 : 0.1), point.nz, 0.92);
    dim(out, 1 + 0.16 * streak);
    return true;
  };
}
