/**
 * Prepared examples in a run's folder, `images` of the data set and `photos` without labels: pixels.u8, one picture [R,R,3] of
 * bytes after the other; labels.u8, its classes [R,R]; files.jsonl, a line for each, rejected ones too; prepared.json, written
 * when the others are complete. They are read by position, so memory does not grow with their number.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SPLITS } from "../../../dataset/split.ts";
import type { Example } from "../../../train/examples.ts";
import { explain, ProjectError, readIfThere } from "../../storage/files.ts";
import { readJsonFile } from "../../storage/jsonFile.ts";

const exampleLine = z.strictObject({
  name: z.string(),
  split: z.enum(SPLITS),
  /** Why it could not be read. */
  rejected: z.string().optional(),
});
export type ExampleLine = z.infer<typeof exampleLine>;

const preparedExamples = z.strictObject({
  klish: z.literal("examples"),
  version: z.literal(1),
  resolution: z.int().min(1),
  /** Whole ones. */
  count: z.int().min(1),
  rejected: z.int().min(0),
  /** Of the pictures to learn from, pixels of each class. */
  pixels: z.array(z.number()),
});
export type PreparedExamples = z.infer<typeof preparedExamples>;

export const pixelsPath = (folder: string): string => join(folder, "pixels.u8");
export const labelsPath = (folder: string): string => join(folder, "labels.u8");
export const linesPath = (folder: string): string => join(folder, "files.jsonl");
export const preparedPath = (folder: string): string => join(folder, "prepared.json");

/** What an earlier run prepared completely; undefined when there is nothing such. */
export const loadPreparedExamples = (folder: string): Promise<PreparedExamples | undefined> =>
  readJsonFile(preparedPath(folder), preparedExamples, {
    what: "a list of prepared pictures",
    remedy: `Delete the folder ${folder} to prepare them again.`,
  });

/** The whole lines of files.jsonl. */
export async function readExampleLines(folder: string): Promise<ExampleLine[]> {
  const text = new TextDecoder().decode((await readIfThere(linesPath(folder))) ?? new Uint8Array());
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => exampleLine.parse(JSON.parse(line)));
}

export interface ExampleStore {
  readonly prepared: PreparedExamples;
  /** Positions of the pictures to learn from, and of those to judge by. */
  readonly train: readonly number[];
  readonly val: readonly number[];
  read(positions: readonly number[]): Promise<Example[]>;
  close(): Promise<void>;
}

/** Opens what was prepared. Throws ProjectError when a file is missing or cut short. */
export async function openExamples(folder: string): Promise<ExampleStore> {
  const prepared = await loadPreparedExamples(folder);
  if (prepared === undefined)
    throw new ProjectError(`${folder}: its pictures are not prepared. Run the same command again.`);
  const area = prepared.resolution ** 2;
  const whole = (await readExampleLines(folder)).filter(({ rejected }) => rejected === undefined);
  const of = (split: ExampleLine["split"]): number[] => whole.flatMap((line, i) => (line.split === split ? [i] : []));
  const pixels = await openChecked(pixelsPath(folder), prepared.count * 3 * area, folder);
  const labels = await openChecked(labelsPath(folder), prepared.count * area, folder).catch(async (error) => {
    await pixels.close();
    throw error;
  });
  const piece = async (file: FileHandle, bytes: number, position: number): Promise<Uint8Array> => {
    const { buffer } = await file.read(new Uint8Array(bytes), 0, bytes, position * bytes);
    return buffer;
  };
  return {
    prepared,
    train: of("train"),
    val: of("val"),
    read: (positions) =>
      Promise.all(
        positions.map(async (position) => ({
          rgb: await piece(pixels, 3 * area, position),
          labels: await piece(labels, area, position),
        })),
      ),
    async close() {
      await pixels.close();
      await labels.close();
    },
  };
}

async function openChecked(path: string, bytes: number, folder: string): Promise<FileHandle> {
  try {
    const { size } = await stat(path);
    if (size === bytes) return await open(path, "r");
    throw new ProjectError(
      `${path} has ${size} bytes, expected ${bytes}. Delete the folder ${folder} to prepare the pictures again.`,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explain(error, path);
    throw new ProjectError(`${path} is missing. Delete the folder ${folder} to prepare the pictures again.`);
  }
}
