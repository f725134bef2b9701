/** The pictures that a generator is compared with. */
import { stat } from "node:fs/promises";
import { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { ProjectError } from "../storage/files.ts";
import { filesTogether, listImages } from "../storage/imageFiles.ts";
import { type Fit, parseCrop } from "../train/pictures/framing.ts";
import { CHANNELS, loadPrepared, openImageStore, toPlanes } from "../train/pictures/imageStore.ts";
import { prepareImage, type Resampling } from "../train/pictures/prepareImage.ts";

export interface PicturesRequest {
  /** A folder or .zip of pictures, or the folder of a training run: its prepared pictures. */
  readonly data: string;
  readonly crop: string;
  readonly fit: Fit;
  readonly resize: Resampling;
}

/** Real pictures to compare with. */
export interface Pictures {
  readonly count: number;
  /** At most `n` pictures [m,3,R,R] in [-1,1], chosen at random but always the same. */
  batches(n: number): AsyncIterable<Tensor>;
  /** Pictures that could not be read so far. */
  rejected(): number;
  close(): Promise<void>;
}

/** Pictures that are decoded side by side. */
const TOGETHER = 32;

/**
 * Opens the pictures of a training run, as it prepared them, or of a folder or .zip, prepared in the same way. Throws
 * ProjectError where there are none, or of another size.
 */
export async function openPictures(
  { data, crop, fit, resize }: PicturesRequest,
  resolution: number,
): Promise<Pictures> {
  const isFolder = await stat(data).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const prepared = isFolder ? await loadPrepared(data) : undefined;
  if (prepared !== undefined) {
    if (prepared.resolution !== resolution)
      throw new ProjectError(
        `${data} holds pictures of ${prepared.resolution} pixels a side, the generator makes ${resolution}. Give the folder or .zip of the originals.`,
      );
    const store = await openImageStore(data, prepared);
    return {
      count: store.count,
      async *batches(n) {
        const order = new RandomState(0).permutation(store.count).subarray(0, n);
        for (let at = 0; at < n; at += TOGETHER)
          yield await store.read(
            Array.from(order.subarray(at, at + TOGETHER), (index) => ({ index, mirrored: false })),
          );
      },
      rejected: () => 0,
      close: () => store.close(),
    };
  }
  const preparation = { crop: parseCrop(crop), fit, resize, resolution };
  const { files } = await listImages(data);
  let rejected = 0;
  return {
    count: files.length,
    async *batches(n) {
      const order = Array.from(new RandomState(0).permutation(files.length), (i) => files[i]);
      let found = 0;
      for (let at = 0; at < order.length && found < n; ) {
        const next = filesTogether(order, at, Math.min(TOGETHER, n - found));
        at += next.length;
        const tried = await Promise.all(
          next.map(async (file) => {
            // Broken pictures are counted; `klish train gan` lists them with the reason.
            try {
              return await prepareImage(await file.read(), preparation);
            } catch {
              return undefined;
            }
          }),
        );
        const pixels = tried.flatMap((picture) => (picture === undefined ? [] : [picture.pixels]));
        rejected += tried.length - pixels.length;
        found += pixels.length;
        if (pixels.length > 0) yield planesOf(pixels, resolution);
      }
    },
    rejected: () => rejected,
    close: async () => undefined,
  };
}

/** RGB [R,R,3] each to [n,3,R,R] in [-1,1]. */
export function planesOf(pictures: readonly Uint8Array[], side: number): Tensor {
  const size = CHANNELS * side * side;
  const out = tensor([pictures.length, CHANNELS, side, side]);
  pictures.forEach((rgb, i) => {
    toPlanes(rgb, out.data.subarray(i * size, (i + 1) * size), side);
  });
  return out;
}
