/** What training on pictures with masks shows: pictures, their true classes, those that are found; and those of pictures without labels. */
import { type DatasetClass, IGNORE_LABEL, paletteOf } from "../../../dataset/labelMap.ts";
import type { Example } from "../../../train/examples.ts";
import { colouredLabels, type Sheet, sheetOf } from "./sheets.ts";

/** One picture of the sheet, and the classes that the network sees in it. */
export interface Shown extends Example {
  readonly found: Uint8Array;
  /** Whether the labels are true ones. */
  readonly labelled: boolean;
}

/** Three pictures each: the photo, the truth (grey where there is none), the prediction; two of these in a row. */
export function sampleSheet(
  pictures: readonly Shown[],
  resolution: number,
  classes: readonly DatasetClass[],
): Promise<Sheet> {
  const palette = paletteOf(classes);
  const painted = (labels: Uint8Array): Uint8Array => colouredLabels(labels, palette);
  const unknown = new Uint8Array(resolution * resolution).fill(IGNORE_LABEL);
  const cells = pictures.flatMap(({ rgb, labels, found, labelled }) => [
    rgb,
    painted(labelled ? labels : unknown),
    painted(found),
  ]);
  return sheetOf(cells, resolution, Math.min(cells.length, 6));
}
