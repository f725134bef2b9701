/** Folders as streams of samples: datasets of ours, any layout of image and mask files, CelebAMask-HQ. */
import { join } from "node:path";
import type { ReportKind } from "../../dataset/annotations.ts";
import { checkLabels, readMask } from "../../dataset/checkMask.ts";
import { FAULTS } from "../../dataset/faults.ts";
import type { Sample } from "../../dataset/format.ts";
import type { DatasetClass, LabelMap } from "../../dataset/labelMap.ts";
import { SPLITS, type Split } from "../../dataset/split.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { shellWord } from "../../text/escape.ts";
import { shardsIn } from "../shards/shard.ts";
import { ProjectError, readPlainFile } from "../storage/files.ts";
import { celebAMaskSource, isCelebAMask } from "./celebAMask.ts";
import { openFolder } from "./folder.ts";
import { layoutSource } from "./layoutSource.ts";
import { manifestLines, wholeManifest } from "./manifest.ts";
import { probe } from "./probe.ts";
import type { SampleSource } from "./sampleSource.ts";
import {
  type DatasetFile,
  datasetIn,
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
  job: JobOptions = {},
): Promise<SampleSource> {
  if (paths.length > 1) return partsSource(paths, recipe, name);
  const [folder] = paths;
  const isDataset = (await datasetIn(folder)) !== undefined || (await shardsIn(folder)).length > 0;
  if (isDataset && format === null) return partsSource(paths, recipe, name);
  const files = await openFolder(folder);
  if (format === null) refuseProject(folder, files.paths);
  if (format === "celebamask" || (format === null && isCelebAMask(files.paths)))
    return celebAMaskSource(folder, files.paths, name);
  return layoutSource(folder, files, format, name, job);
}

/** A project's sheets and labels look like pictures with annotations; what is wanted is a data set made from it. */
function refuseProject(folder: string, paths: readonly string[]): void {
  if (paths.includes("tree.safetensors") || paths.includes("extractor.safetensors"))
    throw new ProjectError(
      `${folder} is a project with parts, not a data set. Make one of it: klish dataset --project ${shellWord(folder)} --outdir <folder>`,
    );
}

/** Folders, those that hold shards replaced by these. */
async function withShards(folders: readonly string[]): Promise<string[]> {
  const inner = await Promise.all(
    folders.map(async (folder) => ((await loadDataset(folder)) === undefined ? await shardsIn(folder) : [])),
  );
  return folders.flatMap((folder, i) => (inner[i].length > 0 ? inner[i] : [folder]));
}

async function partsSource(given: readonly string[], recipe: string | null, name: string): Promise<SampleSource> {
  const folders = await withShards(given);
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
    for await (const { entry } of manifestLines(folder, f.settings)) {
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
      generated: true,
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

async function* storedSamples(folder: string, file: DatasetFile, set: number): AsyncGenerator<Sample> {
  const { settings } = file;
  const classes = file.classes[set];
  const { first, end } = seedRange(settings);
  const missing = (error: NodeJS.ErrnoException): never => {
    if (error instanceof ProjectError) throw error;
    throw new ProjectError(
      `${error.path}: ${error.message}. Run the command that made the dataset again: it repairs what is missing.`,
      { cause: error },
    );
  };
  for await (const { name, split, rejected } of wholeManifest(folder, settings, end - first)) {
    if (rejected !== undefined) continue;
    const image = await readPlainFile(join(folder, imagePath(name, settings))).catch(missing);
    const mask = await readPlainFile(join(folder, maskPath(name, settings, set))).catch(missing);
    yield { name, split, image, mask, labels: await checkedLabels(image, mask, classes, join(folder, name)) };
  }
}

/** The labels of a mask. Throws ProjectError where `check` would find an error in the pair. */
async function checkedLabels(
  image: Uint8Array,
  mask: Uint8Array,
  classes: readonly DatasetClass[],
  path: string,
): Promise<LabelMap> {
  const report: ReportKind = (kind, found) => {
    if (FAULTS[kind].severity === "error")
      throw new ProjectError(
        `${path}: ${found} (${kind}). Run the command that made the dataset again, or klish check.`,
      );
  };
  const size = await probe(image).catch((cause) => {
    throw new ProjectError(`${path}: the image cannot be decoded (${cause.message.split("\n")[0]}).`, { cause });
  });
  const labels = readMask(mask, { channels: 1 }, size, report);
  if (labels === undefined) throw new ProjectError(`${path}: the mask cannot be read. See klish check.`);
  checkLabels(labels, classes, false, report);
  return labels.map;
}
