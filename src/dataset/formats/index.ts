import type { DatasetFormat, DatasetLayout } from "../format.ts";
import { ade20k } from "./ade20k.ts";
import { authors } from "./authors.ts";
import { coco } from "./coco.ts";
import { cvat } from "./cvat.ts";
import { folders } from "./folders.ts";
import { huggingFace } from "./huggingFace.ts";
import { labelMe } from "./labelMe.ts";
import { labelStudio } from "./labelStudio.ts";
import { mmseg } from "./mmseg.ts";
import { spade } from "./spade.ts";
import { suffixPairs } from "./suffixPairs.ts";
import { voc } from "./voc.ts";
import { webDataset } from "./webDataset.ts";
import { yolo } from "./yolo.ts";

/** Every format that is written. Adding one means adding a file and a row. */
export const formats: readonly DatasetFormat[] = [
  folders,
  voc,
  coco,
  mmseg,
  huggingFace,
  webDataset,
  spade,
  cvat,
  labelStudio,
  authors,
];

/** Every layout that is read. */
export const layouts: readonly DatasetLayout[] = [...formats, ade20k, labelMe, yolo, suffixPairs];

/** A layout by name. Throws RangeError that lists them all. */
export const layoutNamed = (name: string): DatasetLayout => named(layouts, name);

/** A format by name. Throws RangeError that lists them all. */
export const formatNamed = (name: string): DatasetFormat => named(formats, name);

function named<T extends DatasetLayout>(table: readonly T[], name: string): T {
  const found = table.find((row) => row.name === name);
  if (found === undefined)
    throw new RangeError(`no dataset format is called "${name}"; there are ${table.map((f) => f.name).join(", ")}`);
  return found;
}
