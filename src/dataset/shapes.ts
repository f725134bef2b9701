/**
 * The shapes of annotation tools as areas: a pixel belongs to a shape whose border is around its centre. Coordinates are in pixels from
 * the image's upper left corner; tools differ at the border, so a pixel on the line may fall on either side.
 */
import type { Area } from "./painter.ts";

/** Borders cross the rows of an image this often at most, all edges together: more takes seconds, and nobody draws that. */
const MOST_CROSSINGS = 2 ** 24;
/** Corners of the polygon that stands for an ellipse: at a radius of 1000 pixels it is off by a hundredth of one. */
const ELLIPSE_CORNERS = 720;

/** A polygon under the even-odd rule; `points` are x and y in turn. Throws RangeError for fewer than three corners, or half a corner. */
export function polygon(points: readonly number[], width: number, height: number): Area {
  if (points.length % 2 === 1) throw new RangeError(`a polygon of ${points.length} numbers; expected x and y in turn`);
  if (points.length < 6) throw new RangeError(`a polygon of ${points.length / 2} points; expected at least 3`);
  const odd = points.find((v) => !Number.isFinite(v));
  if (odd !== undefined) throw new RangeError(`a polygon with the coordinate ${odd}; expected numbers`);
  const n = points.length / 2;
  // The rows whose centres an edge from y0 to y1 passes: from `first` up to `end`.
  const first = (y0: number, y1: number): number => Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5));
  const end = (y0: number, y1: number): number => Math.min(height, Math.ceil(Math.max(y0, y1) - 0.5));
  let [top, bottom, crossings] = [height, 0, 0];
  for (let i = 0; i < n; i++) {
    const [y0, y1] = [points[2 * i + 1], points[(2 * i + 3) % (2 * n)]];
    const [from, to] = [first(y0, y1), end(y0, y1)];
    if (to <= from) continue;
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
    crossings += to - from;
  }
  if (crossings > MOST_CROSSINGS)
    throw new RangeError(`a polygon of ${n} points whose edges cross the rows ${crossings} times: not a drawing`);
  return (fill) => {
    if (bottom <= top) return;
    // A border crossed between two centres turns everything to its right inside out.
    const turns = new Uint8Array((width + 1) * (bottom - top));
    for (let i = 0; i < n; i++) {
      const j = (i + 1) % n;
      const [x0, y0, x1, y1] = [points[2 * i], points[2 * i + 1], points[2 * j], points[2 * j + 1]];
      const to = end(y0, y1);
      for (let row = first(y0, y1); row < to; row++) {
        const x = x0 + ((row + 0.5 - y0) / (y1 - y0)) * (x1 - x0);
        turns[(row - top) * (width + 1) + Math.min(width, Math.max(0, Math.ceil(x - 0.5)))] ^= 1;
      }
    }
    for (let row = top; row < bottom; row++) {
      const at = (row - top) * (width + 1);
      let from = -1;
      for (let x = 0; x <= width; x++) {
        if (turns[at + x] === 0 && !(x === width && from >= 0)) continue;
        if (from >= 0) fill(row * width + from, x - from);
        from = from >= 0 ? -1 : x;
      }
    }
  };
}

/** Degrees, clockwise as seen, about a centre. */
export interface Turn {
  readonly degrees: number;
  readonly x: number;
  readonly y: number;
}

/** A box from corner to corner, turned. Throws RangeError where a number is missing. */
export function box(
  [left, top, right, bottom]: readonly number[],
  { degrees, x, y }: Turn,
  width: number,
  height: number,
): Area {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const corners = [left, top, right, top, right, bottom, left, bottom];
  const turned = corners.map((v, i) =>
    i % 2 === 0 ? x + cos * (v - x) - sin * (corners[i + 1] - y) : y + sin * (corners[i - 1] - x) + cos * (v - y),
  );
  return polygon(turned, width, height);
}

/** An ellipse, turned about its centre by `degrees` clockwise. Throws RangeError where a number is missing. */
export function ellipse([cx, cy, rx, ry]: readonly number[], degrees: number, width: number, height: number): Area {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const points = Array.from({ length: ELLIPSE_CORNERS }, (_, i) => {
    const angle = (2 * Math.PI * i) / ELLIPSE_CORNERS;
    const [x, y] = [rx * Math.cos(angle), ry * Math.sin(angle)];
    return [cx + cos * x - sin * y, cy + sin * x + cos * y];
  });
  return polygon(points.flat(), width, height);
}
