/** A folder in one of the layouts, whoever wrote it, as a stream of samples. What `klish check` calls an error is refused. */
import { checkLayout } from "../../dataset/check.ts";
import { FAULTS, type Fault, type FaultKind } from "../../dataset/faults.ts";
import { layoutNamed, layouts } from "../../dataset/formats/index.ts";
import { fileStem } from "../../dataset/insidePath.ts";
import { type DatasetClass, IGNORE_LABEL, paletteOf } from "../../dataset/labelMap.ts";
import { openLayout } from "../../dataset/openLayout.ts";
import { encodePng } from "../../dataset/png.ts";
import { type DatasetFolder, type FoundSample, readText } from "../../dataset/reading.ts";
import { SPLITS, type Split, splitOf } from "../../dataset/split.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { ProjectError } from "../storage/files.ts";
import { probe } from "./probe.ts";
import type { SampleSource } from "./sampleSource.ts";

const LIST = /(^|\/)(train|val|test)\.txt$/;
/** Shares of the splits where a foreign folder has none. */
const OTHERWISE = { val: 0.1, test: 0 };
/** Faults that a message quotes. */
const QUOTED = 3;

/** Opens a folder after a look at all of its samples. Throws ProjectError that counts the errors by their names. */
export async function layoutSource(
  path: string,
  files: DatasetFolder,
  format: string | null,
  name: string,
  job: JobOptions,
): Promise<SampleSource> {
  const faults: Fault[] = [];
  const opened = await openLayout(files, format === null ? layouts : [layoutNamed(format)], probe, (kind, at, found) =>
    faults.push({ kind, path: at, found }),
  );
  const { layout, folder, samples } = opened;
  const refuse = (what: string): never => {
    throw new ProjectError(`${path}, read as ${layout.name}: ${what}. See klish check ${path} --format ${layout.name}`);
  };
  const refuseErrors = (): void => {
    const errors = faults.filter(({ kind }) => FAULTS[kind].severity === "error");
    if (errors.length > 0) refuse(listed(errors));
  };
  const found = await checkLayout(opened, faults, job);
  refuseErrors();
  if (found.masks === 0)
    refuse("no labels could be read (classes.json must list the classes that names or ids stand for)");
  const extensions = new Set(
    samples.map(({ image }) => image!.path.split(".").at(-1)!.toLowerCase().replace("jpeg", "jpg")),
  );
  if (extensions.size > 1) refuse(`image formats are mixed (${[...extensions].join(", ")}); convert them to one first`);
  const keyOf = new Map<string, string>();
  for (const { key } of samples) {
    const stem = fileStem(key);
    const other = keyOf.get(stem);
    if (other !== undefined) refuse(`"${other}" and "${key}" would both be written as ${stem}; rename one of them`);
    keyOf.set(stem, key);
  }
  const splits = await listedSplits(folder);
  const splitOfSample = ({ key, split }: FoundSample): Split => splits.get(key) ?? split ?? splitOf(key, OTHERWISE);
  const classes = opened.classes ?? countedClasses(found.pixels, found.palette);
  const palette = paletteOf(classes);
  const present = new Set(samples.map(splitOfSample));
  return {
    info: {
      name,
      description: `${samples.length} images with masks of ${classes.length} classes.`,
      classes,
      imageExtension: [...extensions][0],
      splits: SPLITS.filter((split) => present.has(split)),
      samples: samples.length,
    },
    async *samples() {
      for (const sample of samples) {
        const { image, labels } = await opened.read(sample);
        // Files may have changed since all were looked at.
        refuseErrors();
        if (image === undefined || labels === undefined) return refuse(`"${sample.key}" cannot be read`);
        const { map, file } = labels;
        // A mask with the palette of its classes stays as it is.
        const same = file?.png.colorType === 3 && folder.paths.includes("classes.json");
        yield {
          name: fileStem(sample.key),
          split: splitOfSample(sample),
          image,
          labels: map,
          mask: same ? file.bytes : encodePng({ ...map, palette }),
        };
      }
    },
    // Foreign folders are copied: a link would let an edit there change the copy here.
    path: () => undefined,
  };
}

/** "2 errors (mask-depth, overlap): first path: what was found (fix); …" */
function listed(errors: readonly Fault[]): string {
  const counts = new Map<FaultKind, number>();
  for (const { kind } of errors) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const quoted = errors.slice(0, QUOTED).map(({ kind, path, found }) => `${path}: ${found} (${FAULTS[kind].fix})`);
  return (
    `${[...counts].map(([kind, n]) => `${n} ${kind}`).join(", ")}: ${quoted.join("; ")}` +
    (errors.length > QUOTED ? `; and ${errors.length - QUOTED} more` : "")
  );
}

/** Without a list of classes: as many as the largest id asks for, in the colours of the first palette. */
function countedClasses(pixels: Float64Array, palette: Uint8Array | undefined): DatasetClass[] {
  const most = pixels.findLastIndex((n, id) => n > 0 && id !== IGNORE_LABEL);
  return distinctColors(Math.max(0, most) + 1).map((color, id) => {
    const rgb = palette?.subarray(id * 3, id * 3 + 3);
    const shown: readonly [number, number, number] = rgb?.length === 3 ? [rgb[0], rgb[1], rgb[2]] : color;
    return { name: `class ${id}`, color: cssColor(shown), background: false };
  });
}

async function listedSplits(folder: DatasetFolder): Promise<Map<string, Split>> {
  const splits = new Map<string, Split>();
  for (const path of folder.paths) {
    const split = LIST.exec(path)?.[2] as Split | undefined;
    if (split === undefined) continue;
    for (const line of (await readText(folder, path)).split(/\r?\n/)) if (line !== "") splits.set(line, split);
  }
  return splits;
}
