/** `klish segment`: photos in, a data set of the photos and their masks out. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { classesJson } from "../../dataset/format.ts";
import { type DatasetClass, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { defineJob } from "../requests/request.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { type SegmentRequest, segmentRequest } from "./options.ts";
import { checkApart, listPhotos, type PlannedPhoto, pictureExtension, planPhotos } from "./photos.ts";
import {
  appendEntries,
  loadSegmentSettings,
  type PhotoEntry,
  pixelCounts,
  REMEDY,
  readEntries,
  type SegmentSettings,
  settingsPath,
} from "./record.ts";
import { openSegmenter, type Segmenter } from "./segmenter.ts";
import { type PhotoOptions, segmentPhotos } from "./segmentPhotos.ts";
import { overlaySheet } from "./sheet.ts";

export interface SegmentSummary {
  readonly folder: string;
  readonly photos: number;
  readonly rejected: readonly { readonly photo: string; readonly reason: string }[];
  /** Mean of the winning classes' probabilities over all photos. */
  readonly confidence: number;
  /** Share of the photos' pixels that each class has; the last number is that of ignored ones. */
  readonly shares: readonly { readonly name: string; readonly share: number }[];
  readonly sheet: string;
}

const PHASE = "segment photos";

/**
 * Segments photos into a folder that is a data set itself: images/, masks/ (index PNGs of the photos' own sizes, 255 = ignore),
 * classes.json, a sheet. Photos that are done are not done again; a folder of other settings is refused. Rejects with ProjectError.
 */
export const segmentJob = defineJob(segmentRequest, async (request, job): Promise<SegmentSummary> => {
  const outdir = resolve(request.outdir);
  checkApart(resolve(request.images), outdir);
  const planned = planPhotos(await listPhotos(request.images));
  return locked(outdir, async () => {
    const segmenter = await openSegmenter(request.model, {
      threads: request.threads ?? availableParallelism(),
      ...job,
    });
    try {
      const settings = await continueSettings(outdir, request, segmenter, planned);
      const entries = await readEntries(outdir);
      await segmentMissing(outdir, planned, entries, settings, segmenter, request, job);
      return await finish(outdir, planned, entries, settings, segmenter, request);
    } finally {
      await segmenter.dispose();
    }
  });
});

async function continueSettings(
  outdir: string,
  request: SegmentRequest,
  { sha256 }: Segmenter,
  planned: readonly PlannedPhoto[],
): Promise<SegmentSettings> {
  const { model, fit, flip, scales, ignoreBelow } = request;
  const before = await loadSegmentSettings(outdir);
  const wanted: SegmentSettings = {
    klish: "segmented-photos",
    version: 1,
    model: model.file,
    modelSha256: sha256,
    size: model.size,
    range: model.range === "imagenet" ? model.range : [...model.range],
    output: model.output,
    fit,
    flip,
    scales: [...scales],
    ignoreBelow,
    extension: before?.extension ?? pictureExtension(planned.map(({ file }) => file)),
  };
  for (const key of Object.keys(wanted) as (keyof SegmentSettings)[])
    if (before !== undefined && key !== "model" && JSON.stringify(before[key]) !== JSON.stringify(wanted[key]))
      throw new ProjectError(
        `${outdir} holds masks made with another ${key === "modelSha256" ? "model" : key} (${JSON.stringify(before[key])}, not ${JSON.stringify(wanted[key])}). ${REMEDY}`,
      );
  if (before === undefined) await writeAtomic(settingsPath(outdir), `${JSON.stringify(wanted, null, 2)}\n`);
  return wanted;
}

