/** Whether what a worker says of a batch can be, and lies in the folder as it says. */
import { join } from "node:path";
import sharp from "sharp";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { decodePng } from "../../dataset/png.ts";
import { hashOf } from "../dataset/sample.ts";
import { ProjectError, readPlainFile } from "../storage/files.ts";
import { type Batch, type MadePhoto, staysAsItIs } from "./batch.ts";
import { framed, framePhoto, photoSize, type Size } from "./frame.ts";
import { type PlannedPhoto, picturePath } from "./photos.ts";
import { maskPath, pixelCounts, type SegmentSettings } from "./record.ts";
import type { Segmenter } from "./segmenter.ts";

/** Rejects with ProjectError that says what cannot be. */
export async function checkBatch(
  outdir: string,
  settings: SegmentSettings,
  segmenter: Segmenter,
  { photos }: Batch,
  made: readonly MadePhoto[],
): Promise<void> {
  if (made.length !== photos.length) throw new ProjectError(`${made.length} photos, expected ${photos.length}`);
  for (const [i, photo] of photos.entries()) await checkPhoto(outdir, settings, segmenter, photo, made[i]);
}

async function checkPhoto(
  outdir: string,
  { extension, fit }: SegmentSettings,
  { classes, input }: Segmenter,
  { file, name }: PlannedPhoto,
  made: MadePhoto,
): Promise<void> {
  const wrong = (what: string): ProjectError => new ProjectError(`${file.name}: ${what}`);
  const photo = await file.read();
  const size = await photoSize(photo).catch(() => undefined);
  if ("rejected" in made) {
    // Few photos are: they can be tried again.
    const isReadable =
      size !== undefined &&
      (await framed(photo, framePhoto(size, input, fit)).then(
        () => true,
        () => false,
      ));
    if (isReadable) throw wrong(`it can be read, and was rejected (${made.rejected})`);
    return;
  }
  const { width, height, pixels } = made;
  if (size === undefined) throw wrong("it cannot be read, and has a mask");
  if (width !== size.width || height !== size.height)
    throw wrong(`a size of ${sizeText(made)}, expected ${sizeText(size)}`);
  if (pixels.some(([id]) => id !== IGNORE_LABEL && id >= (classes?.length ?? IGNORE_LABEL)))
    throw wrong("a class that there is not");
  const contentOf = async (path: string, said: MadeFile): Promise<Uint8Array> => {
    const content = await readPlainFile(join(outdir, path)).catch(() => undefined);
    if (content === undefined) throw wrong(`${path} is not in the shared folder`);
    const found = hashOf(content);
    if (found.bytes !== said.bytes || found.sha256 !== said.sha256)
      throw wrong(`${path} has another content than it says`);
    return content;
  };
  const mask = decodePng(await contentOf(maskPath(name), made.mask));
  if (mask.width !== size.width || mask.height !== size.height)
    throw wrong(`a mask of ${sizeText(mask)}, expected ${sizeText(size)}`);
  if (!(mask.data instanceof Uint8Array) || JSON.stringify(pixelCounts(mask.data)) !== JSON.stringify(pixels))
    throw wrong("a mask with other classes than it says");
  const picture = await contentOf(picturePath(name, extension), made.picture);
  if (await staysAsItIs(photo, extension)) {
    if (Buffer.compare(picture, photo) !== 0) throw wrong("a picture that is not the photo");
    return;
  }
  const encoded = await sharp(picture).metadata();
  if (encoded.width !== size.width || encoded.height !== size.height)
    throw wrong(`a picture of ${sizeText(encoded)}, expected ${sizeText(size)}`);
}

type MadeFile = Extract<MadePhoto, { readonly mask: unknown }>["mask"];

const sizeText = ({ width, height }: Size): string => `${width}x${height} pixels`;
