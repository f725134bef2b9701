import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { visibleLines } from "../../text/escape.ts";
import { isRunning, thisProcess } from "./processes.ts";

/** Thrown when a project folder cannot be used or written; says what is wrong with it and what to do. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";

  /** Paths and names in the message may be anybody's: nothing in it is for a terminal to obey. Its lines stay. */
  constructor(message: string, options?: ErrorOptions) {
    super(visibleLines(message), options);
  }
}

const TEMPORARY = /^\.klish-(\d+)-(\w*)-(?:([0-9a-f]{8})-)?[0-9a-f]{16}\.tmp$/;

/** This machine, in the names of unfinished files. */
const HOST = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** Nothing writes to one file for so long: what another machine left is then removed too. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** A new name for a file that is not finished; it says whose. It is short, so that it fits wherever the file's own does. */
export function temporaryName(): string {
  const { pid, start } = thisProcess();
  return `.klish-${pid}-${start}-${HOST}-${randomBytes(8).toString("hex")}.tmp`;
}

export const isTemporary = (name: string): boolean => TEMPORARY.test(name);

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
  const temporary = join(folder, temporaryName());
  try {
    await makeFolder(folder);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      if (flush) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (flush) await syncFolder(folder);
  } catch (error) {
    // Whatever cleaning up may add, the first error is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explain(error, path);
  }
}

/**
 * Waits for every one of these writes, and only then rejects with the first failure in their order: a thread that reports it may be
 * ended, and a write that is cut short leaves its temporary file.
 */
export async function allWritten(writes: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(writes)) if (result.status === "rejected") throw result.reason;
}

/** Makes a folder, and those above it, where they are not there. Throws ProjectError where it cannot be. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true }).catch(async (error) => {
      // On a read-only disk Node says that the folder above is missing: the least step tells the reason.
      if (code(error) !== "ENOENT") throw error;
      let at = resolve(folder);
      while (!existsSync(dirname(at)) && dirname(at) !== at) at = dirname(at);
      await mkdir(at);
      throw error;
    });
  } catch (error) {
    throw explain(error, folder);
  }
}

/**
 * Removes what killed processes left of `writeAtomic` in a folder; what a running one is writing stays. Whether one of another machine runs cannot be asked:
 * its files stay for a day.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    const [, pid, start, host = HOST] = TEMPORARY.exec(name) ?? [];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const isWritten = host === HOST ? isRunning({ pid: Number(pid), start }) : await isRecent(path);
    if (!isWritten) await rm(path, { force: true });
  }
}

const isRecent = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < ABANDONED_MS,
    () => false,
  );

/** Makes the names in a folder outlast a power cut: what was renamed there last. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and some file systems sync none: there it is theirs to keep them.
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
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

/** The bytes of a file that the user named. Throws ProjectError where it is not there or cannot be read. */
export async function readGiven(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) throw new ProjectError(`${path}: there is no such file.`);
  return bytes;
}

/** Why a folder that the user named is not what it should be: it is not there, or it is something else (`otherwise`). */
export async function notThere(folder: string, otherwise: string, remedy: string): Promise<ProjectError> {
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  return new ProjectError(`${there ? otherwise : `${folder}: there is no such folder`}. ${remedy}`);
}

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Make room and run the same command again: it continues where it stopped",
  EDQUOT: "your disk quota is used up. Make room and run the same command again: it continues where it stopped",
  EACCES: "permission denied. Choose a folder in which you may write",
  EPERM: "permission denied. Choose a folder in which you may write",
  EROFS: "the file system is read-only. Choose a folder in which you may write",
  ENOTDIR: "a part of this path is a file, not a folder. Choose another folder with --outdir",
  EEXIST: "a file of this name is in the way. Choose another folder with --outdir",
  ENOENT: "the folder was moved or deleted meanwhile. Run the same command again",
  EBUSY: "another program is using this file. End it and run the same command again",
  EIO: "the disk cannot be read or written. See whether it is still there, and whether it fails",
  EMFILE: "too many files are open at once. Raise the limit (ulimit -n 1024) or use fewer --threads",
  ENFILE: "too many files are open on this machine. End other programs and run the same command again",
  EISDIR: "this is a folder, a file was expected",
  ENOTEMPTY: "something was put into this folder meanwhile. Choose another one with --outdir",
  ENAMETOOLONG: "the name is longer than this file system takes. Choose a shorter one",
};

/** The error with what it means for the user: a ProjectError where the reason is known. */
export function explain(error: unknown, path: string): Error {
  const reason = REASONS[code(error) ?? ""];
  return reason === undefined ? (error as Error) : new ProjectError(`${path}: ${reason}.`, { cause: error });
}

/** Whether there is a folder of that name. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
