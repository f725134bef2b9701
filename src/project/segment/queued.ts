/** Workers of a queue as makers of batches of photos. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isShipped } from "../network/shipped.ts";
import { type Asked, type Makers, queuedMakers } from "../queue/makers.ts";
import { openRoot } from "../queue/root.ts";
import type { Batch, MadePhoto } from "./batch.ts";
import { checkBatch } from "./checkBatch.ts";
import { type PlannedPhoto, photosSha256 } from "./photos.ts";
import { type SegmentSettings, settingsSha256 } from "./record.ts";
import type { Segmenter } from "./segmenter.ts";
import { type PhotosPiece, type PhotosSetup, segmentBatches } from "./task.ts";

/** A run, on this machine. */
export interface QueuedPhotos {
  readonly outdir: string;
  readonly settings: SegmentSettings;
  readonly segmenter: Segmenter;
  /** The segmenter's file or name, and where the photos are. */
  readonly model: string;
  readonly images: string;
  readonly photos: readonly PlannedPhoto[];
}

/** Rejects with ProjectError where the server does not answer, or where something is not in the root, which workers could not reach. */
export async function queuedBatches(
  { queue, root }: { readonly queue: string; readonly root: string },
  { outdir, settings, segmenter, model, images, photos }: QueuedPhotos,
  signal: AbortSignal | undefined,
): Promise<Makers<Batch, MadePhoto[]>> {
  const shared = await openRoot(root);
  const setup: PhotosSetup = {
    outdir: await shared.of(outdir),
    settingsSha256: await settingsSha256(outdir),
    images: await shared.of(resolve(images)),
    photosSha256: photosSha256(photos.map(({ file }) => file)),
    model: isShipped("segmenter", model) ? { shipped: model } : { path: await shared.of(resolve(model)) },
  };
  // Folders may hold links to photos that lie elsewhere.
  if ((await stat(images)).isDirectory()) for (const { file } of photos) await shared.of(join(images, file.name));
  const ask = (batch: Batch): Asked<PhotosPiece, MadePhoto[]> => ({
    id: batchId(batch),
    piece: batch.photos.map(({ file: { name: photo, bytes }, name }) => ({ photo, bytes, name })),
    check: (made) => checkBatch(outdir, settings, segmenter, batch, made),
  });
  return queuedMakers(queue, segmentBatches, setup, ask, signal);
}

/** By its photos: which those of a number are depends on what was left to do. */
const batchId = ({ photos }: Batch): string => photosSha256(photos.map(({ file }) => file)).slice(0, 20);
