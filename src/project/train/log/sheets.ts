/** Pictures of how training goes, as one PNG. */
import { join } from "node:path";
import { encodeSheet } from "../../sampling/images.ts";

/** A sheet as PNG, and its size in pixels. */
export interface Sheet {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels of a sheet's side, where that leaves a grid of 3 to 8 pictures a side. */
const SHEET_SIDE = 1024;

/** Pictures of a row. */
export const gridSide = (resolution: number): number => Math.min(8, Math.max(3, Math.floor(SHEET_SIDE / resolution)));

/** RGB pictures [R,R,3] row by row. */
export async function sheetOf(rgb: readonly Uint8Array[], resolution: number, columns: number): Promise<Sheet> {
  return {
    png: await encodeSheet(rgb, resolution, columns),
    width: columns * resolution,
    height: Math.ceil(rgb.length / columns) * resolution,
  };
}

/** Where the sheet after so many examples lies. */
export const sheetPath = (run: string, images: number): string =>
  join(run, "samples", `images-${String(images).padStart(9, "0")}.png`);

/** Labels [S,S] in the colours of a palette, [S,S,3]. */
export function colouredLabels(labels: Uint8Array, palette: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(labels.length * 3);
  labels.forEach((label, p) => {
    rgb.set(palette.subarray(label * 3, label * 3 + 3), p * 3);
  });
  return rgb;
}
