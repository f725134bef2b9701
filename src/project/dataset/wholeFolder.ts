/** Folders that appear under their name when they are complete. */
import { mkdir, realpath, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { explain, listFolder, ProjectError } from "../storage/files.ts";
import { lockFolder } from "../storage/lock.ts";

/** Tells an unfinished export from a folder that happens to have its name. */
const MARKER = ".klish-export";

/** The real path of a folder that is to be written. Throws ProjectError where it holds something. */
export async function emptyFolder(outdir: string, option: string): Promise<string> {
  const folder = await realpath(outdir).catch(() => resolve(outdir));
  if ((await listFolder(folder)).length > 0)
    throw new ProjectError(`${folder} is not empty. Choose an empty or new ${option}.`);
  return folder;
}

/**
 * Lets `write` fill a folder beside the one that is wanted, and gives it that name in the end; nothing is left where it fails, and an interrupted
 * one starts again. Throws ProjectError where another folder is in the way.
 */
export async function writeWhole(folder: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${folder}.partial`;
  await giveWay(folder);
  await claimPartial(partial);
  try {
    const release = await lockFolder(partial);
    await write(partial);
    await release();
    await giveWay(folder);
    await rename(partial, folder);
    await rm(join(folder, MARKER));
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw explain(error, partial);
  }
}

/** Removes an empty folder; what was put there meanwhile stays. Throws ProjectError where it cannot be removed. */
async function giveWay(folder: string): Promise<void> {
  await rmdir(folder).catch((error) => {
    if (error.code === "ENOENT") return;
    if (error.code === "EBUSY")
      throw new ProjectError(
        `${folder} is a mount point, so the finished folder cannot take its place. Choose a new folder in it, such as ${join(folder, "data")}.`,
      );
    throw explain(error, folder);
  });
}

/** Makes the folder of an export, in place of one that an interrupted export left. Throws ProjectError where another has its name. */
async function claimPartial(partial: string): Promise<void> {
  try {
    const left = await listFolder(partial);
    if (left.length > 0 && !left.includes(MARKER))
      throw new ProjectError(
        `${partial} is in the way, and is not an unfinished export of klish. Move it, or choose another --outdir.`,
      );
    if (left.includes(MARKER)) {
      // Of an export that still runs, the lock is taken.
      await (await lockFolder(partial))();
      await rm(partial, { recursive: true });
    }
    await mkdir(partial, { recursive: true });
    await writeFile(join(partial, MARKER), "");
  } catch (error) {
    throw explain(error, partial);
  }
}
