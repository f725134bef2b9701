/** Writes datasets in the layouts of other tools. */
import { appendFile, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { classesJson, type DatasetSink, loadCode } from "../../dataset/format.ts";
import { formatNamed, formats } from "../../dataset/formats/index.ts";
import type { Split } from "../../dataset/split.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { explain, listFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { manifestLines } from "./manifest.ts";
import type { SampleSource } from "./sampleSource.ts";
import { classesPath, type DatasetFile, type DatasetSettings } from "./settings.ts";
import { openSource } from "./source.ts";

/** Writes the classes of each label set and the list of each split, which make the folder itself the layout "folders". */
export async function writeLists(folder: string, { classes, settings }: DatasetFile): Promise<void> {
  const lists = new Map<Split, string[]>();
  for await (const { entry } of manifestLines(folder)) {
    if (entry.rejected !== undefined) continue;
    const list = lists.get(entry.split);
    if (list === undefined) lists.set(entry.split, [entry.name]);
    else list.push(entry.name);
  }
  for (const [set, list] of classes.entries())
    await writeAtomic(join(folder, classesPath(settings, set)), classesJson(list));
  for (const [split, names] of lists)
    await writeAtomic(join(folder, `${split}.txt`), names.map((name) => `${name}\n`).join(""));
}

export interface ExportRequest {
  /** One folder of any kind, or the parts (shards) of one dataset. */
  readonly from: readonly string[];
  /** Layout of a foreign folder; null to find it out. */
  readonly fromFormat: string | null;
  /** The label set of a dataset that has several. */
  readonly recipe: string | null;
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
 * Writes a dataset, its parts as one, or a foreign folder in another layout. Images and masks are linked, not copied, where the file system can. The folder
 * appears under its name when it is complete; an interrupted export is begun anew.
 */
export async function exportJob(request: ExportRequest, { onProgress, signal }: JobOptions): Promise<ExportSummary> {
  const format = formatNamed(request.format);
  const folder = resolve(request.outdir);
  if ((await listFolder(folder)).length > 0)
    throw new ProjectError(`${folder} is not empty. Choose an empty or new --outdir.`);
  const source = await openSource(request.from, request);
  const { info } = source;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  let samples = 0;
  const progress = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: `export ${format.name}`, done: samples, total: info.samples });
  };
  try {
    await mkdir(partial, { recursive: true });
    const writer = format.writer(info, folderSink(partial, source));
    progress();
    for await (const sample of source.samples()) {
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
  return { folder, samples, load: loadCode(format, info, folder) };
}

/** Where `klish dataset --format` writes a layout, within the dataset's folder. */
const formatFolders = (
  folder: string,
  { labelSets }: DatasetSettings,
  format: string,
): { path: string; recipe: string }[] =>
  labelSets.map(({ name }) => ({
    path: join(folder, labelSets.length === 1 ? format : `${format}_${name}`),
    recipe: name,
  }));

/** Writes a complete dataset in other layouts, in folders within its own; those that are there are left as they are. */
export async function writeFormats(
  folder: string,
  settings: DatasetSettings,
  names: readonly string[],
  job: JobOptions,
): Promise<ExportSummary[]> {
  const summaries: ExportSummary[] = [];
  for (const format of new Set(names))
    for (const { path, recipe } of formatFolders(folder, settings, format)) {
      const request = { from: [folder], fromFormat: null, recipe, format, outdir: path, name: basename(folder) };
      summaries.push(
        (await listFolder(path)).length > 0 ? await describeExport(request) : await exportJob(request, job),
      );
    }
  return summaries;
}

async function describeExport(request: ExportRequest): Promise<ExportSummary> {
  const { info } = await openSource(request.from, request);
  const { outdir: folder, format } = request;
  return { folder, samples: info.samples, load: loadCode(formatNamed(format), info, folder) };
}

/** Removes what `writeFormats` wrote: it does not show what has been added to the dataset since. */
export async function removeFormats(folder: string, settings: DatasetSettings): Promise<void> {
  for (const { name } of formats)
    for (const { path } of formatFolders(folder, settings, name)) await rm(path, { recursive: true, force: true });
}

/** Writes below `folder`; originals become hard links to the store, or copies on another file system. */
function folderSink(folder: string, source: SampleSource): DatasetSink {
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
      const from = source.path(sample, part);
      if (from !== undefined && (await linked(from, to))) return;
      await writeFile(to, sample[part]);
    },
  };
}

/** False on another file system, or one without links: a copy does as well, and shows what else may be wrong. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch {
    return false;
  }
}
