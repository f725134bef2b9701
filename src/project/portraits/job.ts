import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { paletteOf } from "../../dataset/labelMap.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { PORTRAIT_VERSION, portraitOf } from "../../portraits/render.ts";
import { makeInOrder } from "../../runtime/node/pool.ts";
import { startThread } from "../../runtime/node/threads.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { encodeSheet } from "../sampling/images.ts";
import { writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { missingPortraits, openPortraitFolder, type PortraitSettings, writePortraitLists } from "./folder.ts";
import { portraitsRequest } from "./options.ts";
import type { PortraitCalls, PortraitWorkerStart } from "./worker.ts";

export interface PortraitsSummary {
  readonly folder: string;
  readonly preview: string;
  readonly portraits: number;
  /** Of this run. */
  readonly made: number;
  readonly seconds: number;
}

/** Portraits that a worker is sent at a time. */
const BATCH = 32;
const PREVIEW = { portraits: 32, columns: 8 };

/** Makes a folder of portraits with masks, or continues one. What it holds depends on the settings alone. */
export const portraitsJob = defineJob(portraitsRequest, async (request, job): Promise<PortraitsSummary> => {
  const { outdir, threads, ...asked } = request;
  const settings: PortraitSettings = { renderer: PORTRAIT_VERSION, ...asked };
  const folder = resolve(outdir);
  return locked(folder, async () => {
    await openPortraitFolder(folder, settings);
    const missing = await missingPortraits(folder, settings);
    const started = performance.now();
    await makeAll(missing, { folder, resolution: settings.resolution }, threads, settings.count, job);
    const seconds = (performance.now() - started) / 1000;
    await writePortraitLists(folder, settings);
    const preview = join(folder, "preview.png");
    await writeAtomic(preview, await previewSheet(settings));
    return { folder, preview, portraits: settings.count, made: missing.length, seconds };
  });
});

/** Has the workers make all seeds. Rejects with the first failure, or the signal's reason once those begun are finished. */
async function makeAll(
  seeds: readonly number[],
  start: PortraitWorkerStart,
  threads: number | null,
  total: number,
  { onProgress, signal }: JobOptions,
): Promise<void> {
  let done = total - seeds.length;
  const started = performance.now();
  const progress = (): void => {
    const seconds = (performance.now() - started) / 1000;
    const made = done - (total - seeds.length);
    const note = made > 0 ? { note: `${(made / seconds).toFixed(0)} portraits/s` } : {};
    onProgress?.({ phase: "draw portraits", done, total, ...note });
  };
  progress();
  const wanted = Math.min(threads ?? availableParallelism(), Math.ceil(seeds.length / BATCH));
  const workers = Array.from({ length: wanted }, () =>
    startThread<PortraitCalls>("./worker", import.meta.url, {
      calls: ["make"],
      title: "a thread of the portraits",
      data: start,
    }),
  );
  try {
    await makeInOrder(
      pieces(seeds),
      workers.map(({ calls }) => calls.make),
      async (count) => {
        done += count;
        progress();
      },
      () => signal?.aborted === true,
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  signal?.throwIfAborted();
}

function* pieces(seeds: readonly number[]): Generator<{ index: number; seeds: readonly number[] }, undefined> {
  for (let index = 0; index * BATCH < seeds.length; index++)
    yield { index, seeds: seeds.slice(index * BATCH, (index + 1) * BATCH) };
  return undefined;
}

/** The first portraits, each beside its mask. */
function previewSheet({ firstSeed, count, resolution }: PortraitSettings): Promise<Buffer> {
  const palette = paletteOf(portraitClasses);
  const tiles = Array.from({ length: Math.min(count, PREVIEW.portraits) }, (_, i) => {
    const { rgb, labels } = portraitOf(firstSeed + i, Math.min(resolution, 256));
    const mask = new Uint8Array(rgb.length);
    labels.data.forEach((id, p) => {
      mask.set(palette.subarray(id * 3, id * 3 + 3), p * 3);
    });
    return [rgb, mask];
  });
  return encodeSheet(tiles.flat(), Math.min(resolution, 256), PREVIEW.columns);
}
