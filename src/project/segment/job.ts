/** `klish segment`: photos in, a data set of the photos and their masks out. */
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { classesJson } from "../../dataset/format.ts";
import { insidePath } from "../../dataset/insidePath.ts";
import { makeInOrder } from "../../runtime/node/pool.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { type MachinesSummary, queueNote } from "../queue/machines.ts";
import { byMakers, type Makers } from "../queue/makers.ts";
import type { QueueState } from "../queue/taskQueue.ts";
import { defineJob } from "../requests/request.ts";
import { type Shard, shardsFolder, shardsIn, shareOf } from "../shards/shard.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { linkFile } from "../storage/linkFile.ts";
import { locked, withLock } from "../storage/lock.ts";
import { type Batch, type BatchMaker, batchMaker, entryOf, type MadePhoto } from "./batch.ts";
import { type SegmentRequest, segmentRequest } from "./options.ts";
import { checkApart, listPhotos, type PlannedPhoto, pictureExtension, picturePath, planPhotos } from "./photos.ts";
import { queuedBatches } from "./queued.ts";
import {
  appendEntries,
  loadSegmentSettings,
  maskPath,
  type PhotoEntry,
  REMEDY,
  readEntries,
  type SegmentSettings,
  settingsPath,
} from "./record.ts";
import { classesOf, openSegmenter, type Segmenter } from "./segmenter.ts";
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
  /** Who did it, with --queue; null without, and where nothing was left to do. */
  readonly machines: MachinesSummary | null;
}

const PHASE = "segment photos";

/**
 * Segments photos into a folder that is a data set itself: images/, masks/ (index PNGs of the photos' own sizes, 255 = ignore),
 * classes.json, a sheet. Photos that are done are not done again; a folder of other settings is refused. Rejects with ProjectError.
 */
