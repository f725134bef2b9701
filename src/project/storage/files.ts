import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Thrown when a project folder cannot be used or written; says what is wrong with it and what to do. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
}

const TEMPORARY = /^\..*\.[0-9a-f]{8}\.tmp$/;

/**
 * Writes a file so that its name never holds half of it: to a temporary name beside it, flushed to the disk, then
 * renamed. Throws ProjectError when the disk is full or the folder is read-only. Without `flush` a power cut, but no
 * killed process, can still leave it empty: for the many small files of which each can be made again.
 */
export async function writeAtomic(
  path: string,
  content: Uint8Array | string,
  { flush = true }: { readonly flush?: boolean } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      if (flush) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // Whatever cleaning up may add, the first error is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explain(error, path);
  }
}

/** Removes what a killed process left of `writeAtomic` in a folder. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
}

/** Names in a folder; none when it does not exist. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (code(error) === "ENOENT") return [];
    throw explain(error, folder);
  }
}

/**
 * The bytes of a file that a list of somebody else's names. Throws ProjectError for anything but a plain file: a symbolic link could
 * make a private file part of what is handed on, and a pipe would never end.
 */
export async function readPlainFile(path: string): Promise<Uint8Array> {
  if (!(await lstat(path)).isFile())
    throw new ProjectError(`${path} is not a plain file, but a link, a folder or a device. Put the file itself there.`);
  return readFile(path);
}

/** The file's bytes, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (code(error) === "ENOENT") return undefined;
    throw explain(error, path);
  }
}

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Make room and run the same command again: it continues where it stopped",
  EDQUOT: "your disk quota is used up. Make room and run the same command again: it continues where it stopped",
  EACCES: "permission denied. Choose another folder with --outdir",
  EPERM: "permission denied. Choose another folder with --outdir",
  EROFS: "the file system is read-only. Choose another folder with --outdir",
  ENOTDIR: "a part of this path is a file, not a folder. Choose another folder with --outdir",
  EEXIST: "a file of this name is in the way. Choose another folder with --outdir",
  EISDIR: "this is a folder, a file was expected",
  ENOTEMPTY: "something was put into this folder meanwhile. Choose another one with --outdir",
  ENAMETOOLONG: "the name is longer than this file system takes. Choose a shorter one",
};

/** The error with what it means for the user: a ProjectError where the reason is known. */
export function explain(error: unknown, path: string): Error {
  const reason = REASONS[code(error) ?? ""];
  return reason === undefined ? (error as Error) : new ProjectError(`${path}: ${reason}.`, { cause: error });
}
