/** The same file under another name: a hard link where the file system has them, else a copy. */
import { link, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, readPlainFile, writeAtomic } from "./files.ts";

/** A hard link. False on another file system, or one without links: a copy does as well, and shows what else may be wrong. */
export async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch {
    return false;
  }
}

/** A link or a copy, in place of what is there. Where that has `bytes` bytes, it is the same already, and left. */
export async function linkFile(from: string, to: string, bytes?: number): Promise<void> {
  const there = await stat(to).catch(() => undefined);
  if (there !== undefined && there.size === bytes) return;
  await makeFolder(dirname(to));
  if (there !== undefined) await rm(to, { force: true });
  if (await linked(from, to)) return;
  await writeAtomic(to, await readPlainFile(from), { flush: false });
}
