/** Folders as streams of samples: datasets of ours, any layout of image and mask files, CelebAMask-HQ. */
import { join } from "node:path";
import { detectFormat } from "../../dataset/check.ts";
import { readClasses } from "../../dataset/classList.ts";
import { FAULTS, type Fault } from "../../dataset/faults.ts";
import type { Sample } from "../../dataset/format.ts";
import { formatNamed, formats } from "../../dataset/formats/index.ts";
import { fileStem } from "../../dataset/insidePath.ts";
import { type DatasetClass, IGNORE_LABEL, paletteOf } from "../../dataset/labelMap.ts";
import { decodePng, encodePng } from "../../dataset/png.ts";
import {
  type DatasetFolder,
  type FoundLabels,
  type FoundSample,
  type ReportFault,
  readText,
} from "../../dataset/reading.ts";
import { SPLITS, type Split, splitOf } from "../../dataset/split.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { ProjectError, readPlainFile } from "../storage/files.ts";
import { celebAMaskSource, isCelebAMask } from "./celebAMask.ts";
import { openFolder } from "./folder.ts";
import { manifestLines, wholeManifest } from "./manifest.ts";
import type { SampleSource } from "./sampleSource.ts";
import {
  type DatasetFile,
  imagePath,
  labelSetNamed,
  loadDataset,
  maskPath,
  openDataset,
  seedRange,
} from "./settings.ts";

export interface SourceOptions {
  /** Layout of a foreign folder; null finds it out. */
  readonly fromFormat: string | null;
  /** The label set of a dataset that has several. */
  readonly recipe: string | null;
  readonly name: string;
}

/**
 * Opens folders as one stream: one folder of any kind, or the parts of one dataset. Throws ProjectError or RangeError that says
 * what does not fit.
 */
export async function openSource(
  paths: readonly string[],
  { fromFormat: format, recipe, name }: SourceOptions,
): Promise<SampleSource> {
  if (paths.length > 1) return partsSource(paths, recipe, name);
  const [folder] = paths;
  if ((await loadDataset(folder)) !== undefined && format === null) return partsSource(paths, recipe, name);
  const files = await openFolder(folder);
  if (format === "celebamask" || (format === null && isCelebAMask(files.paths)))
    return celebAMaskSource(folder, files.paths, name);
  return layoutSource(folder, files, format, name);
}

async function partsSource(folders: readonly string[], recipe: string | null, name: string): Promise<SampleSource> {
  const parts = await Promise.all(folders.map(async (folder) => ({ folder, file: await openDataset(folder) })));
  const [{ file }] = parts;
  const { settings } = file;
  const set = labelSetNamed(settings, recipe);
  const classes = file.classes[set];
  const shared = (f: DatasetFile): string =>
    JSON.stringify([{ ...f.settings, shard: 0, firstSeed: 0, count: 0 }, f.classes]);
  const odd = parts.find((p) => shared(p.file) !== shared(file));
  if (odd !== undefined)
    throw new ProjectError(`${odd.folder} and ${parts[0].folder} are not parts of one dataset: their settings differ.`);
  parts.sort((a, b) => seedRange(a.file.settings).first - seedRange(b.file.settings).first);
  const found = new Set<Split>();
  let samples = 0;
  let next = -1;
  for (const { folder, file: f } of parts) {
    const { first, end } = seedRange(f.settings);
    if (first < next)
      throw new ProjectError(`${folder} has seeds that another part has too: they overlap at seed ${first}.`);
    next = end;
    for await (const { entry } of manifestLines(folder)) {
      if (entry.rejected !== undefined) continue;
      found.add(entry.split);
      samples++;
    }
  }
  const home = new Map<Sample, string>();
  return {
    info: {
      name,
      description:
        `${samples} images of ${settings.resolution}x${settings.resolution} pixels from a ${settings.family} generator ` +
        `(sha256 ${settings.networkSha256.slice(0, 16)}) with masks of ${classes.length} classes, found without labels by KLiSH.`,
      classes,
      imageExtension: settings.imageFormat,
      splits: SPLITS.filter((split) => found.has(split)),
      samples,
    },
    async *samples() {
      for (const { folder, file: f } of parts)
        for await (const sample of storedSamples(folder, f, set)) {
          home.clear();
          home.set(sample, folder);
          yield sample;
        }
    },
    path(sample, part) {
      const folder = home.get(sample);
      const file = part === "image" ? imagePath(sample.name, settings) : maskPath(sample.name, settings, set);
      return folder === undefined ? undefined : join(folder, file);
    },
  };
}

