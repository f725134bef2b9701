/** Batches of photos as tasks of a queue: what a worker is told, and what it gets ready. */
import { z } from "zod";
import { isShipped } from "../network/shipped.ts";
import { openPieceThreads, type PieceThreadStart } from "../queue/pieceThreads.ts";
import { rootPath } from "../queue/root.ts";
import type { TaskKind } from "../queue/task.ts";
import type { MadePhoto } from "./batch.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

/** What all batches of a run share. Paths are below the root. */
export const photosSetup = z.strictObject({
  outdir: rootPath,
  /** Of its segment.json: how photos are looked at. */
  settingsSha256: sha256,
  /** A folder, a .zip, or one photo. */
  images: rootPath,
  /** Of the list of photos: an archive that has changed is another. */
  photosSha256: sha256,
  /** The segmenter: a file or a run's folder, or the name of one that comes with klish. */
  model: z.union([
    z.strictObject({ path: rootPath }),
    z.strictObject({ shipped: z.string().refine((name) => isShipped("segmenter", name)) }),
  ]),
});
export type PhotosSetup = z.infer<typeof photosSetup>;

/** The photos of a batch, at most as many as any segmenter takes. */
export const photosPiece = z
  .array(
    z.strictObject({
      /** Its path in the folder or archive, its size, and the stem of what is written. */
      photo: z.string().min(1).max(4096),
      bytes: count,
      name: z.string().regex(/^[\w-]{1,250}$/),
    }),
  )
  .min(1)
  .max(4096);
export type PhotosPiece = z.infer<typeof photosPiece>;

const written = z.strictObject({ bytes: count, sha256 });
const madePhotos = z
  .array(
    z.union([
      z.strictObject({ rejected: z.string().max(4000) }),
      z.strictObject({
        width: z.int().min(1),
        height: z.int().min(1),
        confidence: z.number().min(0).max(1),
        pixels: z.array(z.tuple([z.int().min(0).max(255), z.int().min(1)])).max(256),
        mask: written,
        picture: written,
      }),
    ]),
  )
  .max(4096);

/** Batches of photos, by a thread with a segmenter that uses all that the worker may. */
export const segmentBatches: TaskKind<PhotosSetup, PhotosPiece, MadePhoto[]> = {
  name: "segment-photos",
  setup: photosSetup,
  piece: photosPiece,
  answer: madePhotos,
  open: (setup, { root, threads }) =>
    openPieceThreads("./taskThread", import.meta.url, {
      lanes: 1,
      title: "a thread of the segmenter",
      data: { setup, root: root.folder, threads } satisfies PieceThreadStart<PhotosSetup>,
    }),
};
