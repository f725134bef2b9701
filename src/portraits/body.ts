/** Neck and clothes, in the picture's own coordinates: half sides of it from its middle, y down. */
import type { RandomState } from "../tensor/random.ts";
import { type Color, mix, scaled } from "./color.ts";
import { around, between, chance, clamp, smoothstep, weighted } from "./draw.ts";
import { type Head, type HeadFrame, surfacePoint } from "./head.ts";
import { dim, type Light, lit } from "./light.ts";
import { softWave } from "./pattern.ts";

type Neckline = "round" | "vee" | "turtle" | "shirt" | "hood" | "jacket";
type Cloth = "plain" | "across" | "down" | "checks" | "dots" | "knit" | "halves";

export interface Body {
  /** Middle and height of the base of the neck. */
  readonly x: number;
  readonly y: number;
  readonly neck: number;
  readonly shoulders: number;
  readonly slope: number;
  readonly neckline: Neckline;
  readonly depth: number;
  readonly cloth: Cloth;
  readonly color: Color;
  readonly other: Color;
  readonly under: Color;
  readonly period: number;
  readonly phase: number;
}

export function drawBody(random: RandomState, head: Head, color: Color, other: Color, under: Color): Body {
  const { scale, rugged, age } = head;
  const child = clamp(1 - age * 5, 0, 1);
  return {
    x: head.x * 0.7 - Math.sin(head.roll) * scale * -0.35 + around(random, 0, 0.025),
    y: head.y + scale * (around(random, 1.2, 0.045) - 0.04 * child),
    neck: scale * (around(random, 0.36 + 0.08 * rugged, 0.025) - 0.05 * child),
    shoulders: scale * around(random, 1.4 + 0.2 * rugged - 0.2 * child, 0.1),
    slope: between(random, 0.18, 0.42),
    neckline: weighted<Neckline>(random, [
      ["round", 3],
      ["vee", 1.5],
      ["turtle", 1.2],
      ["shirt", 1.5],
      ["hood", 1],
      ["jacket", 1.5],
    ]),
    depth: chance(random, 0.3) ? between(random, 0.16, 0.34) : between(random, 0.04, 0.15),
    cloth: weighted<Cloth>(random, [
      ["plain", 4],
      ["across", 1.5],
      ["down", 1],
      ["checks", 1],
      ["dots", 0.8],
      ["knit", 1],
      ["halves", 0.7],
    ]),
    color,
    other,
    under,
    period: between(random, 0.13, 0.3),
    phase: random.randomSample(),
  };
}

type BodyPainter = (x: number, y: number, out: Float64Array) => boolean;

/** Height of the shoulders' line at a distance from the neck's middle. */
export function shoulderLine({ y, neck, shoulders, slope }: Body, distance: number): number {
  const d = Math.max(0, distance - neck * 0.9);
  const past = Math.max(0, distance - shoulders * 0.78) / (shoulders * 0.22);
  return y + slope * d + 0.13 * past * past - 0.035 * (1 - smoothstep(0, 0.12, d));
}

export function neckPainter(body: Body, frame: HeadFrame, skin: Color, light: Light): BodyPainter {
  const { head } = frame;
  const [topX, topY] = [head.x + Math.sin(head.roll) * -0.2 * head.scale, head.y];
  const point = surfacePoint();
  return (x, y, out) => {
    if (y < topY) return false;
    const t = clamp((y - topY) / (body.y - topY), 0, 1.5);
    const middle = topX + (body.x - topX) * Math.min(1, t);
    const flare = smoothstep(0.72, 1.35, t);
    const half = body.neck * (1 + 0.06 * (1 - t) + 0.9 * flare * flare);
    const s = (x - middle) / half;
    // Below the shoulders' line it is the chest, as far as the clothes leave it open.
    if ((s < -1 || s > 1) && y < shoulderLine(body, Math.abs(x - body.x))) return false;
    const c = clamp(s, -1, 1);
    const chest = smoothstep(0.95, 1.25, t);
    // The chin's shadow: is the head between this place and the lamp?
    frame.place(x + light.x * 0.16, y - 0.12 + 0.1 * light.y, point);
    let open = 1;
    if (point.y > 0 && point.y < 1.12) {
      const gap = Math.abs(point.x) - frame.width(Math.min(1, point.y)) * (point.y > 1 ? 1 - (point.y - 1) * 4 : 1);
      open = 0.5 + 0.5 * smoothstep(-0.06, 0.1, gap + Math.max(0, point.y - 0.93) * 1.2);
    }
    const collar = 0.12 * Math.exp(-(((Math.abs(x - body.x) - 0.1) / 0.05) ** 2)) * chest;
    lit(out, skin, light, c * (1 - 0.6 * chest), 0.1 - 0.35 * chest, Math.sqrt(1.1 - c * c), open * (1 - collar));
    return true;
  };
}

