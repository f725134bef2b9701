/** Masks of generated images with the classes that their numbers name. */
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { listedClasses, numberedColor, readClasses } from "../../dataset/classList.ts";
import { formatNamed } from "../../dataset/formats/index.ts";
import { type DatasetClass, IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { ProjectError, readIfThere } from "../storage/files.ts";
import { readSeedMask, seedMasks } from "./seedMasks.ts";

/** Of a folder, at one size. */
export interface Masks {
  /** Ascending. */
  readonly seeds: readonly number[];
  /** Of each seed's image, [R,R]; 255: nothing is said of the pixel. */
  readonly labels: readonly Uint8Array[];
  readonly classes: readonly DatasetClass[];
  /** Pixels of each class. */
  readonly pixels: readonly number[];
  /** Of seeds and labels. */
  readonly sha256: string;
}

/** Reads a folder of masks at `resolution`. Throws ProjectError that says what does not fit. */
export async function readMasks(folder: string, resolution: number, names: readonly string[] | null): Promise<Masks> {
  const files = await seedMasks(folder);
  if (files.size === 0)
    throw new ProjectError(
      `${folder} holds no masks: expected index PNGs that are called after their seeds, such as seed0007.png.`,
    );
  const labels: Uint8Array[] = [];
  const counts = new Float64Array(256);
  let last = -1;
  for (const [seed, name] of files) {
    if (seed > 0xffffffff) throw new ProjectError(`${join(folder, name)}: seeds end at 4294967295.`);
    const map = await readSeedMask(folder, name, resolution);
    const most = map.find((label) => label > IGNORE_LABEL);
    if (most !== undefined)
      throw new ProjectError(
        `${join(folder, name)} has class ${most}; masks hold 0 to 254, and 255 for pixels without a class.`,
      );
    for (const label of map) {
      counts[label]++;
      if (label !== IGNORE_LABEL && label > last) last = label;
    }
    labels.push(Uint8Array.from(map));
  }
  if (last < 0) throw new ProjectError(`${folder}: no pixel of its masks has a class; all are 255.`);
  const classes = await classesOf(folder, names, last);
  if (last >= classes.length)
    throw new ProjectError(
      `${folder} has pixels of class ${last}, but ${classes.length} classes are named (${classes.map(({ name }) => name).join(", ")}): name all of them, by --classes or in classes.json.`,
    );
  const pixels = classes.map((_, id) => counts[id]);
  const present = classes.filter((_, id) => pixels[id] > 0);
  if (present.length < 2)
    throw new ProjectError(
      `the masks in ${folder} show one class (${present[0].name}): an extractor tells two or more apart.`,
    );
  const seeds = [...files.keys()];
  return { seeds, labels, classes, pixels, sha256: masksHash(seeds, labels) };
}

/** What tells masks from others: SHA-256 of seeds and labels, hexadecimal. */
export function masksHash(seeds: readonly number[], labels: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const [i, seed] of seeds.entries()) hash.update(`${seed}\n`).update(labels[i]);
  return hash.digest("hex");
}

/** As they are named; or by classes.json in the folder or, as data sets of klish have it, beside it; or by their numbers. */
async function classesOf(
  folder: string,
  names: readonly string[] | null,
  last: number,
): Promise<readonly DatasetClass[]> {
  const faults: string[] = [];
  const report = (_: unknown, __: string, found: string): void => void faults.push(found);
  const checked = (classes: readonly DatasetClass[] | undefined, where: string): readonly DatasetClass[] => {
    if (classes === undefined) throw new ProjectError(`${where}: ${faults[0]}.`);
    return classes;
  };
  if (names !== null)
    return checked(
      listedClasses(
        names.map((name) => ({ name })),
        "--classes",
        report,
      ),
      "--classes",
    );
  for (const place of [resolve(folder), dirname(resolve(folder))]) {
    const path = join(place, "classes.json");
    const bytes = await readIfThere(path);
    if (bytes === undefined) continue;
    const only = { paths: ["classes.json"], size: async () => bytes.length, read: async () => bytes };
    return checked(await readClasses(only, formatNamed("folders"), report), path);
  }
  return Array.from({ length: Math.max(2, last + 1) }, (_, id) => ({
    name: `class ${id}`,
    color: numberedColor(id),
    background: false,
  }));
}
