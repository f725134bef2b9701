import type { RandomState } from "../tensor/random.ts";
import { type Color, mix, scaled } from "./color.ts";
import { between, chance, clamp, weighted } from "./draw.ts";
import type { Head, HeadFrame, SurfacePoint } from "./head.ts";
import { dim, type Light, lit } from "./light.ts";
import { softWave } from "./pattern.ts";

/** Lengths in half heights of the head. */
export interface Hat {
  readonly kind: "beanie" | "cap" | "brim";
  readonly color: Color;
  readonly band: Color;
  /** Size of the crown over the head's. */
  readonly wide: number;
  readonly high: number;
  /** Height of the lower edge on the forehead. */
  readonly line: number;
  /** Half width and half height of brim or visor. */
  readonly reach: number;
  readonly droop: number;
  readonly ribs: number;
  readonly pompom: boolean;
}

export function drawHat(random: RandomState, head: Head, color: Color, other: Color): Hat {
  const kind = weighted<Hat["kind"]>(random, [
    ["beanie", 1],
    ["cap", 1],
    ["brim", 1],
  ]);
  return {
    kind,
    color,
    band: chance(random, 0.5) ? other : mix(scaled(color, 0.7), color, 0.3),
    wide: between(random, 1.09, 1.16),
    high: kind === "brim" ? between(random, 1.22, 1.34) : between(random, 1.13, 1.26),
    line: between(random, -0.5, -0.36),
    reach: kind === "cap" ? head.width * between(random, 0.72, 0.86) : head.width * between(random, 1.4, 1.75),
    droop: kind === "cap" ? between(random, 0.14, 0.24) : between(random, 0.12, 0.2),
    ribs: chance(random, 0.5) ? between(random, 0.08, 0.22) : 0,
    pompom: kind === "beanie" && chance(random, 0.4),
  };
}

export interface HatPainter {
  /** Takes placed points. */
  paint(point: SurfacePoint, out: Float64Array): boolean;
  /** Share of the light that it leaves at a height of the face. */
  shadow(v: number): number;
}

export function hatPainter(hat: Hat, frame: HeadFrame, light: Light, random: RandomState): HatPainter {
  const fold = softWave(random, 0.8);
  const { line } = hat;
  const { sinYaw, head } = frame;
  const nod = 0.75 * Math.sin(head.pitch);
  // Edges are where the front of the head carries them.
  const edgeY = (line + nod * 0.9) * hat.high;
  const visorX = sinYaw * head.width * 0.75;
  return {
    paint(point, out) {
      const { x, y } = point;
      if (hat.kind === "cap") {
        const s = (x - visorX) / hat.reach;
        const t = (y - edgeY - 0.02 + 0.1 * s * s) / hat.droop;
        if (s * s + t * t < 1 && t > -0.25) {
          lit(out, hat.band, light, s * 0.3, -0.75 + 0.5 * t, 0.6, t > 0.8 ? 0.7 : 1);
          return true;
        }
      } else if (hat.kind === "brim") {
        const s = (x - 0.1 * sinYaw) / hat.reach;
        const t = (y - edgeY - 0.02 - 0.16 * s * s * (hat.droop > 0.16 ? -1 : 1)) / hat.droop;
        // The far half of the brim lies behind the crown, of the same class.
        if (s * s + t * t < 1 && t > -0.35) {
          lit(out, hat.color, light, s * 0.3, -0.8 + 0.4 * t, 0.6, t > 0.55 ? 0.72 : 1);
          return true;
        }
      } else if (hat.pompom) {
        const [dx, dy] = [(x + 0.1 * sinYaw) / 0.22, (y + hat.high + 0.06) / 0.22];
        const d = dx * dx + dy * dy;
        if (d < 1) {
          lit(out, hat.band, light, dx, dy, Math.sqrt(1 - d) + 0.1, 1);
          return true;
        }
      }
      if (!frame.locate(point, hat.wide, hat.high) || point.side < -1 || point.side > 1) return false;
      const { sine, cosine, v } = point;
      const edge = line + (cosine > 0 ? 0.06 * sine * sine : 0.1) + (hat.kind === "beanie" ? 0.02 : 0);
      if (v > edge) return false;
      const cuff = hat.kind === "beanie" ? 0.26 : hat.kind === "brim" ? 0.17 : 0;
      const inCuff = v > edge - cuff;
      lit(out, inCuff ? hat.band : hat.color, light, point.nx, point.ny, point.nz, inCuff ? 1 : 0.94);
      const rib = hat.ribs === 0 ? 0 : hat.ribs * Math.sin(sine * 22);
      dim(out, 1 + rib * (inCuff || hat.kind === "beanie" ? 0.8 : 0) + 0.07 * fold(sine + v));
      if (cuff > 0 && !inCuff && v > edge - cuff - 0.05) dim(out, 0.82);
      return true;
    },
    shadow: (v) => {
      const deep = hat.kind === "beanie" ? 0.12 : 0.34;
      return 1 - (hat.kind === "beanie" ? 0.3 : 0.5) * (1 - clamp((v - line) / deep, 0, 1));
    },
  };
}
