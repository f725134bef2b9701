/** A mask that was corrected by hand. */
import { join } from "node:path";
import { classesFile } from "../../dataset/classList.ts";
import { insidePath } from "../../dataset/insidePath.ts";
import { IGNORE_LABEL, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng, pngHeader } from "../../dataset/png.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { withLock } from "../storage/lock.ts";
import { appendEntries, loadSegmentSettings, maskPath, pixelCounts, readEntries } from "./record.ts";

/** How long a job that works in the folder is waited for. */
const WAIT_SECONDS = 30;

/**
 * Puts labels, [height,width] class ids or 255, in place of the mask of a photo in a folder that `klish segment` made; `name` is the stem of its
 * files. A later run leaves it alone. Throws ProjectError where there is no such photo, or a label is none of its classes.
 */
export async function correctMask(folder: string, name: string, labels: Uint8Array): Promise<void> {
  checkName(name);
  await withLock(
    folder,
    async () => {
      const entries = await readEntries(folder);
      const entry = [...entries.values()].find((e) => e.name === name && e.rejected === undefined);
      if ((await loadSegmentSettings(folder)) === undefined || entry === undefined)
        throw new ProjectError(`${folder} holds no segmented photo ${JSON.stringify(name)}.`);
      const { width, height } = await maskSize(folder, name);
      if (labels.length !== width * height)
        throw new ProjectError(`the mask of ${name} has ${width} x ${height} pixels, got ${labels.length} labels.`);
      const list = await readJsonFile(join(folder, "classes.json"), classesFile, {
        what: "a list of classes",
        remedy: "Run klish segment again: it writes it.",
      });
      const classes = list?.classes ?? [];
      const wrong = labels.find((id) => id !== IGNORE_LABEL && id >= classes.length);
      if (wrong !== undefined) throw new ProjectError(`there is no class ${wrong}: ${folder} has ${classes.length}.`);
      const mask = encodePng({ width, height, data: labels, palette: paletteOf(classes) });
      await writeAtomic(join(folder, maskPath(name)), mask);
      await appendEntries(folder, [{ ...entry, pixels: pixelCounts(labels) }]);
    },
    { waitSeconds: WAIT_SECONDS },
  );
}

/** Size of a photo's mask, in pixels. Throws ProjectError where it is not there. */
export async function maskSize(
  folder: string,
  name: string,
): Promise<{ readonly width: number; readonly height: number }> {
  checkName(name);
  const path = join(folder, maskPath(name));
  const bytes = await readIfThere(path);
  if (bytes === undefined) throw new ProjectError(`${path}: there is no such mask.`);
  return pngHeader(bytes);
}

/** Names come from a list that may be a stranger's. Throws ProjectError for one that is more than a file's. */
function checkName(name: string): void {
  try {
    if (!insidePath(name).includes("/")) return;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new ProjectError(`${JSON.stringify(name)} is not the name of a photo.`);
}
