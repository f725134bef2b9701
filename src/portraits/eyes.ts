import type { RandomState } from "../tensor/random.ts";
import { type Color, hsv, mix, near, scaled } from "./color.ts";
import { around, between, chance, clamp, weighted } from "./draw.ts";
import type { Head, SurfacePoint } from "./head.ts";
import { blend, dim, type Light, lit } from "./light.ts";

/** Lengths in half heights of the head. */
export interface Eyes {
  /** Distance of each from the middle line. */
  readonly apart: number;
  readonly y: number;
  readonly reach: number;
  /** Height of the upper and the lower lid's arc. */
  readonly upper: number;
  readonly lower: number;
  /** Positive: the outer corners are high. */
  readonly tilt: number;
  /** Left and right: 0 closed, 1 open. */
  readonly open: readonly [number, number];
  readonly gaze: readonly [number, number];
  readonly iris: number;
  readonly color: Color;
  readonly white: Color;
  readonly lash: Color;
  readonly lashWidth: number;
}

export function drawEyes(random: RandomState, head: Head): Eyes {
  const child = clamp(1 - head.age * 5, 0, 1);
  const size = between(random, 0.9, 1.15) + 0.12 * child;
  const closed = chance(random, 0.05);
  const open = (): number => (closed ? 0 : clamp(around(random, 0.9, 0.12), 0.55, 1.15));
  const both = open();
  const wink = !closed && chance(random, 0.02);
  const iris = weighted<Color>(random, [
    [[0.28, 0.16, 0.09], 5],
    [[0.14, 0.09, 0.07], 3],
    [[0.36, 0.52, 0.7], 2],
    [[0.35, 0.48, 0.28], 2],
    [[0.5, 0.4, 0.2], 1],
    [[0.5, 0.55, 0.58], 1],
    [hsv(random.randomSample(), 0.6, 0.6), 0.5],
  ]);
  return {
    apart: head.width * between(random, 0.42, 0.47),
    y: around(random, 0.04 + 0.06 * child, 0.015),
    reach: 0.152 * size,
    upper: between(random, 0.085, 0.12) * size,
    lower: between(random, 0.045, 0.07) * size,
    tilt: around(random, 0.06, 0.1),
    open: [both, wink ? 0 : both],
    gaze: [around(random, 0, 0.022), around(random, 0, 0.01)],
    iris: between(random, 0.074, 0.09) * size,
    color: near(random, iris, 0.04),
    white: near(random, [0.93, 0.92, 0.9], 0.025),
    lash: mix([0.1, 0.07, 0.06], [0.35, 0.22, 0.15], random.randomSample() * 0.7),
    lashWidth: between(random, 0.018, 0.04),
  };
}

/** Paints an eye where the point is in one. */
export function paintEyes(eyes: Eyes, light: Light, point: SurfacePoint, out: Float64Array): boolean {
  const { u } = point;
  const right = u > 0;
  const du = (right ? u : -u) - eyes.apart;
  const t = du / eyes.reach;
  if (t < -1 || t > 1) return false;
  const dv = point.v - eyes.y + eyes.tilt * du;
  const open = eyes.open[right ? 1 : 0];
  const arc = 1 - t * t;
  if (open === 0) {
    const low = eyes.lower * 0.9 * arc;
    if (dv < low - eyes.lashWidth || dv > low + eyes.lashWidth * 0.6) return false;
    lit(out, eyes.lash, light, point.nx, point.ny, point.nz, 0.9);
    return true;
  }
  // The lids' arcs are fullest towards the nose.
  const top = -eyes.upper * open * Math.sqrt(arc) * (1 - 0.18 * t);
  const bottom = eyes.lower * arc * (1 + 0.12 * t);
  if (dv < top - eyes.lashWidth * (0.6 + 0.4 * t) || dv > bottom) return false;
  if (dv < top) {
    lit(out, eyes.lash, light, point.nx, point.ny, point.nz, 0.9);
    return true;
  }
  // The ball: its own normal, shaded by the lid above.
  const gx = (right ? du : -du) - eyes.gaze[0];
  const gy = dv - eyes.gaze[1] + 0.012;
  const r = Math.hypot(gx, gy) / eyes.iris;
  const lid = 0.62 + 0.38 * clamp((dv - top) / 0.06, 0, 1);
  lit(out, r < 1 ? eyes.color : eyes.white, light, point.nx * 0.5, point.ny * 0.5, 1, 0.95);
  dim(out, lid * (r > 0.8 && r < 1 ? 0.62 : 1));
  if (r < 0.45) blend(out, [0.03, 0.03, 0.04], 0.92);
  else if (r < 1) blend(out, scaled(eyes.color, 1.5), 0.35 * clamp(gy / eyes.iris, 0, 1));
  const glint = Math.hypot(gx - light.x * eyes.iris * 0.5, gy - light.y * eyes.iris * 0.55);
  if (glint < eyes.iris * 0.24) blend(out, [1, 1, 1], 0.85);
  return true;
}
