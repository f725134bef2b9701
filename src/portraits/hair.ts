/** Hair on the head: a shell over the skull down to the hairline, and what hangs behind and in front of the shoulders. */
import type { RandomState } from "../tensor/random.ts";
import type { Color } from "./color.ts";
import { around, bell, between, chance, clamp, smoothstep, weighted } from "./draw.ts";
import type { Head, HeadFrame, SurfacePoint } from "./head.ts";
import { blend, dim, type Light, lit } from "./light.ts";
import { softNoise, softWave } from "./pattern.ts";

type Back = "none" | "long" | "round" | "bun" | "buns" | "tail" | "tails";

/** Lengths in half heights of the head. */
export interface Hair {
  readonly color: Color;
  readonly gloss: number;
  readonly strands: number;
  /** Size of the shell over the head's. */
  readonly wide: number;
  readonly high: number;
  /** Curls: how deep the outline waves, and how often around the head. */
  readonly curl: number;
  readonly curls: number;
  /** Height of the hairline at the middle and at the temples, and how fast it falls. */
  readonly front: number;
  readonly side: number;
  readonly fall: number;
  readonly slant: number;
  /** Where the hair parts on the forehead, and how far the parting rises. */
  readonly part: number;
  readonly parting: number;
  readonly jag: number;
  /** Where the hair of the back of the head ends; above `bare` there is none. */
  readonly nape: number;
  readonly bare: number;
  readonly back: Back;
  /** Of hair that hangs: lower end, half width there over that above, waves of the outline. */
  readonly end: number;
  readonly flare: number;
  readonly wavy: number;
  /** Falls in front of the shoulders. */
  readonly drape: boolean;
  /** Side of a tail. */
  readonly tail: -1 | 1;
}

type Style = "short" | "crop" | "bob" | "long" | "curly" | "round" | "bun" | "tail" | "balding";

/** Null: bald. */
export function drawHair(random: RandomState, head: Head, color: Color, underHat: boolean): Hair | null {
  const { age, rugged } = head;
  const old = clamp((age - 0.4) * 2, 0, 1);
  const style = weighted<Style | "bald">(random, [
    ["short", 2.6],
    ["crop", 0.6 + 1.2 * rugged],
    ["bob", 1.6],
    ["long", 3],
    ["curly", 1.2],
    ["round", 0.9],
    ["bun", 0.9 * (underHat ? 0 : 1)],
    ["tail", 1.2],
    ["balding", 1.2 * old * rugged],
    ["bald", 0.35 * rugged * (0.4 + old)],
  ]);
  if (style === "bald") return null;
  const volume = between(random, 0, 1) * (underHat ? 0.25 : 1);
  const fringe = style !== "balding" && chance(random, 0.42);
  const covers = style === "bob" || ((style === "long" || style === "round") && chance(random, 0.6));
  const hangs = style === "bob" || style === "long";
  const curly = style === "curly" || style === "round" || (hangs && chance(random, 0.2));
  const receding = clamp(around(random, old * rugged * 0.16, 0.05), 0, 0.25);
  const back: Back = hangs
    ? "long"
    : style === "round"
      ? "round"
      : style === "bun"
        ? chance(random, 0.7)
          ? "bun"
          : "buns"
        : style === "tail"
          ? chance(random, 0.6)
            ? "tail"
            : "tails"
          : "none";
  const thin = style === "crop" || style === "balding";
  // Numbers that nothing needs are drawn here and below, so that portraits stay what they were.
  random.randomSample();
  const hair: Hair = {
    color,
    gloss: thin ? between(random, 0, 0.1) : between(random, 0.05, 0.4),
    strands: between(random, 0.15, 0.6),
    wide: 1 + (thin ? 0.015 + 0.03 * volume : 0.05 + 0.1 * volume + (style === "curly" ? 0.1 : 0)),
    high: 1 + (thin ? 0.02 + 0.04 * volume : 0.06 + 0.14 * volume + (style === "curly" ? 0.08 : 0)),
    curl: curly ? between(random, 0.025, 0.06) : 0,
    curls: between(random, 8, 14),
    front: style === "balding" ? -1.2 : fringe ? between(random, -0.42, -0.26) : around(random, -0.6, 0.05) - receding,
    side: covers ? between(random, 0.55, 0.95) : between(random, 0.02, 0.28),
    fall: style === "balding" ? between(random, 1.6, 3) : fringe ? between(random, 5, 11) : between(random, 2.6, 7),
    slant: chance(random, 0.5) ? around(random, 0, 0.28) : 0,
    part: around(random, 0, 0.4),
    parting: style !== "balding" && chance(random, 0.4) ? between(random, 0.1, 0.3) : 0,
    jag: fringe && chance(random, 0.5) ? between(random, 0.02, 0.05) : 0,
    nape: hangs ? 1 : between(random, 0.35, 0.6),
    bare: style === "balding" ? between(random, -0.6, -0.35) : -2,
    back,
    end: style === "bob" ? between(random, 0.75, 1.25) : between(random, 1.5, 2.6),
    flare: between(random, 0.85, 1.35),
    wavy: hangs ? (chance(random, 0.5) ? between(random, 0.02, 0.07) : 0.008) : 0,
    drape: style === "long" && chance(random, 0.65),
    tail: chance(random, 0.5) ? 1 : -1,
  };
  random.randomUint32();
  return hair;
}

