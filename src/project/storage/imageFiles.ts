/** The pictures of a folder or a zip archive. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { readZip, type ZipRecord } from "../../checkpoint/zip.ts";
import { isPicture, PICTURE_ENDINGS } from "../../text/pictureNames.ts";
import { explain, ProjectError } from "./files.ts";

/** One picture, not read yet. */
export interface ImageFile {
  /** Path inside the folder or archive, with "/". A label only: nothing is written under it. */
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970; the archive's own for all that is in it. */
  readonly modified: number;
  read(): Promise<Uint8Array>;
}

export interface ImageFiles {
  /** In order of their names' UTF-16 code units, which no locale changes. */
  readonly files: readonly ImageFile[];
  /** Files without a picture's extension. */
  readonly others: number;
}

/** A record of more bytes that was packed more tightly than any photograph is a bomb. */
const MOST_FLAT_BYTES = 2 ** 24;
const MOST_PICTURE_RATIO = 100;
/** Node reads larger files only piece by piece. */
const MOST_ZIP_BYTES = 2 ** 31 - 1;

/**
 * Lists a folder (with all folders below it) or a zip archive. Throws ProjectError when there is no picture in it, or masks
 * beside the pictures: those would be learnt too.
 */
export async function listImages(path: string): Promise<ImageFiles> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new ProjectError(`${path}: there is no such folder or file. Give a folder of pictures, or a .zip of them.`);
  const all = found.isDirectory() ? await inFolder(path) : await inZip(path, found.size, found.mtimeMs);
  const files = all.filter(({ name }) => isPicture(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (files.length === 0)
    throw new ProjectError(
      `${path} holds no pictures (${all.length === 0 ? "it is empty" : `none of its ${all.length} files ends like one`}). ` +
        `Give a folder or .zip with ${[...PICTURE_ENDINGS].slice(0, 2).join(", ")}, .png, .webp, … files.`,
    );
  const inside = (folder: string): boolean => files.some(({ name }) => name.startsWith(`${folder}/`));
  if (inside("images") && inside("masks"))
    throw new ProjectError(
      `${path} holds masks beside its pictures, and they are pictures too. ${found.isDirectory() ? `Give its pictures only: ${join(path, "images")}` : "Unpack it and give its folder images"}.`,
    );
  return { files, others: all.length - files.length };
}

/** Files of a folder and of those below it. Links to files count, as sets are often made of them; to folders do not. */
async function inFolder(folder: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    throw explain(error, folder);
  });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const found = await stat(path).catch(() => undefined);
        if (found?.isFile() === false) return [];
        const name = relative(folder, path).split(sep).join("/");
        // A link that leads nowhere stays on the list, to be rejected with the reason.
        const { size = 0, mtimeMs = 0 } = found ?? {};
        return [{ name, bytes: size, modified: Math.round(mtimeMs), read: () => readFile(path) }];
      }),
  );
  return files.flat();
}

async function inZip(path: string, bytes: number, modified: number): Promise<ImageFile[]> {
  if (bytes > MOST_ZIP_BYTES)
    throw new ProjectError(`${path} has more than 2 GiB. Unpack it and give the folder instead.`);
  const content = await readFile(path);
  let records: ReadonlyMap<string, ZipRecord>;
  try {
    records = readZip(content);
  } catch (cause) {
    throw new ProjectError(
      `${path} is not a readable .zip (${(cause as Error).message}) Give a folder of pictures, or a .zip of them.`,
      { cause },
    );
  }
  return [...records.values()]
    .filter(({ name }) => !name.endsWith("/"))
    .map((record) => ({
      name: record.name,
      bytes: record.size,
      modified: Math.round(modified),
      async read() {
        if (record.size > MOST_FLAT_BYTES && record.size > record.packed * MOST_PICTURE_RATIO)
          throw new Error(`${record.packed} bytes of the archive unfold to ${record.size}: not a picture`);
        return record.read();
      },
    }));
}

/** Bytes of files that are held at a time. */
const MOST_BYTES_TOGETHER = 2 ** 28;

/** The files from `start` on to read side by side: at most `most`, and no more bytes than memory has room for; one at least. */
export function filesTogether(files: readonly ImageFile[], start: number, most: number): readonly ImageFile[] {
  let end = start;
  for (let bytes = 0; end < files.length && end - start < most; end++) {
    bytes += files[end].bytes;
    if (bytes > MOST_BYTES_TOGETHER && end > start) break;
  }
  return files.slice(start, end);
}