async function* storedSamples(folder: string, { settings }: DatasetFile, set: number): AsyncGenerator<Sample> {
  const { first, end } = seedRange(settings);
  const missing = (error: NodeJS.ErrnoException): never => {
    if (error instanceof ProjectError) throw error;
    throw new ProjectError(
      `${error.path}: ${error.message}. Run the command that made the dataset again: it repairs what is missing.`,
      { cause: error },
    );
  };
  for await (const { name, split, rejected } of wholeManifest(folder, end - first)) {
    if (rejected !== undefined) continue;
    const image = await readPlainFile(join(folder, imagePath(name, settings))).catch(missing);
    const mask = await readPlainFile(join(folder, maskPath(name, settings, set))).catch(missing);
    const { width, height, data } = decodePng(mask);
    yield { name, split, image, mask, labels: { width, height, data: data as Uint8Array } };
  }
}

const LIST = /(^|\/)(train|val|test)\.txt$/;
/** Shares of the splits where a foreign folder has none. */
const OTHERWISE = { val: 0.1, test: 0 };

/** A folder in one of the layouts, whoever wrote it. */
async function layoutSource(
  path: string,
  files: DatasetFolder,
  format: string | null,
  name: string,
): Promise<SampleSource> {
  const layout = format === null ? detectFormat(files.paths, formats) : formatNamed(format);
  const faults: Fault[] = [];
  const report: ReportFault = (kind, at, found) => {
    faults.push({ kind, path: at, found });
  };
  const refuse = (what: string): never => {
    throw new ProjectError(`${path}, read as ${layout.name}: ${what}. See klish check ${path} --format ${layout.name}`);
  };
  const refuseFault = ({ kind, path: at, found }: Fault): never => refuse(`${at}: ${found} (${FAULTS[kind].fix})`);
  const listed = await readClasses(files, layout, report);
  const samples = await layout.read(files, listed, report);
  const wrong = faults.find((f) => FAULTS[f.kind].severity === "error");
  if (wrong !== undefined) refuseFault(wrong);
  if (samples.length === 0) refuse("it has no samples");
  const odd = samples.find((s) => s.image === undefined || s.labels === undefined);
  if (odd !== undefined) refuse(`"${odd.key}" has ${odd.image === undefined ? "no image" : "no labels"}`);
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
  const splits = await listedSplits(files);
  const splitOfSample = ({ key, split }: FoundSample): Split => splits.get(key) ?? split ?? splitOf(key, OTHERWISE);
  const readLabels = async (sample: FoundSample): Promise<FoundLabels> => {
    faults.length = 0;
    const missing: Fault = {
      kind: "classes-missing",
      path: "classes.json",
      found: "labels are names that no list gives ids",
    };
    return (await sample.labels!.read()) ?? refuseFault(faults.at(-1) ?? missing);
  };
  const classes = listed ?? (await countedClasses(samples, readLabels));
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
        const { map, file } = await readLabels(sample);
        const foreign = map.data.find((id) => id >= classes.length && id !== IGNORE_LABEL);
        if (foreign !== undefined)
          refuse(`${sample.labels!.path} has id ${foreign}; there are ${classes.length} classes`);
        // A mask with the palette of its classes stays as it is.
        const same = file?.png.colorType === 3 && files.paths.includes("classes.json");
        yield {
          name: fileStem(sample.key),
          split: splitOfSample(sample),
          image: await sample.image!.read(),
          labels: map,
          mask: same ? file.bytes : encodePng({ ...map, palette }),
        };
      }
    },
    // Foreign folders are copied: a link would let an edit there change the copy here.
    path: () => undefined,
  };
}

/** Without a list of classes: as many as the largest id asks for, in the colours of the first palette. */
async function countedClasses(
  samples: readonly FoundSample[],
  read: (sample: FoundSample) => Promise<FoundLabels>,
): Promise<DatasetClass[]> {
  let most = 0;
  let palette: Uint8Array | undefined;
  for (const sample of samples) {
    const { map, file } = await read(sample);
    palette ??= file?.png.palette;
    for (const id of map.data) if (id !== IGNORE_LABEL && id > most) most = id;
  }
  return distinctColors(most + 1).map((color, id) => {
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
