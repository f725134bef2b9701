/** A dataset's folder as a stream of samples, and its exports to other layouts. */
import { appendFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { classesJson, type DatasetInfo, type DatasetSink, type Sample } from "../dataset/format.ts";
import { formatNamed } from "../dataset/formats/index.ts";
import { decodePng } from "../dataset/png.ts";
import { SPLITS, type Split } from "../dataset/split.ts";
import type { JobOptions } from "../tensor/progress.ts";
import { manifestLines, wholeManifest } from "./datasetManifest.ts";
import { type DatasetFile, imagePath, maskPath, openDataset, seedRange } from "./datasetSettings.ts";
import { explain, listFolder, ProjectError, writeAtomic } from "./files.ts";

/** Writes classes.json and the list of each split, which make the folder itself the layout "folders". */
export async function writeLists(folder: string, { classes }: DatasetFile): Promise<void> {
  const lists = new Map<Split, string[]>();
  for await (const { entry } of manifestLines(folder)) {
    if (entry.rejected !== undefined) continue;
    const list = lists.get(entry.split);
    if (list === undefined) lists.set(entry.split, [entry.name]);
    else list.push(entry.name);
  }
  await writeAtomic(join(folder, "classes.json"), classesJson(classes));
  for (const [split, names] of lists)
    await writeAtomic(join(folder, `${split}.txt`), names.map((name) => `${name}\n`).join(""));
}

/** The samples of a complete dataset, one after another. */
export async function* storedSamples(folder: string, { settings }: DatasetFile): AsyncGenerator<Sample> {
  const { first, end } = seedRange(settings);
  for await (const { name, split, rejected } of wholeManifest(folder, end - first)) {
    if (rejected !== undefined) continue;
    const image = await readFile(join(folder, imagePath(name, settings))).catch(missing);
    const mask = await readFile(join(folder, maskPath(name))).catch(missing);
    const { width, height, data } = decodePng(mask);
    yield { name, split, image, mask, labels: { width, height, data: data as Uint8Array } };
  }
}

function missing(error: NodeJS.ErrnoException): never {
  throw new ProjectError(
    `${error.path}: ${error.message}. Run the command that made the dataset again: it repairs what is missing.`,
    { cause: error },
  );
}

export interface ExportRequest {
  readonly dataset: string;
  readonly format: string;
  readonly outdir: string;
  /** Shown in cards and descriptions. */
  readonly name: string;
}

export interface ExportSummary {
  readonly folder: string;
  readonly samples: number;
  readonly load: string;
}

/**
 * Writes a complete dataset in another layout. Images and masks are linked, not copied, where the file system can. The folder
 * appears under its name when it is complete; an interrupted export is begun anew.
 */
export async function exportJob(request: ExportRequest, { onProgress, signal }: JobOptions): Promise<ExportSummary> {
  const format = formatNamed(request.format);
  const file = await openDataset(request.dataset);
  const folder = resolve(request.outdir);
  if ((await listFolder(folder)).length > 0)
    throw new ProjectError(`${folder} is not empty. Choose an empty or new --outdir.`);
  const info = await describe(request, file);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  let samples = 0;
  const progress = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: `export ${format.name}`, done: samples, total: info.samples });
  };
  try {
    await mkdir(partial, { recursive: true });
    const writer = format.writer(info, folderSink(request.dataset, partial, file));
    progress();
    for await (const sample of storedSamples(request.dataset, file)) {
      await writer.add(sample);
      samples++;
      progress();
    }
    await writer.finish();
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw explain(error, partial);
  }
  const { code } = format.load;
  const load = code
    .replaceAll("{path}", folder)
    .replaceAll("{ext}", info.imageExtension)
    .replaceAll("{classes}", String(info.classes.length));
  return { folder, samples, load };
}

async function describe({ dataset, name }: ExportRequest, file: DatasetFile): Promise<DatasetInfo> {
  const { settings, classes } = file;
  const found = new Set<Split>();
  let samples = 0;
  for await (const { entry } of manifestLines(dataset)) {
    if (entry.rejected !== undefined) continue;
    found.add(entry.split);
    samples++;
  }
  return {
    name,
    description:
      `${samples} images of ${settings.resolution}x${settings.resolution} pixels from a ${settings.family} generator ` +
      `(sha256 ${settings.networkSha256.slice(0, 16)}) with masks of ${classes.length} classes, found without labels by KLiSH.`,
    classes,
    imageExtension: settings.imageFormat,
    splits: SPLITS.filter((split) => found.has(split)),
    samples,
  };
}

/** Writes below `folder`; originals become hard links to the store, or copies on another file system. */
function folderSink(store: string, folder: string, { settings }: DatasetFile): DatasetSink {
  const made = new Set<string>();
  const at = async (path: string): Promise<string> => {
    const full = join(folder, path);
    const parent = dirname(full);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    return full;
  };
  return {
    file: async (path, content) => writeFile(await at(path), content),
    append: async (path, content) => appendFile(await at(path), content),
    async original(path, sample, part) {
      const to = await at(path);
      const from = join(store, part === "image" ? imagePath(sample.name, settings) : maskPath(sample.name));
      try {
        await link(from, to);
      } catch {
        // Another file system, or one without links: a copy does as well, and shows what else may be wrong.
        await writeFile(to, sample[part]);
      }
    },
  };
}

/** Bytes of the files in a folder. */
export async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  return total;
}
