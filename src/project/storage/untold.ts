/**
 * Edits that were saved and not yet told of. A command that is killed in between is repeated by its user, who cannot know: it must not
 * be done twice. Used in a folder whose lock is taken.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { readIfThere, writeAtomic } from "./files.ts";

/** What is said of an edit that `savedBefore`. */
export const SAVED_BEFORE =
  "this edit was saved already, by a run that was interrupted before it said so: it is not made again";

/** What was asked for, and the content that the file has since. */
const note = z.strictObject({ request: z.string(), sha256: z.string() });

/** Beside the file, until its edit is told of. */
const notePath = (path: string): string => join(dirname(path), `.${basename(path)}.untold`);

const hashOf = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** Whether the file is as this very request left it, without that being told. */
export async function savedBefore(path: string, request: unknown): Promise<boolean> {
  const [written, content] = await Promise.all([readIfThere(notePath(path)), readIfThere(path)]);
  if (written === undefined || content === undefined) return false;
  const found = note.safeParse(parsed(written));
  return found.success && found.data.request === JSON.stringify(request) && found.data.sha256 === hashOf(content);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Writes the file that a request leads to. */
export async function saveUntold(path: string, content: string, request: unknown): Promise<void> {
  // Killed between the two, the file is not what the note says, so that the edit will be made.
  await writeAtomic(notePath(path), JSON.stringify({ request: JSON.stringify(request), sha256: hashOf(content) }));
  await writeAtomic(path, content);
}

/** The user knows: the next request of this kind is one of its own. */
export const told = (path: string): Promise<void> => rm(notePath(path), { force: true });
