/** From a folder or archive of pictures to the prepared ones of a run; continues what a killed run left. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, stat, truncate } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { JobOptions } from "../../../tensor/progress.ts";
import { explain, ProjectError, writeAtomic } from "../../storage/files.ts";
import { filesTogether, type ImageFile } from "../../storage/imageFiles.ts";
import {
  CHANNELS,
  hashFile,
  type ImageLine,
  linesPath,
  loadPrepared,
  type PreparedFile,
  pixelsPath,
  preparedPath,
  readLines,
} from "./imageStore.ts";
import { type Preparation, prepareImage, reasonOf } from "./prepareImage.ts";

/** Pictures that are decoded side by side, by core: some wait for the disk. */
const IMAGES_PER_CORE = 8;

export const rejectedPath = (run: string): string => join(run, "rejected.txt");

/**
 * Prepares all pictures that an earlier run did not, in order; `preparation` must be that run's. Broken ones are left out
 * and listed in rejected.txt with the reason. Without `files` (the source is gone) it must have prepared all. Throws
 * ProjectError when no picture is left, or when they are no longer those that were prepared.
 */
export async function prepareImages(
  run: string,
  files: readonly ImageFile[] | undefined,
  preparation: Preparation,
  { onProgress, signal }: JobOptions,
): Promise<PreparedFile> {
  const finished = await loadPrepared(run);
  if (finished !== undefined) {
    if (files !== undefined) await refuseChanges(await readLines(run), files);
    return finished;
  }
  if (files === undefined) throw new ProjectError(`${run}: the pictures of this run are not prepared yet, and gone.`);
  const lines = await continueLines(run, files, preparation.resolution ** 2 * CHANNELS);
  let rejected = lines.filter(isRejected).length;
  const report = (): void =>
    onProgress?.({
      phase: "prepare the images",
      done: lines.length,
      total: files.length,
      ...(rejected > 0 ? { note: `${rejected} rejected` } : {}),
    });
  report();
  const pixels = await open(pixelsPath(run), "a");
  const list = await open(linesPath(run), "a");
  try {
    const together = IMAGES_PER_CORE * availableParallelism();
    while (lines.length < files.length) {
      signal?.throwIfAborted();
      const next = filesTogether(files, lines.length, together);
      const prepared = await Promise.all(next.map((file) => prepareFile(file, preparation)));
      // Pixels first: a line says that they are there.
      await append(pixels, Buffer.concat(prepared.flatMap((p) => p.pixels ?? [])), pixelsPath(run));
      await append(list, prepared.map(({ line }) => textOf(line)).join(""), linesPath(run));
      lines.push(...prepared.map(({ line }) => line));
      rejected += prepared.filter(({ line }) => isRejected(line)).length;
      report();
    }
    await pixels.sync();
    await list.sync();
  } finally {
    await pixels.close();
    await list.close();
  }
  return finish(run, lines, preparation);
}

interface PreparedLine {
  readonly line: ImageLine;
  readonly pixels?: Uint8Array;
}

async function prepareFile(file: ImageFile, preparation: Preparation): Promise<PreparedLine> {
  const { name, bytes, modified } = file;
  let sha256 = "";
  try {
    const content = await file.read();
    sha256 = createHash("sha256").update(content).digest("hex");
    const { pixels, region } = await prepareImage(content, preparation);
    return { line: { name, bytes, modified, sha256, width: region.width, height: region.height }, pixels };
  } catch (error) {
    return { line: { name, bytes, modified, sha256, rejected: reasonOf(error) } };
  }
}

const isRejected = (line: ImageLine): boolean => line.rejected !== undefined;
const textOf = (line: ImageLine): string => `${JSON.stringify(line)}\n`;

async function append(file: FileHandle, content: Uint8Array | string, path: string): Promise<void> {
  try {
    await file.appendFile(content);
  } catch (error) {
    throw explain(error, path);
  }
}

