/** Photos that are looked at together: to masks and pictures in a folder. */
import { join } from "node:path";
import sharp from "sharp";
import { paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { hashOf } from "../dataset/sample.ts";
import { writeAtomic } from "../storage/files.ts";
import { type PictureExtension, type PlannedPhoto, picturePath } from "./photos.ts";
import { maskPath, type PhotoEntry, pixelCounts, type SegmentSettings } from "./record.ts";
import { classesOf, type Segmenter } from "./segmenter.ts";
import { segmentPhotos } from "./segmentPhotos.ts";

/** A batch of a run. */
export interface Batch {
  readonly index: number;
  readonly photos: readonly PlannedPhoto[];
}

/** What is said of a photo's file. */
type Written = ReturnType<typeof hashOf>;

/** What became of a photo: why it was rejected, or what was found; its files are written. */
export type MadePhoto =
  | { readonly rejected: string }
  | {
      readonly width: number;
      readonly height: number;
      readonly confidence: number;
      readonly pixels: [number, number][];
      readonly mask: Written;
      readonly picture: Written;
    };

export type BatchMaker = (batch: Batch) => Promise<MadePhoto[]>;

/** Segments batches with an open segmenter, into a folder. */
export function batchMaker(
  outdir: string,
  { extension, ...options }: Pick<SegmentSettings, "extension" | "fit" | "flip" | "scales" | "ignoreBelow">,
  segmenter: Segmenter,
): BatchMaker {
  return async ({ photos }) => {
    const contents = await Promise.all(photos.map(({ file }) => file.read()));
    const segmented = await segmentPhotos(segmenter, contents, options);
    const made: MadePhoto[] = [];
    for (const [i, { name }] of photos.entries()) {
      const found = segmented[i];
      if ("rejected" in found) {
        made.push({ rejected: found.rejected });
        continue;
      }
      const { labels, size, confidence } = found;
      const pixels = pixelCounts(labels.data);
      const most = Math.max(...pixels.map(([id]) => id).filter((id) => id < 255), 0);
      const mask = encodePng({ ...labels, palette: paletteOf(classesOf(segmenter, most + 1)) });
      const picture = await pictureOf(contents[i], extension);
      await writeAtomic(join(outdir, maskPath(name)), mask, { flush: false });
      await writeAtomic(join(outdir, picturePath(name, extension)), picture, { flush: false });
      made.push({
        ...size,
        confidence: Number(confidence.toFixed(4)),
        pixels,
        mask: hashOf(mask),
        picture: hashOf(picture),
      });
    }
    return made;
  };
}

/** The line of a photo. */
export function entryOf({ file, name }: PlannedPhoto, made: MadePhoto): PhotoEntry {
  const seen = { photo: file.name, bytes: file.bytes, modified: file.modified, name };
  if ("rejected" in made) return { ...seen, rejected: made.rejected };
  const { width, height, confidence, pixels } = made;
  return { ...seen, width, height, confidence, pixels };
}

/** The photo upright: as it is where it is already, and of the format; else encoded again. */
async function pictureOf(photo: Uint8Array, extension: PictureExtension): Promise<Uint8Array> {
  if (await staysAsItIs(photo, extension)) return photo;
  const upright = sharp(photo, { failOn: "error" }).autoOrient().flatten({ background: "#ffffff" });
  const picture = upright.toColourspace("srgb");
  if (extension === "jpg") return picture.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
  return extension === "webp" ? picture.webp({ lossless: true }).toBuffer() : picture.png().toBuffer();
}

/** Whether a photo is upright and of the format already. */
export async function staysAsItIs(photo: Uint8Array, extension: PictureExtension): Promise<boolean> {
  const { format, orientation = 1 } = await sharp(photo, { failOn: "error" }).metadata();
  return orientation === 1 && format === (extension === "jpg" ? "jpeg" : extension);
}
