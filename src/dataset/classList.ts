import { z } from "zod";
import { schemaFault } from "./annotations.ts";
import type { DatasetLayout } from "./format.ts";
import { checkClasses, type DatasetClass, type HexColor, hexColor } from "./labelMap.ts";
import { type DatasetFolder, type ReportFault, readText } from "./reading.ts";

/** classes.json. */
export const classesFile = z.object({
  classes: z.array(z.object({ id: z.int(), name: z.string(), color: z.string(), background: z.boolean() })),
});

/** The classes of a folder: from classes.json, or as its layout lists them. Undefined, with a report, where nothing tells. */
export async function readClasses(
  folder: DatasetFolder,
  format: DatasetLayout,
  report: ReportFault,
): Promise<readonly DatasetClass[] | undefined> {
  const path = "classes.json";
  if (!folder.paths.includes(path)) {
    const own = await format.classes?.(folder, report);
    if (own === undefined) report("classes-missing", path, "not there: ids cannot be checked");
    return own;
  }
  try {
    const { data, error } = classesFile.safeParse(JSON.parse(await readText(folder, path)));
    if (data === undefined) throw new RangeError(schemaFault(error));
    const { classes } = data;
    const wrong = classes.findIndex(({ id }, i) => id !== i);
    if (wrong >= 0)
      throw new RangeError(`class "${classes[wrong].name}" has id ${classes[wrong].id}, expected ${wrong}`);
    const list = classes.map(({ name, color, background }) => ({ name, color, background }));
    checkClasses(list);
    return list;
  } catch (error) {
    report("classes-damaged", path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** A class as foreign lists have it: often without a colour. */
export interface ListedClass {
  readonly name: string;
  readonly color?: HexColor;
  readonly background?: boolean;
}

/** Classes with what foreign lists leave out. Undefined, with a report at `path`, where they cannot be. */
export function listedClasses(
  listed: readonly ListedClass[],
  path: string,
  report: ReportFault,
): readonly DatasetClass[] | undefined {
  const classes = listed.map(({ name, color, background }, id) => ({
    name,
    color: color?.toLowerCase() ?? numberedColor(id),
    background: background ?? (id === 0 && /^_?background_?$/i.test(name)),
  }));
  try {
    checkClasses(classes);
    return classes;
  } catch (error) {
    report("classes-damaged", path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** VOC's colour of a number: its bits dealt out to the three channels, high bits first. */
export function numberedColor(number: number): HexColor {
  const rgb = [0, 0, 0];
  for (let bit = 0, left = number; bit < 8; bit++, left >>= 3)
    for (let c = 0; c < 3; c++) rgb[c] |= ((left >> c) & 1) << (7 - bit);
  return hexColor(rgb);
}
