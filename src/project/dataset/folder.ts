import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { DatasetFolder } from "../../dataset/reading.ts";
import { explain, ProjectError } from "../storage/files.ts";

/** A folder on disk as the readers of layouts see it. Throws ProjectError where there is none. */
export async function openFolder(folder: string): Promise<DatasetFolder> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") throw new ProjectError(`${folder}: there is no such folder.`);
    throw explain(error, folder);
  });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  return {
    paths,
    size: async (path) => (await stat(join(folder, path))).size,
    async read(path, start = 0, end) {
      if (start === 0 && end === undefined) return readFile(join(folder, path));
      const file = await open(join(folder, path));
      try {
        const bytes = new Uint8Array((end ?? (await file.stat()).size) - start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}
