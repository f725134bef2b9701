import { disc, type Point, type Span } from "./raster.ts";

/** Where a pen, finger or mouse is, in pixels of the mask. */
export interface PenPoint extends Point {
  /** 0 to 1; .5 where the device measures none. */
  readonly pressure: number;
}

/** Radius of the brush under a pressure: from half of `radius` to one and a half of it. */
const pressed = (radius: number, { pressure }: PenPoint): number => radius * (0.5 + pressure);

/** Largest distance between discs: their envelope lies at most a quarter of a pixel within the true edge, and no pixel is left out. */
const spacing = (radius: number): number => Math.max(0.5, Math.min(radius / 2, Math.sqrt(2 * radius)));

/** A stroke that is drawn while it happens. */
export interface Stroke {
  /** Draws on to the next place. */
  to(point: PenPoint): void;
  /** Draws the rest, up to the last place. */
  end(): void;
}

/**
 * A smooth line of discs: between the middles of the pen's path run parabolas that have its places as control points, so that few places of a
 * fast hand make a curve and not corners. What was drawn stays; the line is half a step behind the pen until it ends.
 *
 * @param radius of the brush at pressure .5, in pixels
 */
export function stroke(radius: number, start: PenPoint, emit: Span): Stroke {
  let before = start;
  let middle = start;
  const stamp = (point: PenPoint): void => disc(point, pressed(radius, point), emit);
  const curve = (control: PenPoint, end: PenPoint): void => {
    const begin = middle;
    // A parabola is never faster than twice the longer leg.
    const longest = 2 * Math.max(distance(begin, control), distance(control, end));
    const steps = Math.ceil(longest / spacing(Math.min(pressed(radius, begin), pressed(radius, end))));
    for (let i = 1; i <= steps; i++) stamp(parabola(begin, control, end, i / steps));
    middle = end;
  };
  stamp(start);
  return {
    to(point) {
      if (point.x === before.x && point.y === before.y) return;
      curve(before, mix(before, point, 0.5));
      before = point;
    },
    end() {
      curve(middle, before);
    },
  };
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

const mix = (a: PenPoint, b: PenPoint, t: number): PenPoint => ({
  x: a.x + (b.x - a.x) * t,
  y: a.y + (b.y - a.y) * t,
  pressure: a.pressure + (b.pressure - a.pressure) * t,
});

const parabola = (a: PenPoint, control: PenPoint, b: PenPoint, t: number): PenPoint =>
  mix(mix(a, control, t), mix(control, b, t), t);
