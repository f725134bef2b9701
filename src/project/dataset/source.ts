/** Folders as streams of samples: datasets of ours, any layout of image and mask files, CelebAMask-HQ. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { detectFormat } from "../../dataset/check.ts";
import { idsOf } from "../../dataset/checkMask.ts";
import type { DatasetInfo, Sample } from "../../dataset/format.ts";
import { formatNamed, formats } from "../../dataset/formats/index.ts";
import { checkClasses, type DatasetClass, IGNORE_LABEL, paletteOf } from "../../dataset/labelMap.ts";
import { decodePng, encodePng } from "../../dataset/png.ts";
import { SPLITS, type Split, splitOf } from "../../dataset/split.ts";
import { explain, ProjectError } from "../files.ts";
import { cssColor, distinctColors } from "../report/palette.ts";
import { celebAMaskSource, isCelebAMask } from "./celebAMask.ts";
import { manifestLines, wholeManifest } from "./manifest.ts";
import {
  type DatasetFile,
  imagePath,
  labelSetNamed,
  loadDataset,
  maskPath,
  openDataset,
  seedRange,
} from "./settings.ts";

/** Samples of a folder, one after another. */
export interface SampleSource {
  readonly info: DatasetInfo;
  samples(): AsyncGenerator<Sample>;
  /** Where a sample's image or mask lies as it is; undefined where it was made on reading. */
  path(sample: Sample, part: "image" | "mask"): string | undefined;
}

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
  const files = await filesBelow(folder);
  if (format === "celebamask" || (format === null && isCelebAMask(files))) return celebAMaskSource(folder, files, name);
  return layoutSource(folder, files, format, name);
}

/** Every file below a folder, relative, with "/". */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") throw new ProjectError(`${folder}: there is no such folder.`);
    throw explain(error, folder);
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
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
    throw new ProjectError(
      `${error.path}: ${error.message}. Run the command that made the dataset again: it repairs what is missing.`,
      { cause: error },
    );
  };
  for await (const { name, split, rejected } of wholeManifest(folder, end - first)) {
    if (rejected !== undefined) continue;
    const image = await readFile(join(folder, imagePath(name, settings))).catch(missing);
    const mask = await readFile(join(folder, maskPath(name, settings, set))).catch(missing);
    const { width, height, data } = decodePng(mask);
    yield { name, split, image, mask, labels: { width, height, data: data as Uint8Array } };
  }
}

const LIST = /(^|\/)(train|val|test)\.txt$/;
/** A part of a path that names a split. */
const SPLIT_FOLDER = /(?:^|\/)(train|val|validation|test)(?:[_/]|$)/;
/** Shares of samples that no list and no folder puts into a split. */
const OTHERWISE = { val: 0.1, test: 0 };

/** A folder in a layout that pairs image files with mask files by their stem. */
async function layoutSource(
  folder: string,
  files: readonly string[],
  named: string | null,
  name: string,
): Promise<SampleSource> {
  const format = named === null ? detectFormat(files, formats) : formatNamed(named);
  const images = new Map<string, string>();
  const masks = new Map<string, string>();
  for (const file of files) {
    const found = format.classify?.(file);
    if (found !== undefined) (found.kind === "image" ? images : masks).set(found.key, file);
  }
  const keys = [...images.keys()].filter((key) => masks.has(key)).sort();
  if (keys.length === 0 || keys.length < Math.max(images.size, masks.size))
    throw new ProjectError(
      `${folder}: ${images.size} images and ${masks.size} masks make ${keys.length} pairs in layout ${format.name}. See klish check ${folder}`,
    );
  const extensions = new Set(
    keys.map((key) => images.get(key)!.split(".").at(-1)!.toLowerCase().replace("jpeg", "jpg")),
  );
  if (extensions.size > 1)
    throw new ProjectError(`${folder} mixes image formats (${[...extensions].join(", ")}); convert them to one first.`);
  const splits = await listedSplits(folder, files);
  const splitOfKey = (key: string): Split => {
    const listed = splits.get(key);
    if (listed !== undefined) return listed;
    const part = SPLIT_FOLDER.exec(images.get(key)!)?.[1];
    return part === undefined ? splitOf(key, OTHERWISE) : part === "validation" ? "val" : (part as Split);
  };
  const readMask = async (key: string): Promise<{ bytes: Uint8Array; labels: Sample["labels"]; indexed: boolean }> => {
    const bytes = await readFile(join(folder, masks.get(key)!));
    const png = decodePng(bytes);
    const data = png.bitDepth === 16 ? undefined : idsOf(png, png.channels === 3 ? 3 : 1);
    if (data === undefined)
      throw new ProjectError(`${masks.get(key)} does not hold one class id a pixel. See klish check ${folder}`);
    return { bytes, labels: { width: png.width, height: png.height, data }, indexed: png.colorType === 3 };
  };
  const classes = files.includes("classes.json") ? await readClasses(folder) : await countedClasses(keys, readMask);
  const palette = paletteOf(classes);
  const present = new Set(keys.map(splitOfKey));
  return {
    info: {
      name,
      description: `${keys.length} images with masks of ${classes.length} classes.`,
      classes,
      imageExtension: [...extensions][0],
      splits: SPLITS.filter((split) => present.has(split)),
      samples: keys.length,
    },
    async *samples() {
      for (const key of keys) {
        const { bytes, labels, indexed } = await readMask(key);
        const foreign = labels.data.find((id) => id >= classes.length && id !== IGNORE_LABEL);
        if (foreign !== undefined)
          throw new ProjectError(
            `${masks.get(key)} has id ${foreign}; there are ${classes.length} classes. See klish check ${folder}`,
          );
        const same = indexed && files.includes("classes.json");
        yield {
          name: key.replaceAll(/[^\w-]/g, "_"),
          split: splitOfKey(key),
          image: await readFile(join(folder, images.get(key)!)),
          labels,
          mask: same ? bytes : encodePng({ ...labels, palette }),
        };
      }
    },
    // Foreign folders are copied: a link would let an edit there change the copy here.
    path: () => undefined,
  };
}

async function readClasses(folder: string): Promise<readonly DatasetClass[]> {
  try {
    const { classes } = JSON.parse(await readFile(join(folder, "classes.json"), "utf8")) as { classes: DatasetClass[] };
    checkClasses(classes);
    return classes.map(({ name, color, background }) => ({ name, color, background }));
  } catch (cause) {
    throw new ProjectError(`${join(folder, "classes.json")}: ${(cause as Error).message}`, { cause });
  }
}

/** Without a list of classes: as many as the largest id asks for. */
async function countedClasses(
  keys: readonly string[],
  readMask: (key: string) => Promise<{ labels: Sample["labels"] }>,
): Promise<DatasetClass[]> {
  let most = 0;
  for (const key of keys)
    for (const id of (await readMask(key)).labels.data) if (id !== IGNORE_LABEL && id > most) most = id;
  return distinctColors(most + 1).map((color, id) => ({
    name: `class ${id}`,
    color: cssColor(color),
    background: false,
  }));
}

async function listedSplits(folder: string, files: readonly string[]): Promise<Map<string, Split>> {
  const splits = new Map<string, Split>();
  for (const file of files) {
    const split = LIST.exec(file)?.[2] as Split | undefined;
    if (split === undefined) continue;
    for (const line of (await readFile(join(folder, file), "utf8")).split(/\r?\n/))
      if (line !== "") splits.set(line, split);
  }
  return splits;
}