export function clothesPainter(body: Body, light: Light, random: RandomState): BodyPainter {
  const fold = softWave(random, 1.1);
  const drop = softWave(random, 0.7);
  const { neckline, depth, neck, period, phase } = body;
  const { color, other } = body;
  const blended = mix(color, other, 0.5);
  const lapelColor = mix(color, scaled(color, 0.6), 0.6);
  const odd = (q: number): boolean => q - Math.floor(q) < 0.5;
  const weave = (x: number, y: number): Color => {
    const a = x / period + phase;
    const b = y / period + phase;
    switch (body.cloth) {
      case "plain":
        return color;
      case "across":
        return odd(b) ? color : other;
      case "down":
        return odd(a) ? color : other;
      case "checks":
        return odd(a) !== odd(b) ? color : odd(a) ? other : blended;
      case "dots": {
        const row = Math.floor(b);
        const p = a + (row & 1) * 0.5;
        const q = b - row - 0.5;
        const d = p - Math.floor(p) - 0.5;
        return d * d + q * q < 0.075 ? other : color;
      }
      case "knit":
        return mix(color, other, 0.16 + 0.16 * Math.sin((x * 2 * Math.PI) / (period * 0.55)));
      case "halves":
        return y < 0.16 + 0.1 * phase ? color : other;
    }
  };
  const highest = body.y - 0.2;
  return (x, y, out) => {
    if (y < highest) return false;
    const dx = x - body.x;
    const d = Math.abs(dx);
    const line = shoulderLine(body, d);
    const below = y - line;
    const dy = y - body.y;
    const round = (dx / (neck * 1.3)) ** 2 + ((dy + 0.03) / (depth + 0.05)) ** 2;
    const s = dx / 0.75;
    const nz = Math.sqrt(Math.max(0.25, 1 - s * s * 0.6));
    const folds = 0.92 + 0.07 * fold(dx * 1.2 + 0.8 * y) + 0.05 * drop(y - dx * 1.6);
    const upwards = -0.55 * Math.exp(-below / 0.16);
    if (neckline === "turtle") {
      const t = (dy + 0.17) / 0.26;
      if (t > 0 && t < 1 && d < neck * (1.1 + 0.12 * t)) {
        const c = dx / (neck * 1.22);
        lit(out, body.color, light, c, -0.15, Math.sqrt(1.05 - c * c), 0.72 + 0.2 * t);
        dim(out, t > 0.5 && t < 0.62 ? 0.82 : 1);
        return true;
      }
    }
    if (neckline === "hood") {
      // A thick ring of cloth around the neck.
      const r = Math.hypot(dx / (neck * 1.75), (dy - 0.02) / 0.19);
      if (r > 0.62 && r < 1.08 && (dy > -0.06 || d > neck)) {
        const ring = (r - 0.85) / 0.23;
        lit(out, body.color, light, (dx / neck) * 0.4 + ring * 0.3 * Math.sign(dx), ring * 0.4 - 0.3, 0.8, 0.85);
        dim(out, ring > 0.85 ? 0.75 : 1);
        return true;
      }
      if (r <= 0.62 && dy > -0.1) return false;
    }
    if (below < 0) return false;
    if (neckline === "shirt" || neckline === "jacket") {
      const vee = d < (depth + 0.1 - dy) * (neckline === "jacket" ? 0.75 : 0.55);
      if (neckline === "shirt") {
        if (vee && dy < depth * 0.8 && d < (depth * 0.8 + 0.02 - dy) * 0.8) return false;
        const collar = d < neck * 1.35 - dy * 0.35 && dy < 0.17 && d > dy * 0.3;
        lit(
          out,
          collar ? body.under : weave(dx, below),
          light,
          s * 0.7 + (collar ? Math.sign(dx) * 0.25 : 0),
          upwards,
          nz,
          folds,
        );
        if (collar && dy > 0.13) dim(out, 0.85);
        else if (!collar && d < 0.018) dim(out, 0.8);
        return true;
      }
      // An open jacket over a shirt with a round neck.
      if (round < 1) return false;
      const lapel = d < (depth + 0.42 - dy) * 0.75 && !(d < (depth + 0.36 - dy) * 0.48);
      const inner = d < (depth + 0.36 - dy) * 0.48;
      lit(
        out,
        inner ? body.under : lapel ? lapelColor : weave(dx, below),
        light,
        s * 0.7,
        upwards,
        nz,
        inner ? folds * 0.92 : folds,
      );
      return true;
    }
    if (neckline === "vee") {
      if (d < (depth * 1.6 + 0.05 - dy) * 0.6 && d < neck * 1.35) return false;
    } else if (neckline === "round" && round < 1) return false;
    lit(out, weave(dx, below), light, s * 0.7, upwards, nz, folds);
    // A seam along the neckline.
    if (neckline === "round" && round < 1.45) dim(out, 0.84);
    return true;
  };
}
