/** Photos to labels: framing, the segmenter, and views that are averaged. */
import { mirrorClasses } from "../../dataset/mirrorClasses.ts";
import { reasonOf } from "../train/pictures/prepareImage.ts";
import {
  type Frame,
  framed,
  framePhoto,
  type InputSize,
  type PhotoFit,
  photoSize,
  type Size,
  windowIn,
} from "./frame.ts";
import { type LabelledPicture, labelPicture, mirrored, type ScoreMaps, type Window } from "./scoreMaps.ts";
import type { Segmenter } from "./segmenter.ts";

export interface PhotoOptions {
  readonly fit: PhotoFit;
  /** Also looks at the photo turned left to right, and takes the mean. */
  readonly flip: boolean;
  /** Looks at the photo at each of these times its size, and takes the mean. Only 1 where the segmenter takes one size. */
  readonly scales: readonly number[];
  /** Pixels whose class is less probable get IGNORE_LABEL. */
  readonly ignoreBelow: number;
}

/** A photo's labels at its own size, or why there are none. */
export type SegmentedPhoto = (LabelledPicture & { readonly size: Size }) | { readonly rejected: string };

type Seen = { readonly maps: ScoreMaps; readonly window: Window }[];

/** Segments encoded photos of any sizes. Those that cannot be decoded are rejected with the reason; errors of the model reject. */
export async function segmentPhotos(
  segmenter: Segmenter,
  photos: readonly Uint8Array[],
  { fit, flip, scales, ignoreBelow }: PhotoOptions,
): Promise<SegmentedPhoto[]> {
  const sizes = await Promise.all(photos.map((photo) => photoSize(photo).catch(reasonOf)));
  const seen: Seen[] = photos.map(() => []);
  const broken = new Map<number, string>();
  for (const scale of scales) {
    const input = scaledInput(segmenter.input, scale);
    const framedPhotos = await Promise.all(
      photos.map(async (photo, i) => {
        const size = sizes[i];
        if (typeof size === "string") return undefined;
        const frame = framePhoto(size, input, fit);
        return framed(photo, frame).then(
          (rgb) => ({ i, rgb, frame }),
          (error) => void broken.set(i, reasonOf(error)),
        );
      }),
    );
    for (const group of batches(
      framedPhotos.flatMap((p) => p ?? []),
      segmenter.batch,
    )) {
      const pictures = group.map(({ rgb }) => rgb);
      const [{ frame: size }] = group;
      const add = (maps: readonly ScoreMaps[]): void => {
        for (const [j, { i, frame }] of group.entries())
          seen[i].push({ maps: maps[j], window: windowIn(frame, maps[j]) });
      };
      add(await segmenter.scores(pictures, size));
      if (!flip) continue;
      const turned = await segmenter.scores(
        pictures.map((rgb) => mirroredPicture(rgb, size)),
        size,
      );
      // What is left of the photo in its frame may be wider than what is right: the maps are turned back as a whole.
      add(turned.map((maps) => mirrored(maps, swapOf(segmenter, maps.classes))));
    }
  }
  return photos.map((_, i) => {
    const size = sizes[i];
    const rejected = typeof size === "string" ? size : broken.get(i);
    if (rejected !== undefined || typeof size === "string") return { rejected: rejected ?? "" };
    return { size, ...labelPicture(seen[i], size, ignoreBelow) };
  });
}

function scaledInput(input: InputSize, scale: number): InputSize {
  if (scale === 1) return input;
  if (!("longest" in input))
    throw new RangeError(
      `the segmenter takes pictures of ${input.width}x${input.height} pixels only: --scales must be 1`,
    );
  return { ...input, longest: Math.max(input.step, Math.round(input.longest * scale)) };
}

interface FramedPhoto {
  readonly i: number;
  readonly rgb: Uint8Array;
  readonly frame: Frame;
}

/** Photos whose frames have one size, together, at most `most` at a time. */
function batches(photos: readonly FramedPhoto[], most: number): FramedPhoto[][] {
  const groups = new Map<string, FramedPhoto[][]>();
  for (const photo of photos) {
    const key = `${photo.frame.width}x${photo.frame.height}`;
    const lists = groups.get(key) ?? [];
    groups.set(key, lists);
    const last = lists.at(-1);
    if (last === undefined || last.length === most) lists.push([photo]);
    else last.push(photo);
  }
  return [...groups.values()].flat();
}

/** RGB [H,W,3] turned left to right. */
export function mirroredPicture(rgb: Uint8Array, { width, height }: Size): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) out[(y * width + x) * 3 + c] = rgb[(y * width + width - 1 - x) * 3 + c];
  return out;
}

/** Classes by name, or each its own where they have none. */
const swapOf = ({ classes }: Segmenter, count: number): ArrayLike<number> =>
  classes?.length === count
    ? mirrorClasses(classes.map(({ name }) => name))
    : Uint8Array.from({ length: count }, (_, c) => c);
