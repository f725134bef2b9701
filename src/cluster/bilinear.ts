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
 * after another from `offset`.
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
  const line = new Float32Array(from + 1);
  for (let m = 0; m < maps; m++) {
    const base = offset + m * from * from;
    let at = targetOffset + m * to * to;
    for (let y = 0; y < to; y++) {
      const t = fraction[y];
      const upper = base + low[y] * from;
      if (from > 1)
        for (let x = 0; x < from; x++) line[x] = source[upper + x] + t * (source[upper + from + x] - source[upper + x]);
      else line[0] = source[base];
      line[from] = line[from - 1];
      for (let x = 0; x < to; x++, at++) {
        const l = low[x];
        const left = line[l];
        target[at] += left + fraction[x] * (line[l + 1] - left);
      }
    }
  }
}

/** The adjoint of `addResized`: `maps` maps [R,R] of `source` to [h,h], written to `target` from `targetOffset`. */
export function resizeAdjoint(
  source: Float32Array,
  offset: number,
  maps: number,
  map: LinearMap,
  target: Float32Array,
  targetOffset: number,
): void {
  const { from, to, low, fraction } = map;
  const line = new Float32Array(from + 1);
  target.fill(0, targetOffset, targetOffset + maps * from * from);
  for (let m = 0; m < maps; m++) {
    let at = offset + m * to * to;
    const base = targetOffset + m * from * from;
    for (let y = 0; y < to; y++) {
      line.fill(0);
      for (let x = 0; x < to; x++, at++) {
        const l = low[x];
        const right = fraction[x] * source[at];
        line[l] += source[at] - right;
        line[l + 1] += right;
      }
      const t = fraction[y];
      const upper = base + low[y] * from;
      for (let x = 0; x < from; x++) {
        const lower = t * line[x];
        target[upper + x] += line[x] - lower;
        if (from > 1) target[upper + from + x] += lower;
      }
    }
  }
}
