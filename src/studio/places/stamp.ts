import { stat } from "node:fs/promises";

/** Changes whenever a file does; files are replaced, not edited. */
export async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? "-" : `${found.mtimeNs}.${found.size}.${found.ino}`;
}
