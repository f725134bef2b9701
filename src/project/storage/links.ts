import { readdir, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { explain, ProjectError } from "./files.ts";

/**
 * Refuses a folder in which a symbolic link leads outside, or nowhere: what is written below the folder would land there. Throws
 * ProjectError that names the link. A folder that is not there has none.
 */
export async function refuseLinksOutside(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw explain(error, folder);
  });
  const links = entries.filter((entry) => entry.isSymbolicLink());
  if (links.length === 0) return;
  const home = await realpath(folder);
  for (const entry of links) {
    const path = join(entry.parentPath, entry.name);
    const target = await realpath(path).catch(() => undefined);
    if (target === home || target?.startsWith(home.endsWith(sep) ? home : home + sep)) continue;
    throw new ProjectError(
      `${relative(folder, path)} in ${folder} is a symbolic link that leads out of the folder. klish writes nothing through it: remove the link first.`,
    );
  }
}
