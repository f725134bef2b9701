/** Writes datasets in the layouts of other tools. */

import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { z } from "zod";
import { classesJson, loadCode } from "../../dataset/format.ts";
import { formatNamed, formats } from "../../dataset/formats/index.ts";
import type { Split } from "../../dataset/split.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { listFolder, writeAtomic } from "../storage/files.ts";
import { manifestLines } from "./manifest.ts";
import { exportRequest } from "./options.ts";
import { classesPath, type DatasetFile, type DatasetSettings } from "./settings.ts";
import { folderSink } from "./sink.ts";
import { openSource } from "./source.ts";
import { emptyFolder, writeWhole } from "./wholeFolder.ts";

/** Writes the classes of each label set and the list of each split, which make the folder itself the layout "folders". */
export async function writeLists(folder: string, { classes, settings }: DatasetFile): Promise<void> {
  const lists = new Map<Split, string[]>();
  for await (const { entry } of manifestLines(folder, settings)) {
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

/** A written layout: where, how many samples, and code that loads it. */
export interface ExportSummary {
  readonly folder: string;
  readonly samples: number;
  readonly load: string;
}

/**
 * Writes a dataset, its parts as one, or a foreign folder in another layout. Images and masks are linked, not copied, where the file system can. The folder
 * appears under its name when it is complete; an interrupted export starts again.
 */
export const exportJob = defineJob(exportRequest, async (request, job): Promise<ExportSummary> => {
  const { onProgress, signal } = job;
  const format = formatNamed(request.format);
  const folder = await emptyFolder(request.outdir, "--outdir");
  const source = await openSource(request.from, { ...request, name: titleOf(request) }, job);
  const { info } = source;
  let samples = 0;
  const progress = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: `export ${format.name}`, done: samples, total: info.samples });
  };
  await writeWhole(folder, async (partial) => {
    const writer = format.writer(info, folderSink(partial, source.path));
    progress();
    for await (const sample of source.samples()) {
      await writer.add(sample);
      samples++;
      progress();
    }
    await writer.finish();
  });
  return { folder, samples, load: loadCode(format, info, folder) };
});

/** What cards and descriptions call it. */
const titleOf = ({ name, from }: z.output<typeof exportRequest>): string => name ?? basename(resolve(from[0]));

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
      summaries.push((await isLayout(path)) ? await describeExport(request) : await exportJob(request, job));
    }
  return summaries;
}

async function describeExport(request: z.output<typeof exportRequest>): Promise<ExportSummary> {
  const { info } = await openSource(request.from, { ...request, name: titleOf(request) });
  const { outdir: folder, format } = request;
  return { folder, samples: info.samples, load: loadCode(formatNamed(format), info, folder) };
}

/** Every layout has its classes.json: a folder that only has its name is somebody else's. */
const isLayout = async (path: string): Promise<boolean> => (await listFolder(path)).includes("classes.json");

/** Removes what `writeFormats` wrote: it does not show what has been added to the dataset since. */
export async function removeFormats(folder: string, settings: DatasetSettings): Promise<void> {
  for (const { name } of formats)
    for (const { path } of formatFolders(folder, settings, name))
      if (await isLayout(path)) await rm(path, { recursive: true, force: true });
}
