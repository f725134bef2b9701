import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Worker } from "node:worker_threads";
import { paletteOf } from "../../dataset/labelMap.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { PORTRAIT_VERSION, portraitOf } from "../../portraits/render.ts";
import { endWorker, startWorker } from "../../runtime/node/threads.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { encodeSheet } from "../sampling/images.ts";
import { writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { missingPortraits, openPortraitFolder, type PortraitSettings, writePortraitLists } from "./folder.ts";
import { portraitsRequest } from "./options.ts";
import type { PortraitAnswer, PortraitWorkerStart } from "./worker.ts";

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
  let next = 0;
  const started = performance.now();
  const progress = (): void => {
    const seconds = (performance.now() - started) / 1000;
    const made = done - (total - seeds.length);
    const note = made > 0 ? { note: `${(made / seconds).toFixed(0)} portraits/s` } : {};
    onProgress?.({ phase: "portraits", done, total, ...note });
  };
  progress();
  const drive = (worker: Worker): Promise<void> =>
    new Promise((finish, fail) => {
      const send = (): void => {
        if (signal?.aborted || next >= seeds.length) {
          finish();
          return;
        }
        worker.postMessage(seeds.slice(next, next + BATCH));
        next += BATCH;
      };
      worker.on("message", (answer: PortraitAnswer) => {
        if (answer.kind === "failed") {
          next = seeds.length;
          fail(Object.assign(new Error(answer.message), { name: answer.name, stack: answer.stack }));
          return;
        }
        done += answer.count;
        progress();
        send();
      });
      worker.on("error", fail);
      worker.on("exit", (code) => fail(new Error(`a thread of the portraits ended unexpectedly (exit code ${code})`)));
      send();
    });
  const wanted = Math.min(threads ?? availableParallelism(), Math.ceil(seeds.length / BATCH));
  const workers = Array.from({ length: wanted }, () => startWorker("./worker", import.meta.url, { workerData: start }));
  try {
    // All are waited for, so that none still writes after a failure of another.
    const ends = await Promise.allSettled(workers.map(drive));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  } finally {
    await Promise.all(workers.map(endWorker));
  }
  signal?.throwIfAborted();
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
