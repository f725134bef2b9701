import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatasetSink } from "../../dataset/format.ts";
import { insidePath } from "../../dataset/insidePath.ts";
import { ProjectError } from "../storage/files.ts";
import { linked } from "../storage/linkFile.ts";
import type { SampleSource } from "./sampleSource.ts";

/**
 * Writes below `folder`, and over nothing; originals become hard links to where `original` says that they lie, or copies on another
 * file system. Rejects with RangeError where a path would leave the folder, with ProjectError where a file is there already.
 */
export function folderSink(folder: string, original: SampleSource["path"]): DatasetSink {
  const made = new Set<string>();
  const begun = new Set<string>();
  const at = async (path: string): Promise<string> => {
    const full = join(folder, insidePath(path));
    const parent = dirname(full);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    return full;
  };
  /** A new file, or the next piece of one that this sink began. */
  const write = async (path: string, content: Uint8Array | string, flag: "wx" | "a"): Promise<void> => {
    await writeFile(await at(path), content, { flag }).catch((error) => {
      if (error.code === "EEXIST") throw new ProjectError(`${path} would be written twice: two samples have one name.`);
      throw error;
    });
  };
  return {
    file: (path, content) => write(path, content, "wx"),
    async append(path, content) {
      await write(path, content, begun.has(path) ? "a" : "wx");
      begun.add(path);
    },
    async original(path, sample, part) {
      const from = original(sample, part);
      if (from === undefined || !(await linked(from, await at(path)))) await write(path, sample[part], "wx");
    },
  };
}
