/** The class of every pixel of an image, and the classes that its numbers name. */

/** The label of pixels that no class claims: training leaves them out. The convention of Pascal VOC. */
export const IGNORE_LABEL = 255;
/** Ids 0 to 254 are classes. */
export const MOST_CLASSES = 255;

/** In pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Class ids row by row, `width` * `height` long; IGNORE_LABEL where there is none. */
export interface LabelMap extends ImageSize {
  readonly data: Uint8Array;
}

/** "#rrggbb". */
export type HexColor = string;

/** A class; its id is its index in the list of classes. */
export interface DatasetClass {
  readonly name: string;
  readonly color: HexColor;
  /** What is not an object: COCO writes no instances of it and calls it stuff. */
  readonly background: boolean;
}

/** What a HexColor looks like. */
export const HEX = /^#[0-9a-f]{6}$/;

/** Throws RangeError where classes are too many, unnamed, named twice, or without a colour "#rrggbb". */
export function checkClasses(classes: readonly DatasetClass[]): void {
  if (classes.length < 1 || classes.length > MOST_CLASSES)
    throw new RangeError(`a dataset has 1 to ${MOST_CLASSES} classes, got ${classes.length}`);
  const seen = new Set<string>();
  for (const [id, { name, color }] of classes.entries()) {
    if (name.trim() === "") throw new RangeError(`class ${id} has no name`);
    if (seen.has(name)) throw new RangeError(`two classes are called "${name}"`);
    seen.add(name);
    if (!HEX.test(color)) throw new RangeError(`class "${name}" has the colour "${color}", expected #rrggbb`);
  }
}

/** Pixels of each class id, 0 to 255. */
export function countLabels({ data }: LabelMap): Float64Array {
  const counts = new Float64Array(256);
  for (const label of data) counts[label]++;
  return counts;
}

/** [r, g, b], 0 to 255. */
export function rgbOf(color: HexColor): readonly [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The inverse of `rgbOf`. */
export const hexColor = (rgb: readonly number[]): HexColor =>
  `#${rgb.map((v) => v.toString(16).padStart(2, "0")).join("")}`;

/** What Pascal VOC shows ignored pixels in. */
export const IGNORE_COLOR: HexColor = "#e0e0c0";

/** The 256 colours of an index PNG, [256 * 3]: the classes', black for unused ids, IGNORE_COLOR for 255. */
export function paletteOf(classes: readonly DatasetClass[]): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  classes.forEach(({ color }, id) => {
    palette.set(rgbOf(color), id * 3);
  });
  palette.set(rgbOf(IGNORE_COLOR), IGNORE_LABEL * 3);
  return palette;
}

/** A label map at another size: each pixel takes the label under its centre. */
export function resizedLabels({ width, height, data }: LabelMap, size: ImageSize): LabelMap {
  const labels = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / size.height) * width;
    for (let x = 0; x < size.width; x++)
      labels[y * size.width + x] = data[row + Math.floor(((x + 0.5) * width) / size.width)];
  }
  return { width: size.width, height: size.height, data: labels };
}

/**
 * The nearest pixel of each that is wanted, step by step over edges: its own index where it is, -1 everywhere where none is.
 */
export function nearestPixels(wanted: (pixel: number) => boolean, { width, height }: ImageSize): Int32Array {
  const nearest = Int32Array.from({ length: width * height }, (_, p) => (wanted(p) ? p : -1));
  let edge = Array.from(nearest.keys()).filter((p) => nearest[p] === p);
  while (edge.length > 0) {
    const next: number[] = [];
    for (const p of edge) {
      const x = p % width;
      const y = (p - x) / width;
      for (const [q, there] of [
        [p - 1, x > 0],
        [p + 1, x + 1 < width],
        [p - width, y > 0],
        [p + width, y + 1 < height],
      ] as const)
        if (there && nearest[q] < 0) {
          nearest[q] = nearest[p];
          next.push(q);
        }
    }
    edge = next;
  }
  return nearest;
}

/** Gives pixels of no class that of the nearest one that has one, where there is one; returns how many had none. In place. */
export function fillGaps(labels: Uint8Array, size: ImageSize): number {
  const gaps = labels.reduce((n, id) => n + (id === IGNORE_LABEL ? 1 : 0), 0);
  if (gaps === 0 || gaps === labels.length) return gaps;
  const nearest = nearestPixels((p) => labels[p] !== IGNORE_LABEL, size);
  labels.set(labels.map((_, p) => labels[nearest[p]]));
  return gaps;
}
