/** Data sets as pages see them: those of `klish dataset`, and any other folder of images and masks that klish wrote. */
import { readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import type { z } from "zod";
import { classesFile } from "../dataset/classList.ts";
import { manifestLines } from "../project/dataset/manifest.ts";
import { type DatasetFile, datasetIn, imagePath, maskPath } from "../project/dataset/settings.ts";
import { foregroundPixels } from "../project/dataset/statistics.ts";
import { loadSegmentSettings, readEntries } from "../project/segment/record.ts";
import { readJsonFile } from "../project/storage/jsonFile.ts";
import type { Dataset, datasetQuery, sample } from "./api.ts";
import { stampOf } from "./places/stamp.ts";
import { fileUrl } from "./places/workspace.ts";

type Sample = z.output<typeof sample>;
type Asked = Omit<z.output<typeof datasetQuery>, "at">;

/** What was left out and is told of. */
const MOST_REMOVED = 200;

/** Answer of `GET /api/dataset`. */
export async function datasetOf(folder: string, at: string, asked: Asked): Promise<Dataset> {
  const file = await datasetIn(folder);
  return file === undefined ? pictures(folder, at, asked) : generated(folder, at, file, asked);
}

async function generated(folder: string, at: string, file: DatasetFile, { first, count }: Asked): Promise<Dataset> {
  const { settings, classes } = file;
  const samples: Sample[] = [];
  const removed: Dataset["removed"] = [];
  let kept = 0;
  for await (const { entry } of manifestLines(folder, settings)) {
    if (entry.rejected !== undefined) {
      const { name, seed, rejected: reasons } = entry;
      if (removed.length < MOST_REMOVED) removed.push({ name, seed, reasons });
      continue;
    }
    const n = kept++;
    if (n < first || n >= first + count) continue;
    const [labels] = entry.labels;
    const total = labels.pixels.reduce((sum, [, pixels]) => sum + pixels, 0);
    const url = (path: string): string => fileUrl(at, ...path.split("/"));
    samples.push({
      name: entry.name,
      imageUrl: url(imagePath(entry.name, settings)),
      maskUrls: settings.labelSets.map((_, set) => url(maskPath(entry.name, settings, set))),
      uncertain: labels.uncertain,
      contested: labels.contested ?? null,
      foreground: foregroundPixels(labels, classes[0]) / total,
      pixels: byClass(labels.pixels, classes[0].length),
    });
  }
  const overview = (await stampOf(join(folder, "overview.html"))) !== "-";
  return {
    ...{ at, kind: "generated", complete: overview, count: kept, samples, removed },
    classes: classes[0].map((c) => ({ ...c })),
    overviewUrl: overview ? fileUrl(at, "overview.html") : null,
  };
}

async function pictures(folder: string, at: string, { first, count }: Asked): Promise<Dataset> {
  const segmented = (await loadSegmentSettings(folder)) !== undefined;
  const list = await readJsonFile(join(folder, "classes.json"), classesFile, {
    what: "a list of classes",
    remedy: "Run the command that made the folder again.",
  });
  const classes = (list?.classes ?? []).map(({ name, color, background }) => ({ name, color, background }));
  const images = new Map(
    (await readdir(join(folder, "images")).catch(() => [])).map((file) => [parse(file).name, file]),
  );
  const masks = (await readdir(join(folder, "masks")).catch(() => [])).filter((file) => images.has(parse(file).name));
  const counted = new Map<string, Sample["pixels"]>();
  if (segmented)
    for (const { name, pixels } of (await readEntries(folder)).values())
      if (pixels !== undefined) counted.set(name, byClass(pixels, classes.length));
  const samples = masks.sort().slice(first, first + count);
  return {
    ...{ at, kind: segmented ? "photos" : "generated", complete: list !== undefined, count: masks.length, classes },
    samples: samples.map((mask) => {
      const { name } = parse(mask);
      return {
        name,
        imageUrl: fileUrl(at, "images", images.get(name) as string),
        maskUrls: [fileUrl(at, "masks", mask)],
        ...{ uncertain: null, foreground: null, contested: null, pixels: counted.get(name) ?? null },
      };
    }),
    removed: [],
    overviewUrl: null,
  };
}

/** Pixels of each class, from pairs of id and count. */
function byClass(pairs: readonly (readonly [number, number])[], classes: number): number[] {
  const pixels = new Array<number>(classes).fill(0);
  for (const [id, count] of pairs) if (id < classes) pixels[id] = count;
  return pixels;
}
