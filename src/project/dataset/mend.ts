import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CheckResult } from "../../dataset/check.ts";
import type { Fault } from "../../dataset/faults.ts";
import { insidePath } from "../../dataset/insidePath.ts";
import { MENDABLE, mendMask } from "../../dataset/mendMask.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { writeAtomic } from "../storage/files.ts";
import { emptyFolder, writeWhole } from "./wholeFolder.ts";

/** A copy in which masks were mended. */
export interface MendedCopy {
  readonly folder: string;
  /** How many. */
  readonly masks: number;
}

/**
 * Copies a folder to an empty or new one, and mends its masks there: those that `check` finds, and those of which it finds more when they can
 * be read. The folder itself stays as it is.
 */
export async function mendedCopy(
  folder: string,
  paths: readonly string[],
  outdir: string,
  check: (folder: string) => Promise<CheckResult>,
  { onProgress, signal }: JobOptions,
): Promise<MendedCopy> {
  const to = await emptyFolder(outdir, "--fix");
  const mended = new Set<string>();
  const { faults } = await check(folder);
  await writeWhole(to, async (partial) => {
    for (const [i, path] of paths.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ phase: "copy", done: i, total: paths.length });
      const copy = join(partial, insidePath(path));
      await mkdir(dirname(copy), { recursive: true });
      await copyFile(join(folder, path), copy);
    }
    const mend = async (found: readonly Fault[]): Promise<void> => {
      for (const [path, binary] of toMend(found, new Set(paths))) {
        const bytes = mendMask(await readFile(join(partial, path)), binary);
        if (bytes === undefined) continue;
        await writeAtomic(join(partial, path), bytes);
        mended.add(path);
      }
    };
    await mend(faults);
    // Whether 255 was meant as a class shows when all masks can be read.
    await mend((await check(partial)).faults.filter(({ kind }) => kind === "binary-mask"));
  });
  return { folder: to, masks: mended.size };
}

/** Masks that are files of their own and may be mended; and whether their 255 is a class. */
function toMend(faults: readonly Fault[], paths: ReadonlySet<string>): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { kind, path } of faults)
    if (MENDABLE.has(kind) && paths.has(path)) found.set(path, kind === "binary-mask" || found.get(path) === true);
  return found;
}
