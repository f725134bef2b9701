/**
 * The prepared pictures of a run, in its folder `images`: pixels.u8, one picture [R,R,3] of bytes after the other;
 * files.jsonl, a line for every picture of the source in order, those too that were rejected; prepared.json, written
 * when the others are complete. Pictures are read by position, so memory does not grow with their number. Smaller images,
 * for stages before the last, are averages of theirs.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { SIDE } from "../../requests/side.ts";
import { explain, ProjectError, readIfThere } from "../../storage/files.ts";
import { readJsonFile } from "../../storage/jsonFile.ts";
import type { BatchItem } from "./batchOrder.ts";

const imageLine = z.strictObject({
  name: z.string(),
  bytes: z.int().min(0),
  modified: z.number(),
  /** Of the file's content. */
  sha256: z.string(),
  /** Size of the region that was taken; none where the picture was rejected, */
  width: z.int().optional(),
  height: z.int().optional(),
  /** for this reason. */
  rejected: z.string().optional(),
});
export type ImageLine = z.infer<typeof imageLine>;

const preparedFile = z.strictObject({
  klish: z.literal("images"),
  version: z.literal(1),
  /** Pictures in pixels.u8, and its hash. */
  count: z.int().min(1),
  sha256: z.string(),
  resolution: SIDE,
  rejected: z.int().min(0),
  /** Pictures that had less than `resolution` pixels a side and were enlarged. */
  enlarged: z.int().min(0),
});
export type PreparedFile = z.infer<typeof preparedFile>;

export const CHANNELS = 3;
export const pixelsPath = (run: string): string => join(run, "images", "pixels.u8");
export const linesPath = (run: string): string => join(run, "images", "files.jsonl");
export const preparedPath = (run: string): string => join(run, "images", "prepared.json");

/** What an earlier run prepared completely; undefined when there is nothing such. */
export const loadPrepared = (run: string): Promise<PreparedFile | undefined> =>
  readJsonFile(preparedPath(run), preparedFile, {
    what: "a list of prepared pictures",
    remedy: "Delete the folder images to prepare them again.",
  });

/** The lines of files.jsonl; those after one that a kill cut short are left out. */
export async function readLines(run: string): Promise<ImageLine[]> {
  const text = new TextDecoder().decode((await readIfThere(linesPath(run))) ?? new Uint8Array());
  const lines: ImageLine[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const parsed = parseLine(line);
    if (parsed === undefined) break;
    lines.push(parsed);
  }
  return lines;
}

function parseLine(text: string): ImageLine | undefined {
  try {
    return imageLine.parse(JSON.parse(text));
  } catch {
    // A line that a crash damaged: what follows it is prepared again.
    return undefined;
  }
}

/** SHA-256 of a file, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

export interface ImageStore {
  readonly count: number;
  readonly resolution: number;
  /**
   * Pictures by index, turned left to right where asked for: [n,3,R,R], values byte / 127.5 - 1, averaged over squares of
   * pixels where `resolution` is less than what was prepared.
   */
  read(items: readonly BatchItem[]): Promise<Tensor>;
  close(): Promise<void>;
}

/**
 * Opens what was prepared, for images of `resolution`, a divisor of the prepared ones' side. Throws ProjectError when pixels
 * are missing or cut short.
 */
export async function openImageStore(
  run: string,
  { count, resolution: prepared }: PreparedFile,
  resolution = prepared,
): Promise<ImageStore> {
  const path = pixelsPath(run);
  const imageBytes = prepared * prepared * CHANNELS;
  const size = resolution * resolution * CHANNELS;
  let file: FileHandle;
  try {
    const found = await stat(path);
    if (found.size !== count * imageBytes)
      throw new ProjectError(
        `${path} has ${found.size} bytes, expected ${count * imageBytes}. Delete the folder images next to it to prepare the pictures again.`,
      );
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explain(error, path);
    throw new ProjectError(`${path} is missing. Delete the folder images to prepare the pictures again.`);
  }
  const bytes = new Uint8Array(imageBytes);
  return {
    count,
    resolution,
    async read(items) {
      const out = tensor([items.length, CHANNELS, resolution, resolution]);
      for (const [n, { index, mirrored }] of items.entries()) {
        const { bytesRead } = await file.read(bytes, 0, imageBytes, index * imageBytes);
        if (bytesRead !== imageBytes) throw new ProjectError(`${path} ends before picture ${index}: it was cut short.`);
        toPlanes(bytes, out.data.subarray(n * size, (n + 1) * size), resolution, {
          mirrored,
          shrink: prepared / resolution,
        });
      }
      return out;
    },
    close: () => file.close(),
  };
}

/**
 * RGB bytes [F R,F R,3] to planes [3,R,R] in [-1,1], `side` R: means over squares of F = `shrink` pixels a side, turned left
 * to right where `mirrored`.
 */
export function toPlanes(
  rgb: Uint8Array,
  planes: Float32Array,
  side: number,
  { mirrored = false, shrink = 1 }: { readonly mirrored?: boolean; readonly shrink?: number } = {},
): void {
  const area = side * side;
  const row = side * shrink * CHANNELS;
  const scale = 127.5 * shrink * shrink;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const from = y * shrink * row + (mirrored ? side - 1 - x : x) * shrink * CHANNELS;
      for (let c = 0; c < CHANNELS; c++) {
        let sum = 0;
        for (let dy = 0; dy < shrink; dy++)
          for (let dx = 0; dx < shrink; dx++) sum += rgb[from + dy * row + dx * CHANNELS + c];
        planes[c * area + y * side + x] = sum / scale - 1;
      }
    }
}