type HairPainter = (point: SurfacePoint, out: Float64Array) => boolean;

/** Height of the hairline at a longitude of the front. */
export function hairline(hair: Hair, sine: number): number {
  const { front, side, fall, slant, part, parting, jag } = hair;
  const t = Math.min(1, Math.abs(sine));
  const rise = parting === 0 ? 0 : parting * bell(sine - part, 0.2);
  const teeth = jag === 0 ? 0 : jag * Math.sin(sine * 19 + part * 7);
  return front + (side - front) * t ** fall + slant * sine * (1 - t) - rise + teeth;
}

/** Painters of a head's hair: over the face, behind the head, and over the clothes. All take placed points. */
export function hairPainters(
  hair: Hair,
  frame: HeadFrame,
  light: Light,
  random: RandomState,
): { readonly over: HairPainter; readonly behind: HairPainter; readonly drape: HairPainter } {
  const strand = softWave(random, 1.3);
  const lock = softWave(random, 3.1);
  const drift = softWave(random, 0.5);
  const tuft = softNoise(random, 0.17);
  const outline = softWave(random, 1 / (2 * Math.PI));
  const { head } = frame;
  const band = between(random, -0.75, -0.4);
  const crown = hair.part * 0.6 * head.width;

  /** `flow` runs across the strands, `along` from 0 at their roots. */
  const shade = (out: Float64Array, flow: number, point: SurfacePoint, open: number, shine: number): void => {
    const { x, y } = point;
    const streak = hair.curl > 0 ? 0.75 * tuft(x, y) + 0.25 * strand(flow) : 0.6 * strand(flow) + 0.4 * lock(flow);
    lit(
      out,
      hair.color,
      light,
      point.nx,
      point.ny,
      point.nz,
      open * (1 - 0.22 * hair.strands * (streak < 0 ? -streak : 0)),
    );
    if (streak < 0) dim(out, 1 + 0.5 * hair.strands * streak * 0.7);
    else dim(out, 1 + 0.25 * hair.strands * streak);
    if (shine > 0.01) blend(out, [1, 0.98, 0.95], clamp(shine * hair.gloss * (0.75 + 0.5 * streak), 0, 0.6));
  };

  const lowest = Math.max(hair.side, hair.nape) + 0.1;
  const over: HairPainter = (point, out) => {
    if (Math.abs(point.x) > head.width * hair.wide * 1.35 || point.y > hair.high * 1.1) return false;
    const angle = hair.curl > 0 ? Math.atan2(point.x, -point.y) : 0;
    const puff = hair.curl > 0 ? 1 + hair.curl * outline(angle * hair.curls) * 0.9 : 1;
    if (!frame.locate(point, hair.wide * puff, hair.high * puff) || point.side < -1 || point.side > 1) return false;
    const { sine, cosine, v } = point;
    if (v > lowest) return false;
    const line = cosine > 0 ? hairline(hair, sine) : hair.side + (hair.nape - hair.side) * Math.min(1, -4 * cosine);
    if (v > line || (cosine <= 0.3 && v < hair.bare)) return false;
    const flow = Math.atan2(point.x - crown, point.y + 1.15) * 1.6;
    const edge = clamp((line - v) / 0.1, 0, 1);
    const lamp = Math.max(0, point.nx * light.x + 0.5 + point.nz * 0.3);
    const shine = bell(v - band - 0.06 * drift(sine * 2), 0.13) * lamp;
    shade(out, flow, point, 0.86 + 0.14 * edge, shine);
    return true;
  };

  const top = (): number => head.width * hair.wide + 0.03;
  const bottom = -0.35;
  const middle = -0.12 * frame.sinYaw;
  /** Half width of hanging hair at height y. */
  const hanging = (y: number, x: number): number => {
    const t = clamp((y - bottom) / (hair.end - bottom), 0, 1);
    const wave = hair.wavy * Math.sin(y * 7.5 + (x > 0 ? 0.6 : 0) + hair.part * 5);
    const temple = 0.82 + 0.18 * smoothstep(bottom, 0.4, y);
    return (
      top() * temple * (1 + (hair.flare - 1) * t) + wave + (hair.curl > 0 ? hair.curl * outline(y * hair.curls) : 0)
    );
  };
  const inHanging = (point: SurfacePoint): number => {
    const { x, y } = point;
    const half = hanging(y, x);
    const t = (x - middle) / half;
    if (y > hair.end - 0.22 * t * t + 0.05 * lock(t * 0.7)) return 2;
    return t;
  };
  const hangingColor = (point: SurfacePoint, t: number, open: number, out: Float64Array): void => {
    point.nx = t * 0.9;
    point.ny = -0.1;
    point.nz = Math.sqrt(Math.max(0.1, 1 - t * t));
    const wave = hair.wavy * 3 * Math.sin(point.y * 7.5 + hair.part * 5);
    shade(out, t * 1.2 + wave, point, open, bell(point.y - band - 1.25, 0.2) * 0.7);
  };
  const ball = (point: SurfacePoint, bx: number, by: number, r: number, out: Float64Array): boolean => {
    const dx = (point.x - bx) / r;
    const dy = (point.y - by) / r;
    const d = dx * dx + dy * dy;
    if (d > 1) return false;
    point.nx = dx;
    point.ny = dy;
    point.nz = Math.sqrt(1 - d) + 0.05;
    shade(out, Math.atan2(dx, dy - 0.4) * 0.8, point, 0.9, bell(dy + 0.45, 0.25));
    return true;
  };
  /** A tail from beside the crown down to the shoulder, thick in the middle. */
  const inTail = (point: SurfacePoint, side: number, out: Float64Array): boolean => {
    const { x, y } = point;
    const t = (y + 0.55) / (Math.min(hair.end, 1.7) + 0.55);
    if (t < 0 || t > 1) return false;
    const cx = side * (head.width * (0.85 + 0.5 * Math.sin(Math.min(1, t * 1.25) * 2.2)) + 0.04) + middle;
    const r = 0.24 * Math.sqrt(Math.sin(Math.PI * (0.06 + 0.94 * t ** 0.75))) * (0.85 + 0.35 * (hair.flare - 0.85));
    const s = (x - cx) / r;
    if (s < -1 || s > 1) return false;
    point.nx = s;
    point.ny = -0.2 + 0.5 * (t - 0.4);
    point.nz = Math.sqrt(1 - s * s) + 0.05;
    shade(out, s * 0.6 + t * 0.4, point, 0.85, bell(t - 0.3, 0.12));
    return true;
  };

  const behind: HairPainter = (point, out) => {
    const { x, y } = point;
    if (hair.back === "long") {
      if (y > bottom) {
        const t = inHanging(point);
        if (t >= -1 && t <= 1) {
          hangingColor(point, t, 0.55 + 0.35 * Math.abs(t), out);
          return true;
        }
      }
    } else if (hair.back === "round") {
      const r0 = 1.05 + 0.35 * (hair.wide - 1) * 6;
      const dx = x - middle;
      const dy = y + 0.22;
      if (dx * dx + dy * dy > 3) return false;
      const r = r0 * (1 + hair.curl * outline(Math.atan2(dx, -dy) * hair.curls));
      return ball(point, middle, -0.22, r, out);
    } else if (hair.back === "bun") {
      if (ball(point, middle + crown * 0.4, -1.1 * hair.high - 0.08, 0.3, out)) return true;
    } else if (hair.back === "buns") {
      const bx = head.width * 0.78;
      if (ball(point, middle + (x < 0 ? -bx : bx), -0.95 * hair.high, 0.29, out)) return true;
    } else if (hair.back === "tail") {
      if (inTail(point, hair.tail, out)) return true;
    } else if (hair.back === "tails") {
      if (inTail(point, x < 0 ? -1 : 1, out)) return true;
    }
    // The back of the head's shell, seen past cheeks and neck.
    if (y > hair.nape * 0.9 || y < hair.bare) return false;
    // Short hair narrows towards the neck.
    const narrow = 1 - 0.2 * smoothstep(0, hair.nape, y);
    if (!frame.locate(point, hair.wide * narrow, hair.high) || point.side < -1 || point.side > 1) return false;
    shade(out, Math.atan2(x - crown, y + 1.15) * 1.6, point, 0.6, 0);
    return true;
  };

  const drape: HairPainter = (point, out) => {
    if (!hair.drape || point.y < 0.3) return false;
    const t = inHanging(point);
    if (t < -1 || t > 1) return false;
    const inner = head.width * (0.98 - 0.42 * clamp((point.y - 0.5) / 0.7, 0, 1)) + hair.wavy * Math.sin(point.y * 6);
    const d = Math.abs(point.x - middle) - inner;
    if (d < 0) return false;
    hangingColor(point, t, 0.7 + 0.25 * clamp(d / 0.12, 0, 1), out);
    return true;
  };
  return { over, behind, drape };
}
