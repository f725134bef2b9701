/** The photos of a run, and what each becomes. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { ProjectError } from "../storage/files.ts";
import { type ImageFile, listImages } from "../storage/imageFiles.ts";

/** The photos of a folder, a zip archive, or one file. Throws ProjectError where there are none. */
export async function listPhotos(path: string): Promise<readonly ImageFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true && !isArchive(path))
    return [
      {
        name: basename(path),
        bytes: found.size,
        modified: Math.round(found.mtimeMs),
        read: () => readFile(path),
      },
    ];
  return (await listImages(path)).files;
}

/** Whether a path is that of an archive of photos. */
export const isArchive = (path: string): boolean => extname(path).toLowerCase() === ".zip";

/** What tells one list of photos from another: their paths and sizes. */
export const photosSha256 = (files: readonly ImageFile[]): string =>
  createHash("sha256")
    .update(JSON.stringify(files.map(({ name, bytes }) => [name, bytes])))
    .digest("hex");

export interface PlannedPhoto {
  readonly file: ImageFile;
  /** Stem of what is written: letters, digits, "-" and "_"; no two are alike, whatever the case. */
  readonly name: string;
}

/** Stems from the photos' paths, "holiday/IMG 1.jpg" -> holiday_IMG_1; the second of equal ones ends in -2. */
export function planPhotos(files: readonly ImageFile[]): PlannedPhoto[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const stem =
      file.name.slice(0, file.name.length - extname(file.name).length).replaceAll(/[^\w-]+/g, "_") || "photo";
    let name = stem;
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${stem}-${i}`;
    taken.add(name.toLowerCase());
    return { file, name };
  });
}

export const pictureExtensions = ["jpg", "png", "webp"] as const;
export type PictureExtension = (typeof pictureExtensions)[number];
/** Where the picture of a photo lies in the folder that is written. */
export const picturePath = (name: string, extension: PictureExtension): string => `images/${name}.${extension}`;
/** Formats that stay as they are; all pictures of a data set are of one. */
const KEPT: Readonly<Record<string, PictureExtension>> = {
  ".jpg": "jpg",
  ".jpeg": "jpg",
  ".png": "png",
  ".webp": "webp",
};

/** Format of the written pictures: the photos' own where they share one that every tool reads, else PNG, which loses nothing. */
export function pictureExtension(files: readonly ImageFile[]): PictureExtension {
  const kinds = new Set(files.map(({ name }) => KEPT[extname(name).toLowerCase()]));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? kind : "png";
}

/** Throws ProjectError where the photos lie in the folder that is written: a second run would take the first one's results. */
export function checkApart(images: string, outdir: string): void {
  if (`${outdir}/`.startsWith(`${images}/`) || `${images}/`.startsWith(`${outdir}/`))
    throw new ProjectError(
      `${outdir} and ${images} overlap: one contains the other. Choose an --outdir apart from the photos.`,
    );
}