async function segmentMissing(
  outdir: string,
  planned: readonly PlannedPhoto[],
  entries: Map<string, PhotoEntry>,
  { extension }: SegmentSettings,
  segmenter: Segmenter,
  options: PhotoOptions,
  { onProgress, signal }: JobOptions,
): Promise<void> {
  const left = planned.filter(({ file, name }) => {
    const entry = entries.get(file.name);
    return !(entry?.name === name && entry.bytes === file.bytes && entry.modified === file.modified);
  });
  const report = (done: number): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: PHASE, done: planned.length - left.length + done, total: planned.length });
  };
  report(0);
  for (let start = 0; start < left.length; start += segmenter.batch) {
    const some = left.slice(start, start + segmenter.batch);
    const photos = await Promise.all(some.map(({ file }) => file.read()));
    const segmented = await segmentPhotos(segmenter, photos, options);
    const lines: PhotoEntry[] = [];
    for (const [i, { file, name }] of some.entries()) {
      const found = segmented[i];
      const seen = { photo: file.name, bytes: file.bytes, modified: file.modified, name };
      if ("rejected" in found) {
        lines.push({ ...seen, rejected: found.rejected });
        continue;
      }
      const { labels, size, confidence } = found;
      const pixels = pixelCounts(labels.data);
      const most = Math.max(...pixels.map(([id]) => id).filter((id) => id < 255), 0);
      const palette = paletteOf(classesOf(segmenter, most + 1));
      await writeAtomic(join(outdir, "masks", `${name}.png`), encodePng({ ...labels, palette }), { flush: false });
      await writeAtomic(join(outdir, "images", `${name}.${extension}`), await picture(photos[i], extension), {
        flush: false,
      });
      lines.push({
        ...seen,
        ...size,
        confidence: Number(confidence.toFixed(4)),
        pixels,
      });
    }
    await appendEntries(outdir, lines);
    for (const line of lines) entries.set(line.photo, line);
    report(start + some.length);
  }
}

/** The photo upright: as it is where it is already, and of the format; else encoded again. */
async function picture(photo: Uint8Array, extension: string): Promise<Uint8Array> {
  const image = sharp(photo, { failOn: "error" });
  const { format, orientation = 1 } = await image.metadata();
  if (orientation === 1 && format === (extension === "jpg" ? "jpeg" : extension)) return photo;
  const upright = image.autoOrient().flatten({ background: "#ffffff" }).toColourspace("srgb");
  if (extension === "jpg") return upright.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
  return extension === "webp" ? upright.webp({ lossless: true }).toBuffer() : upright.png().toBuffer();
}

/** The model's classes; of one that names none, "class 0", "class 1", ... in distinct colours. */
function classesOf({ classes }: Segmenter, count: number): readonly DatasetClass[] {
  return (
    classes ??
    distinctColors(count).map((color, id) => ({ name: `class ${id}`, color: cssColor(color), background: false }))
  );
}

async function finish(
  outdir: string,
  planned: readonly PlannedPhoto[],
  entries: ReadonlyMap<string, PhotoEntry>,
  { extension }: SegmentSettings,
  segmenter: Segmenter,
  { images }: SegmentRequest,
): Promise<SegmentSummary> {
  const all = planned.flatMap(({ file }) => entries.get(file.name) ?? []);
  const done = all.filter(({ rejected }) => rejected === undefined);
  const rejected = all.flatMap((e) => (e.rejected === undefined ? [] : [{ photo: e.photo, reason: e.rejected }]));
  if (done.length === 0)
    throw new ProjectError(
      `${images}: none of its ${all.length} photos could be read; the first, ${rejected[0]?.photo}: ${rejected[0]?.reason}.`,
    );
  const totals = new Float64Array(256);
  for (const { pixels = [] } of done) for (const [id, count] of pixels) totals[id] += count;
  const present = totals.findLastIndex((n, id) => id < 255 && n > 0) + 1;
  const classes = classesOf(segmenter, present);
  await writeAtomic(join(outdir, "classes.json"), classesJson(classes));
  const sheet = join(outdir, "sheet.png");
  const shown = done.map(({ name }) => ({
    picture: join(outdir, "images", `${name}.${extension}`),
    mask: join(outdir, "masks", `${name}.png`),
  }));
  await writeAtomic(sheet, await overlaySheet(shown, classes));
  const sum = totals.reduce((a, b) => a + b, 0);
  const share = (id: number): number => totals[id] / sum;
  return {
    folder: outdir,
    photos: done.length,
    rejected,
    confidence: done.reduce((total, { confidence = 0 }) => total + confidence, 0) / done.length,
    shares: [...classes.map(({ name }, id) => ({ name, share: share(id) })), { name: "ignored", share: share(255) }],
    sheet,
  };
}
