/** Masks as drawings: a character a pixel, a digit its label. */
import type { LabelMap } from "../../src/dataset/labelMap.ts";

export function maskOf(...rows: string[]): LabelMap {
  return { width: rows[0].length, height: rows.length, data: Uint8Array.from(rows.join(""), Number) };
}

export function rowsOf({ width, height, data }: LabelMap): string[] {
  return Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)].join(""));
}

/** Rows of `width` zeros. */
export const blank = (width: number, height = width): LabelMap => ({
  width,
  height,
  data: new Uint8Array(width * height),
});
