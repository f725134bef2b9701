/** What training a painter shows: masks, their pictures, and paintings of the masks. */
import { type DatasetClass, paletteOf } from "../../../dataset/labelMap.ts";
import type { Example } from "../../../train/examples.ts";
import { colouredLabels, type Sheet, sheetOf } from "../log/sheets.ts";

/** A row each: masks, real pictures, paintings in their own styles, and in others; a column for each example. */
export function paintingSheet(
  examples: readonly Example[],
  paintings: readonly (readonly Uint8Array[])[],
  resolution: number,
  classes: readonly DatasetClass[],
): Promise<Sheet> {
  const palette = paletteOf(classes);
  const masks = examples.map(({ labels }) => colouredLabels(labels, palette));
  const cells = [...masks, ...examples.map(({ rgb }) => rgb), ...paintings.flat()];
  return sheetOf(cells, resolution, examples.length);
}
