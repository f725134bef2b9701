/** Sets of pixels of a mask, and the labels around them. */
import type { LabelMap } from "../../../src/dataset/labelMap.ts";
import type { Span } from "./raster.ts";
import type { Box } from "./tiles.ts";

/** Pixels of a mask as rows of y, from, to, one after another; `to` is not part of it. */
export type Region = readonly number[];

export function eachSpan(region: Region, emit: Span): void {
  for (let i = 0; i < region.length; i += 3) emit(region[i], region[i + 1], region[i + 2]);
}

/** The area of one label that is 4-connected with a pixel; empty outside the mask. */
export function connectedRegion({ width, height, data }: LabelMap, x: number, y: number): Region {
  const region: number[] = [];
  if (x < 0 || y < 0 || x >= width || y >= height) return region;
  const label = data[y * width + x];
  const seen = new Uint8Array(data.length);
  const open = [x, y];
  while (open.length > 0) {
    const row = open.pop()! * width;
    let from = open.pop()!;
    if (seen[row + from]) continue;
    let to = from + 1;
    while (from > 0 && data[row + from - 1] === label) from--;
    while (to < width && data[row + to] === label) to++;
    seen.fill(1, row + from, row + to);
    region.push(row / width, from, to);
    for (const next of [row - width, row + width]) {
      if (next < 0 || next >= data.length) continue;
      for (let at = from; at < to; at++)
        if (data[next + at] === label && !seen[next + at] && (at === from || data[next + at - 1] !== label))
          open.push(at, next / width);
    }
  }
  return region;
}

/** All pixels of a label. */
export function labelRegion({ width, height, data }: LabelMap, label: number): Region {
  const region: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] !== label) continue;
      const from = x;
      while (x < width && data[y * width + x] === label) x++;
      region.push(y, from, x);
    }
  return region;
}

/** The smallest box around a region; throws RangeError for an empty one. */
export function regionBox(region: Region): Box {
  if (region.length === 0) throw new RangeError("an empty region has no box");
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  eachSpan(region, (y, from, to) => {
    left = Math.min(left, from);
    top = Math.min(top, y);
    right = Math.max(right, to);
    bottom = Math.max(bottom, y + 1);
  });
  return { left, top, width: right - left, height: bottom - top };
}

/** The neighbour of pixel `i` above, left, right or below (side 0 to 3); -1 beyond the mask of `length` pixels. */
function neighbour(i: number, side: number, width: number, length: number): number {
  if (side === 0) return i - width < 0 ? -1 : i - width;
  if (side === 1) return i % width === 0 ? -1 : i - 1;
  if (side === 2) return (i + 1) % width === 0 ? -1 : i + 1;
  return i + width < length ? i + width : -1;
}

/** Where a pixel stands while a region is given away. */
const [OUTSIDE, INSIDE, EDGE] = [0, 1, 2];

/**
 * The mask's labels with a region given away to what surrounds it, a pixel a step from its edge: each pixel takes the label that most of its
 * neighbours outside had, of equally many the first (above, left, right, below). What is surrounded by nothing keeps its label.
 *
 * @param steps pixels from the edge that are given away; all by default
 */
export function givenAway({ width, data }: LabelMap, region: Region, steps = Infinity): Uint8Array {
  const labels = data.slice();
  const place = new Uint8Array(data.length);
  const outer = (i: number, side: number): number => {
    const n = neighbour(i, side, width, data.length);
    return n >= 0 && place[n] === OUTSIDE ? labels[n] : -1;
  };
  const vote = (i: number): number => {
    let [best, most] = [-1, 0];
    for (let side = 0; side < 4; side++) {
      const label = outer(i, side);
      if (label < 0) continue;
      let count = 0;
      for (let other = 0; other < 4; other++) if (outer(i, other) === label) count++;
      if (count > most) [best, most] = [label, count];
    }
    return best;
  };
  eachSpan(region, (y, from, to) => place.fill(INSIDE, y * width + from, y * width + to));
  let edge: number[] = [];
  eachSpan(region, (y, from, to) => {
    for (let i = y * width + from; i < y * width + to; i++) if (vote(i) >= 0) edge.push(i);
  });
  for (let step = 0; step < steps && edge.length > 0; step++) {
    const taken = edge.map(vote);
    const next: number[] = [];
    for (const [k, i] of edge.entries()) {
      labels[i] = taken[k];
      place[i] = OUTSIDE;
    }
    for (const i of edge)
      for (let side = 0; side < 4; side++) {
        const n = neighbour(i, side, width, data.length);
        if (n < 0 || place[n] !== INSIDE) continue;
        place[n] = EDGE;
        next.push(n);
      }
    edge = next;
  }
  return labels;
}

/** The pixels of other labels that touch `label`: what it takes when it grows by one pixel. */
export function rim({ width, data }: LabelMap, label: number): Region {
  const region: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === label) continue;
    for (let side = 0; side < 4; side++) {
      if (data[neighbour(i, side, width, data.length)] !== label) continue;
      const x = i % width;
      region.push((i - x) / width, x, x + 1);
      break;
    }
  }
  return region;
}
