/** The pictures that a generator is compared with. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { RandomState } from "../../../tensor/random.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { ProjectError } from "../../storage/files.ts";
import { filesTogether, listImages } from "../../storage/imageFiles.ts";
import { type Fit, parseCrop } from "../../train/pictures/framing.ts";
import { CHANNELS, loadPrepared, openImageStore, toPlanes } from "../../train/pictures/imageStore.ts";
import { prepareImage, type Resampling } from "../../train/pictures/prepareImage.ts";

export interface PicturesRequest {
  /** A folder or .zip of pictures, or the folder of a training run: its prepared pictures. */
  readonly data: string;
  readonly crop: string;
  readonly fit: Fit;
  readonly resize: Resampling;
}

/** Real pictures to compare with, in an order that is random but always the same. */
export interface Pictures {
  readonly count: number;
  /** What tells one set from another: the names and sizes of its files, or the content of what a training run prepared. */
  readonly sha256: string;
  /** The files of those from `first` to `end` (exclusive), by their paths in a folder; none where they are not files of one. */
  files(first: number, end: number): string[];
  /** Those that can be read, some at a time: [m,3,R,R] in [-1,1], and their numbers. */
  read(first: number, end: number): AsyncIterable<{ readonly images: Tensor; readonly places: readonly number[] }>;
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
    const order = new RandomState(0).permutation(store.count);
    return {
      count: store.count,
      sha256: prepared.sha256,
      files: () => [],
      async *read(first, end) {
        for (let at = first; at < end; at += TOGETHER) {
          const places = range(at, Math.min(at + TOGETHER, end));
          const images = await store.read(places.map((place) => ({ index: order[place], mirrored: false })));
          yield { images, places };
        }
      },
      close: () => store.close(),
    };
  }
  const preparation = { crop: parseCrop(crop), fit, resize, resolution };
  const { files } = await listImages(data);
  const order = Array.from(new RandomState(0).permutation(files.length), (i) => files[i]);
  const names = files.map(({ name, bytes }) => [name, bytes]);
  return {
    count: files.length,
    sha256: createHash("sha256").update(JSON.stringify(names)).digest("hex"),
    files: (first, end) => (isFolder ? order.slice(first, end).map(({ name }) => name) : []),
    async *read(first, end) {
      for (let at = first; at < end; ) {
        const next = filesTogether(order, at, Math.min(TOGETHER, end - at));
        const tried = await Promise.all(
          next.map(async (file, i) => {
            // Broken pictures are counted; `klish train gan` lists them with the reason.
            try {
              return [{ place: at + i, pixels: (await prepareImage(await file.read(), preparation)).pixels }];
            } catch {
              return [];
            }
          }),
        );
        at += next.length;
        const found = tried.flat();
        const images = planesOf(
          found.map(({ pixels }) => pixels),
          resolution,
        );
        if (found.length > 0) yield { images, places: found.map(({ place }) => place) };
      }
    },
    close: async () => undefined,
  };
}

const range = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, i) => first + i);

/** RGB [R,R,3] each to [n,3,R,R] in [-1,1]. */
export function planesOf(pictures: readonly Uint8Array[], side: number): Tensor {
  const size = CHANNELS * side * side;
  const out = tensor([pictures.length, CHANNELS, side, side]);
  pictures.forEach((rgb, i) => {
    toPlanes(rgb, out.data.subarray(i * size, (i + 1) * size), side);
  });
  return out;
}