export const segmentJob = defineJob(segmentRequest, async (request, job): Promise<SegmentSummary> => {
  const outdir = resolve(request.outdir);
  checkApart(resolve(request.images), outdir);
  const all = planPhotos(await listPhotos(request.images));
  const { shard } = request;
  return locked(outdir, async () => {
    const segmenter = await openSegmenter(request.model, {
      threads: request.threads ?? availableParallelism(),
      ...job,
    });
    try {
      const planned = shard === null ? all : photosOfShard(all, shard, segmenter.batch);
      const settings = await continueSettings(outdir, request, segmenter, all);
      const entries = await readEntries(outdir);
      if (shard === null) await takeShards(outdir, settings, entries, job);
      const machines = await segmentMissing({ ...request, outdir }, planned, entries, settings, segmenter, job);
      const summary = { ...(await finish(outdir, planned, entries, settings, segmenter, request)), machines };
      if (shard === null) await rm(shardsFolder(outdir), { recursive: true, force: true });
      return summary;
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
    ...(request.shard !== null && { shard: request.shard }),
  };
  if (before !== undefined) checkSettings(outdir, before, wanted);
  if (before === undefined) await writeAtomic(settingsPath(outdir), `${JSON.stringify(wanted, null, 2)}\n`);
  return wanted;
}

/** Throws ProjectError where masks in a folder were made in another way. */
function checkSettings(folder: string, before: SegmentSettings, wanted: SegmentSettings): void {
  const keys = new Set([...Object.keys(before), ...Object.keys(wanted)] as (keyof SegmentSettings)[]);
  for (const key of keys)
    if (key !== "model" && JSON.stringify(before[key]) !== JSON.stringify(wanted[key]))
      throw new ProjectError(
        `${folder} holds masks made with another ${key === "modelSha256" ? "model" : key} (${JSON.stringify(before[key]) ?? "none"}, not ${JSON.stringify(wanted[key]) ?? "none"}). ${REMEDY}`,
      );
}

/** The photos of a shard: it begins and ends between batches, so that each is looked at beside the same others. */
const photosOfShard = (all: readonly PlannedPhoto[], shard: Shard, batch: number): readonly PlannedPhoto[] =>
  shareOf([...batches(all, batch)], shard).flatMap(({ photos }) => photos);

/** What shards have made becomes the whole's. Rejects with ProjectError where one was made in another way, or is being made. */
async function takeShards(
  outdir: string,
  settings: SegmentSettings,
  entries: Map<string, PhotoEntry>,
  { onProgress, signal }: JobOptions,
): Promise<void> {
  const folders = await shardsIn(outdir);
  for (const [i, folder] of folders.entries()) {
    onProgress?.({ phase: "join the parts", done: i, total: folders.length });
    await withLock(folder, async () => {
      const { shard, ...made } = (await loadSegmentSettings(folder)) ?? {};
      if (shard === undefined) return;
      checkSettings(folder, made as SegmentSettings, settings);
      const lines: PhotoEntry[] = [];
      for (const entry of (await readEntries(folder)).values()) {
        signal?.throwIfAborted();
        if (entries.has(entry.photo)) continue;
        const names = entry.rejected === undefined ? filesOf(entry, settings) : [];
        for (const name of names) await linkFile(join(folder, name), join(outdir, name));
        lines.push(entry);
      }
      await appendEntries(outdir, lines);
      for (const line of lines) entries.set(line.photo, line);
    });
  }
  if (folders.length > 0) onProgress?.({ phase: "join the parts", done: folders.length, total: folders.length });
}

/** The files of a photo. Throws RangeError where its name, which a shard's list gives, leads anywhere else. */
const filesOf = ({ name }: PhotoEntry, { extension }: SegmentSettings): string[] => [
  insidePath(maskPath(name)),
  insidePath(picturePath(name, extension)),
];

/** Segments the photos of which nothing is known yet, or which have changed since. Resolves to who did it, of a queue. */
async function segmentMissing(
  { outdir, images, queue, root, model }: SegmentRequest,
  planned: readonly PlannedPhoto[],
  entries: Map<string, PhotoEntry>,
  settings: SegmentSettings,
  segmenter: Segmenter,
  { onProgress, signal }: JobOptions,
): Promise<MachinesSummary | null> {
  const left = planned.filter(({ file, name }) => {
    const entry = entries.get(file.name);
    return !(entry?.name === name && entry.bytes === file.bytes && entry.modified === file.modified);
  });
  let done = 0;
  const report = (state?: QueueState): void =>
    onProgress?.({
      phase: PHASE,
      done: planned.length - left.length + done,
      total: planned.length,
      ...(state && { note: queueNote(state) }),
    });
  report();
  if (left.length === 0) return null;
  const open = async (): Promise<Makers<Batch, MadePhoto[]>> => {
    const run = { outdir, settings, segmenter, model: model.file, images, photos: planned };
    if (queue !== null) return queuedBatches({ queue, root }, run, signal);
    return { makers: [batchMaker(outdir, settings, segmenter)], dispose: async () => undefined };
  };
  const work = async (makers: readonly BatchMaker[], tell: () => void): Promise<void> => {
    const finished = async (made: readonly MadePhoto[]): Promise<void> => {
      const lines = made.map((one, i) => entryOf(left[done + i], one));
      await appendEntries(outdir, lines);
      for (const line of lines) entries.set(line.photo, line);
      done += made.length;
      tell();
    };
    await makeInOrder(batches(left, segmenter.batch), makers, finished, () => signal?.aborted === true);
  };
  const machines = await byMakers(open, work, report);
  signal?.throwIfAborted();
  return machines;
}

function* batches(photos: readonly PlannedPhoto[], size: number): Generator<Batch, undefined> {
  for (let at = 0; at < photos.length; at += size) yield { index: at / size, photos: photos.slice(at, at + size) };
  return undefined;
}

async function finish(
  outdir: string,
  planned: readonly PlannedPhoto[],
  entries: ReadonlyMap<string, PhotoEntry>,
  { extension }: SegmentSettings,
  segmenter: Segmenter,
  { images }: SegmentRequest,
): Promise<Omit<SegmentSummary, "machines">> {
  const all = planned.flatMap(({ file }) => entries.get(file.name) ?? []);
  const done = all.filter(({ rejected }) => rejected === undefined);
  const rejected = all.flatMap((e) => (e.rejected === undefined ? [] : [{ photo: e.photo, reason: e.rejected }]));
  if (done.length === 0 && planned.length > 0)
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
    picture: join(outdir, picturePath(name, extension)),
    mask: join(outdir, maskPath(name)),
  }));
  if (shown.length > 0) await writeAtomic(sheet, await overlaySheet(shown, classes));
  const sum = Math.max(
    1,
    totals.reduce((a, b) => a + b, 0),
  );
  const share = (id: number): number => totals[id] / sum;
  return {
    folder: outdir,
    photos: done.length,
    rejected,
    confidence: done.reduce((total, { confidence = 0 }) => total + confidence, 0) / Math.max(1, done.length),
    shares: [...classes.map(({ name }, id) => ({ name, share: share(id) })), { name: "ignored", share: share(255) }],
    sheet,
  };
}
