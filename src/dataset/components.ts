import type { LabelMap } from "./labelMap.ts";
import { IGNORE_LABEL } from "./labelMap.ts";

/** A connected area of one class. */
export interface Component {
  readonly label: number;
  readonly area: number;
  /** Bounding box in pixels: left, top, width, height. */
  readonly box: readonly [number, number, number, number];
  /** Mean column and row. */
  readonly centroid: readonly [number, number];
}

/** The connected areas of a label map, and which area each pixel lies in. */
export interface Components {
  /** Component of each pixel; -1 where the label is ignored. */
  readonly index: Int32Array;
  /** In order of their first pixel, row by row. */
  readonly list: readonly Component[];
}

/**
 * The 4-connected areas of equal label (union-find in one pass, row by row); ignored pixels belong to none.
 *
 * @example
 * const { list } = connectedComponents({ width: 3, height: 1, data: Uint8Array.of(1, 0, 1) });
 * console.log(list.length); // 3
 */
export function connectedComponents({ width, height, data }: LabelMap): Components {
  const parent = new Int32Array(width * height);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root];
    while (parent[i] !== root) [parent[i], i] = [root, parent[i]];
    return root;
  };
  for (let i = 0; i < parent.length; i++) {
    parent[i] = i;
    const label = data[i];
    if (i % width > 0 && data[i - 1] === label) parent[i] = find(i - 1);
    if (i >= width && data[i - width] === label) {
      // The smaller index stays the root, so that roots are first pixels.
      const [a, b] = [find(i), find(i - width)];
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const index = new Int32Array(width * height).fill(-1);
  const found: {
    label: number;
    area: number;
    x: number;
    y: number;
    left: number;
    right: number;
    top: number;
    bottom: number;
  }[] = [];
  for (let i = 0; i < parent.length; i++) {
    if (data[i] === IGNORE_LABEL) continue;
    const root = find(i);
    const x = i % width;
    const y = (i - x) / width;
    if (root === i) {
      index[i] = found.length;
      found.push({ label: data[i], area: 0, x: 0, y: 0, left: x, right: x, top: y, bottom: y });
    } else index[i] = index[root];
    const c = found[index[i]];
    c.area++;
    c.x += x;
    c.y += y;
    c.left = Math.min(c.left, x);
    c.right = Math.max(c.right, x);
    c.bottom = y;
  }
  return {
    index,
    list: found.map((c) => ({
      label: c.label,
      area: c.area,
      box: [c.left, c.top, c.right - c.left + 1, c.bottom - c.top + 1],
      centroid: [c.x / c.area, c.y / c.area],
    })),
  };
}
