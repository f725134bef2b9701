/** Bilinear resizing between grids whose corner pixels coincide (align_corners = true), without antialiasing. */

/** Position i of the target reads `low[i]` with weight 1 - `fraction[i]` and `low[i] + 1` with `fraction[i]`. */
export interface LinearMap {
  readonly from: number;
  readonly to: number;
  readonly low: Int32Array;
  readonly fraction: Float32Array;
}

/** The map that resizes a line of `from` points to `to` points, both >= 1. A source of one point is repeated. */
export function linearMap(from: number, to: number): LinearMap {
  const low = new Int32Array(to);
  const fraction = new Float32Array(to);
  if (from > 1)
    for (let i = 0; i < to; i++) {
      const position = to === 1 ? 0 : (i * (from - 1)) / (to - 1);
      // The last point reads the last pair, so that low + 1 always exists.
      low[i] = Math.min(Math.floor(position), from - 2);
      fraction[i] = position - low[i];
    }
  return { from, to, low, fraction };
}

/**
 * Adds the resized maps to `target`: `maps` square maps [h,h] to [R,R], as `rows` x `columns` lines. `source` holds the maps one
 * after another from `offset`. Each line of a map is widened once; the lines of the target then combine two wide ones.
 */
export function addResized(
  source: Float32Array,
  offset: number,
  maps: number,
  map: LinearMap,
  target: Float32Array,
  targetOffset: number,
): void {
  const { from, to, low, fraction } = map;
  const below = Math.min(1, from - 1);
  let upper = new Float32Array(to);
  let lower = new Float32Array(to);
  for (let m = 0; m < maps; m++) {
    const base = offset + m * from * from;
    let at = targetOffset + m * to * to;
    let upperRow = -1;
    let lowerRow = -1;
    for (let y = 0; y < to; y++, at += to) {
      const row = low[y];
      if (row !== upperRow) {
        [upper, lower] = [lower, upper];
        if (row !== lowerRow) widen(source, base + row * from, map, upper);
        upperRow = row;
        lowerRow = row + below;
        widen(source, base + lowerRow * from, map, lower);
      }
      addLines(upper, lower, fraction[y], target, at, to);
    }
  }
}

/** target += (1 - t) upper + t lower, over one line. */
function addLines(
  upper: Float32Array,
  lower: Float32Array,
  t: number,
  target: Float32Array,
  at: number,
  length: number,
): void {
  let x = 0;
  // Four at a time: the bounds of each array are checked once.
  for (; x + 3 < length; x += 4) {
    const to = at + x;
    const u0 = upper[x];
    const u1 = upper[x + 1];
    const u2 = upper[x + 2];
    const u3 = upper[x + 3];
    target[to] += u0 + t * (lower[x] - u0);
    target[to + 1] += u1 + t * (lower[x + 1] - u1);
    target[to + 2] += u2 + t * (lower[x + 2] - u2);
    target[to + 3] += u3 + t * (lower[x + 3] - u3);
  }
  for (; x < length; x++) target[at + x] += upper[x] + t * (lower[x] - upper[x]);
}

/** Resizes the line of `source` from `at` into `wide`. */
function widen(source: Float32Array, at: number, { from, to, low, fraction }: LinearMap, wide: Float32Array): void {
  if (from === 1) {
    wide.fill(source[at]);
    return;
  }
  for (let x = 0; x < to; x++) {
    const left = source[at + low[x]];
    wide[x] = left + fraction[x] * (source[at + low[x] + 1] - left);
  }
}

/**
 * The adjoint of `addResized`: `maps` maps [R,R] of `source` to [h,h], written to `target` from `targetOffset`. Lines that are zero,
 * as most lines of one cluster's mask are, cost next to nothing.
 */
export function resizeAdjoint(
  source: Float32Array,
  offset: number,
  maps: number,
  map: LinearMap,
  target: Float32Array,
  targetOffset: number,
): void {
  const { from, to, low, fraction } = map;
  let upper = new Float64Array(to);
  let lower = new Float64Array(to);
  target.fill(0, targetOffset, targetOffset + maps * from * from);
  for (let m = 0; m < maps; m++) {
    const base = targetOffset + m * from * from;
    let at = offset + m * to * to;
    /** The row of the target that `upper` gathers, `lower` gathering the next; -1 while nothing is gathered. */
    let gathered = -1;
    for (let y = 0; y < to; y++, at += to) {
      if (isZero(source, at, to)) continue;
      const row = low[y];
      if (gathered >= 0 && row !== gathered) {
        narrow(upper, map, target, base + gathered * from);
        [upper, lower] = [lower, upper];
        lower.fill(0);
        if (row !== gathered + 1) {
          narrow(upper, map, target, base + (gathered + 1) * from);
          upper.fill(0);
        }
      }
      gathered = row;
      const t = fraction[y];
      spreadLine(source, at, t, upper, lower);
    }
    if (gathered < 0) continue;
    narrow(upper, map, target, base + gathered * from);
    if (from > 1) narrow(lower, map, target, base + (gathered + 1) * from);
    upper.fill(0);
    lower.fill(0);
  }
}

/** upper += (1 - t) g, lower += t g, for the line g of `source` from `at`. */
function spreadLine(source: Float32Array, at: number, t: number, upper: Float64Array, lower: Float64Array): void {
  for (let x = 0; x < upper.length; x++) {
    const g = source[at + x];
    const below = t * g;
    upper[x] += g - below;
    lower[x] += below;
  }
}

function isZero(source: Float32Array, at: number, length: number): boolean {
  for (let x = 0; x < length; x++) if (source[at + x] !== 0) return false;
  return true;
}

/** The adjoint of `widen`: adds the line `wide` to the line of `target` from `at`. */
function narrow(wide: Float64Array, { from, to, low, fraction }: LinearMap, target: Float32Array, at: number): void {
  if (from === 1) {
    let sum = 0;
    for (let x = 0; x < to; x++) sum += wide[x];
    target[at] += sum;
    return;
  }
  for (let x = 0; x < to; x++) {
    const right = fraction[x] * wide[x];
    target[at + low[x]] += wide[x] - right;
    target[at + low[x] + 1] += right;
  }
}
