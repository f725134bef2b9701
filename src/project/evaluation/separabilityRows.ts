import { join } from "node:path";
import { z } from "zod";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { separabilityMethods } from "./separability.ts";

const FILE = "separability.json";

/** A classifier learned and judged. */
const separabilityRow = z.strictObject({
  method: z.enum(separabilityMethods),
  /** Images that it learned from. */
  shots: z.int().min(1),
  /** Of the split into images to learn from and to judge on. */
  seed: z.int().min(0),
  seconds: z.number(),
  trainingPixels: z.int(),
  accuracy: z.number(),
  /** By class id; null for classes that are neither there nor found. */
  iou: z.array(z.number().nullable()),
  pooledIou: z.array(z.number().nullable()),
});
export type SeparabilityRow = z.infer<typeof separabilityRow>;

const separabilityFile = z.strictObject({
  klish: z.literal("separability"),
  version: z.literal(1),
  /** What was measured, to be shown. */
  name: z.string(),
  /** Of features and truth. */
  sha256: z.string(),
  classes: z.array(z.string()),
  channels: z.int(),
  images: z.int(),
  testImages: z.int(),
  pixelsPerImage: z.int(),
  /** Most pixels that a classifier learns from. */
  mostPixels: z.int(),
  machine: z.string(),
  command: z.string(),
  rows: z.array(separabilityRow),
});
export type SeparabilityFile = z.infer<typeof separabilityFile>;

/** What must be the same for rows to stand in one table. */
const SAME = ["sha256", "testImages", "mostPixels"] as const;

/** The file with the rows that the folder holds already. Throws ProjectError when they are of something else. */
export async function continueSeparability(folder: string, fresh: SeparabilityFile): Promise<SeparabilityFile> {
  const found = await readJsonFile(join(folder, FILE), separabilityFile, {
    what: "a measurement of separability",
    remedy: "Delete it to measure again.",
  });
  if (found === undefined) return fresh;
  for (const name of SAME)
    if (found[name] !== fresh[name])
      throw new ProjectError(
        `${folder} holds a measurement of ${name === "sha256" ? "other features or another truth" : `another ${name} (${found[name]}, now ${fresh[name]})`}. ` +
          "Choose another --outdir, or delete it.",
      );
  return { ...fresh, rows: found.rows };
}

export async function saveSeparability(folder: string, file: SeparabilityFile): Promise<void> {
  await writeAtomic(join(folder, FILE), `${JSON.stringify(file, null, 1)}\n`);
}
