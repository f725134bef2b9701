/** Whether files are still those that were read. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "../../project/storage/files.ts";

/** Changes whenever a file does; files are replaced, not edited. */
export async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? "-" : `${found.mtimeNs}.${found.size}.${found.ino}`;
}

/** The file of a project's labels. */
export const LABELS_FILE = "labels.json";

/** Which labels a place's file holds, by its content; "" where there is none. */
export async function revisionOf(folder: string, file = LABELS_FILE): Promise<string> {
  const bytes = await readIfThere(join(folder, file));
  return bytes === undefined ? "" : createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
