/**
 * The head: a stack of ellipses, one at each height. Turned sideways it is again such a stack, so that for a point of
 * the picture the point of the surface behind it follows in closed form, and with it where on the face that is.
 */
import type { RandomState } from "../tensor/random.ts";
import { around, between, clamp } from "./draw.ts";

/** Lengths are in half heights of the head; heights v run from -1 at the crown to 1 at the chin. */
export interface Head {
  /** Centre and half height, in half sides of the picture. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  /** Radians: in the picture, to the right, down. */
  readonly roll: number;
  readonly yaw: number;
  readonly pitch: number;
  /** Half width at eye height. */
  readonly width: number;
  /** How much narrower the jaw is, how square the chin, how round the crown, how full the cheeks. */
  readonly taper: number;
  readonly chin: number;
  readonly crown: number;
  readonly cheeks: number;
  /** Child 0, old 1. */
  readonly age: number;
  /** Broad and angular 1, fine and round 0. */
  readonly rugged: number;
}

export function drawHead(random: RandomState): Head {
  const age = random.randomSample();
  const rugged = random.randomSample();
  const child = clamp(1 - age * 5, 0, 1);
  return {
    x: around(random, 0, 0.045),
    y: around(random, -0.13, 0.03),
    scale: between(random, 0.63, 0.73) * (1 - 0.06 * child),
    roll: around(random, 0, 0.09),
    yaw: around(random, 0, 0.24),
    pitch: around(random, 0, 0.1),
    width: around(random, 0.725 + 0.03 * rugged + 0.045 * child, 0.035),
    taper: clamp(around(random, 0.32 - 0.12 * rugged, 0.06), 0.06, 0.48),
    chin: between(random, 2.4, 3.4) + 2.2 * rugged * random.randomSample(),
    crown: between(random, 2, 2.7),
    cheeks: around(random, 0.03 + 0.03 * child, 0.025),
    age,
    rugged,
  };
}

/** A point of the head's surface; one object is written again and again. */
export interface SurfacePoint {
  /** Place in the upright head's plane. */
  x: number;
  y: number;
  /** Signed distance from the silhouette's middle line, 1 at its edge; outside it is larger. */
  side: number;
  /** The silhouette's half width here. */
  reach: number;
  /** Sine and cosine of the longitude, 0 at the nose: cosine is negative on the back. */
  sine: number;
  cosine: number;
  /** Place on the face seen from the front. */
  u: number;
  v: number;
  /** Normal, not normalised. */
  nx: number;
  ny: number;
  nz: number;
}

export const surfacePoint = (): SurfacePoint => ({
  x: 0,
  y: 0,
  side: 0,
  reach: 0,
  sine: 0,
  cosine: 0,
  u: 0,
  v: 0,
  nx: 0,
  ny: 0,
  nz: 0,
});

/** Depth of the head over its width. */
const DEPTH = 1.12;
/** How far the jaw stands before the axis of turning, and the crown behind it. */
const LEAN = 0.16;
/** Features wander by this much of the pitch. */
const NOD = 0.75;
const STEPS = 512;
const STEEPEST = 6;

export interface HeadFrame {
  readonly head: Head;
  readonly tanYaw: number;
  readonly sinYaw: number;
  readonly cosYaw: number;
  /** Half width seen from the front at a height in [-1, 1]. */
  width(v: number): number;
  /** Writes the upright head's coordinates of a place in the picture. */
  place(x: number, y: number, point: SurfacePoint): void;
  /**
   * Writes the surface behind a placed point for the head grown by the factors `wide` and `high` about its centre: hair
   * and hats are such shells. False outside its heights.
   */
  locate(point: SurfacePoint, wide: number, high: number): boolean;
}

export function headFrame(head: Head): HeadFrame {
  const { width, taper, chin, crown, cheeks } = head;
  const half = new Float64Array(STEPS + 1);
  const slope = new Float64Array(STEPS + 1);
  for (let i = 0; i <= STEPS; i++) {
    const v = (2 * i) / STEPS - 1;
    const end = v < 0 ? Math.sqrt(1 - (-v) ** crown) : Math.sqrt(1 - v ** chin);
    const down = Math.max(0, v);
    const full = v > -0.2 ? cheeks * Math.exp(-(((v - 0.32) / 0.28) ** 2)) : 0;
    half[i] = width * end * (1 - taper * down * down * (2 - down)) + full * end;
  }
  for (let i = 0; i <= STEPS; i++) {
    const [low, high] = [Math.max(0, i - 1), Math.min(STEPS, i + 1)];
    slope[i] = clamp(((half[high] - half[low]) / (high - low)) * (STEPS / 2), -STEEPEST, STEEPEST);
  }
  const [cosRoll, sinRoll] = [Math.cos(head.roll), Math.sin(head.roll)];
  const [cosYaw, sinYaw] = [Math.cos(head.yaw), Math.sin(head.yaw)];
  const stretch = Math.hypot(cosYaw, DEPTH * sinYaw);
  const [cosTurn, sinTurn] = [cosYaw / stretch, (DEPTH * sinYaw) / stretch];
  const lean = LEAN * sinYaw;
  const nod = NOD * Math.sin(head.pitch);
  const at = (table: Float64Array, v: number): number => {
    const t = (v + 1) * (STEPS / 2);
    const i = Math.min(STEPS - 1, Math.max(0, Math.floor(t)));
    return table[i] + (table[i + 1] - table[i]) * (t - i);
  };
  return {
    head,
    tanYaw: sinYaw / cosYaw,
    sinYaw,
    cosYaw,
    width: (v) => at(half, clamp(v, -1, 1)),
    place(x, y, point) {
      const dx = (x - head.x) / head.scale;
      const dy = (y - head.y) / head.scale;
      point.x = dx * cosRoll + dy * sinRoll;
      point.y = dy * cosRoll - dx * sinRoll;
    },
    locate(point, wide, high) {
      const v = point.y / high;
      if (v <= -1 || v >= 1) return false;
      const reach = at(half, v) * stretch;
      const side = (point.x / wide - lean * v) / reach;
      const s = clamp(side, -1, 1);
      const front = Math.sqrt(1 - s * s);
      point.side = side;
      point.reach = reach;
      point.sine = s * cosTurn - front * sinTurn;
      point.cosine = front * cosTurn + s * sinTurn;
      point.u = (point.sine * reach) / stretch;
      point.v = v - nod * Math.max(0, point.cosine);
      point.nx = s;
      point.ny = -at(slope, v) * stretch;
      point.nz = Math.max(0.05, front);
      return true;
    },
  };
}
