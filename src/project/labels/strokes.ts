/** Strokes of a brush as labels keep them, and what they come to on the grid on which pixels are clustered. */
import type { LabelStroke } from "./recipe.ts";

/** Pixels as runs: first pixel and length, row by row. */
export type Runs = [number, number][];

/** The runs of the pixels that `painted` names, of a square picture. */
export function runsOf(side: number, painted: (pixel: number) => boolean): Runs {
  const runs: Runs = [];
  for (let p = 0; p < side * side; p++) {
    if (!painted(p)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === p && p % side !== 0) last[1]++;
    else runs.push([p, 1]);
  }
  return runs;
}

/**
 * The pixels under a brush of `radius` that is drawn through `points`; both as shares of the picture's side. At least the pixels that
 * hold the points.
 */
export function brushRuns(points: readonly (readonly [number, number])[], radius: number, side: number): Runs {
  const at = points.map(([x, y]) => [x * side - 0.5, y * side - 0.5] as const);
  const reach = Math.max(radius * side, Math.SQRT1_2);
  const covered = new Uint8Array(side * side);
  const clamp = (v: number): number => Math.min(side - 1, Math.max(0, v));
  for (const [i, [bx, by]] of at.entries()) {
    const [ax, ay] = at[Math.max(0, i - 1)];
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    for (let y = clamp(Math.floor(Math.min(ay, by) - reach)); y <= clamp(Math.ceil(Math.max(ay, by) + reach)); y++)
      for (let x = clamp(Math.floor(Math.min(ax, bx) - reach)); x <= clamp(Math.ceil(Math.max(ax, bx) + reach)); x++) {
        const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
        if (Math.hypot(x - ax - t * dx, y - ay - t * dy) <= reach) covered[y * side + x] = 1;
      }
  }
  return runsOf(side, (p) => covered[p] === 1);
}

/** A pixel of the clustering grid, and the class that it was last said to be of. */
export interface StrokedPixel {
  readonly seed: number;
  readonly pixel: number;
  /** Ids of its clusters. */
  readonly clusters: readonly number[];
  /** Ids of clusters whose pixels the stroke leaves as they are: where the classifiers say one of these, nothing was said. */
  readonly spared?: readonly number[];
}

/** The last word on each pixel of a grid of `resolution`, corners aligned; in the order of seeds and pixels. */
export function strokedPixels(strokes: readonly LabelStroke[], resolution: number): StrokedPixel[] {
  const said = new Map<number, Map<number, Omit<StrokedPixel, "seed" | "pixel">>>();
  for (const { seed, side, runs, clusters, spared } of strokes) {
    const step = side === 1 ? 0 : (resolution - 1) / (side - 1);
    const pixels = said.get(seed) ?? new Map<number, Omit<StrokedPixel, "seed" | "pixel">>();
    said.set(seed, pixels);
    for (const [first, length] of runs)
      for (let p = first; p < Math.min(first + length, side * side); p++) {
        const cell = Math.round(Math.floor(p / side) * step) * resolution + Math.round((p % side) * step);
        if (spared !== undefined && pixels.get(cell)?.clusters.some((id) => spared.includes(id))) continue;
        if (clusters === null) pixels.delete(cell);
        else pixels.set(cell, { clusters, ...(spared && { spared }) });
      }
  }
  return [...said]
    .sort(([a], [b]) => a - b)
    .flatMap(([seed, pixels]) =>
      [...pixels].sort(([a], [b]) => a - b).map(([pixel, what]) => ({ seed, pixel, ...what })),
    );
}
