import type { DatasetFormat } from "../format.ts";
import { authors } from "./authors.ts";
import { coco } from "./coco.ts";
import { cvat } from "./cvat.ts";
import { folders } from "./folders.ts";
import { huggingFace } from "./huggingFace.ts";
import { labelStudio } from "./labelStudio.ts";
import { mmseg } from "./mmseg.ts";
import { spade } from "./spade.ts";
import { voc } from "./voc.ts";
import { webDataset } from "./webDataset.ts";

/** Every format. Adding one means adding a file and a row. */
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

/** A format by name. Throws RangeError that lists them all. */
export function formatNamed(name: string): DatasetFormat {
  const format = formats.find((f) => f.name === name);
  if (format === undefined)
    throw new RangeError(`no dataset format is called "${name}"; there are ${formats.map((f) => f.name).join(", ")}`);
  return format;
}