/** What of an earlier run's lines holds: of the same pictures, with their pixels on the disk. Both files are cut to that. */
async function continueLines(run: string, files: readonly ImageFile[], imageBytes: number): Promise<ImageLine[]> {
  const known = await readLines(run);
  const there = await stat(pixelsPath(run)).then(
    ({ size }) => Math.floor(size / imageBytes),
    () => 0,
  );
  const kept: ImageLine[] = [];
  let accepted = 0;
  for (const [i, line] of known.entries()) {
    if (files[i] === undefined || !sameFile(line, files[i])) break;
    if (!isRejected(line) && ++accepted > there) break;
    kept.push(line);
  }
  const pixels = kept.filter((l) => !isRejected(l)).length * imageBytes;
  const text = kept.reduce((sum, l) => sum + Buffer.byteLength(textOf(l)), 0);
  try {
    await mkdir(dirname(pixelsPath(run)), { recursive: true });
    for (const [path, length] of [
      [pixelsPath(run), pixels],
      [linesPath(run), text],
    ] as const) {
      await (await open(path, "a")).close();
      await truncate(path, length);
    }
  } catch (error) {
    throw explain(error, run);
  }
  return kept;
}

const sameFile = (line: ImageLine, file: ImageFile): boolean =>
  line.name === file.name && line.bytes === file.bytes && line.modified === file.modified;

async function finish(run: string, lines: readonly ImageLine[], { resolution }: Preparation): Promise<PreparedFile> {
  const rejected = lines.filter(isRejected);
  if (rejected.length > 0)
    await writeAtomic(rejectedPath(run), rejected.map((l) => `${l.name}\t${l.rejected}\n`).join(""));
  if (rejected.length === lines.length)
    throw new ProjectError(
      `none of the ${lines.length} pictures can be used; ${rejected[0]?.name}: ${rejected[0]?.rejected}. All are listed in ${rejectedPath(run)}.`,
    );
  const prepared: PreparedFile = {
    klish: "images",
    version: 1,
    count: lines.length - rejected.length,
    sha256: await hashFile(pixelsPath(run)),
    resolution,
    rejected: rejected.length,
    enlarged: lines.filter((l) => Math.max(l.width ?? resolution, l.height ?? resolution) < resolution).length,
  };
  await writeAtomic(preparedPath(run), `${JSON.stringify(prepared, null, 2)}\n`);
  return prepared;
}

/** Names listed in a message. */
const MOST_NAMES = 3;

/**
 * Throws ProjectError where the pictures are not those that were prepared: added, gone, or of another content. A file that
 * was only touched is read again and compared by its hash.
 */
async function refuseChanges(lines: readonly ImageLine[], files: readonly ImageFile[]): Promise<void> {
  const before = new Map(lines.map((line) => [line.name, line]));
  const now = new Set(files.map((file) => file.name));
  const added = files.filter((file) => !before.has(file.name)).map((file) => file.name);
  const gone = lines.filter((line) => !now.has(line.name)).map((line) => line.name);
  const changed: string[] = [];
  for (const file of files) {
    const line = before.get(file.name);
    if (line === undefined || sameFile(line, file)) continue;
    const same =
      line.bytes === file.bytes &&
      line.sha256 ===
        createHash("sha256")
          .update(await file.read())
          .digest("hex");
    if (!same) changed.push(file.name);
  }
  const groups = [
    [added, "added"],
    [gone, "gone"],
    [changed, "changed"],
  ] as const;
  const differences = groups.flatMap(([names, what]) =>
    names.length === 0
      ? []
      : [`${names.length} ${what} (${names.slice(0, MOST_NAMES).join(", ")}${names.length > MOST_NAMES ? ", …" : ""})`],
  );
  if (differences.length > 0)
    throw new ProjectError(
      `the pictures are not those that this run began with: ${differences.join("; ")}. Restore them, ` +
        `or begin a new run from this one's weights: another --outdir, and --resume with this run's folder.`,
    );
}
