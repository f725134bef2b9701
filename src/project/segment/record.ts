/** What a folder of segmented photos says of itself: segment.json, and a line of photos.jsonl for each photo that was seen. */
import { createHash } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explain, readIfThere } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { photoFits } from "./frame.ts";
import { pictureExtensions } from "./photos.ts";

/** What the masks depend on, in segment.json: a folder holds those of one segmenter and one way to use it. */
const settingsSchema = z.strictObject({
  klish: z.literal("segmented-photos"),
  version: z.literal(1),
  model: z.string(),
  modelSha256: z.string(),
  size: z.int().nullable(),
  range: z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()])]),
  output: z.string().nullable(),
  fit: z.enum(photoFits),
  flip: z.boolean(),
  scales: z.array(z.number()),
  ignoreBelow: z.number(),
  extension: z.enum(pictureExtensions),
  /** Of one part of the photos. */
  shard: z.strictObject({ index: z.int().min(1), of: z.int().min(1) }).optional(),
});
export type SegmentSettings = z.infer<typeof settingsSchema>;

/** One line of photos.jsonl: a photo that was seen. */
const entrySchema = z.object({
  photo: z.string(),
  bytes: z.number(),
  modified: z.number(),
  name: z.string(),
  rejected: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  confidence: z.number().optional(),
  /** Pixels by id: pairs of id and count. */
  pixels: z.array(z.tuple([z.int(), z.int()])).optional(),
});
export type PhotoEntry = z.infer<typeof entrySchema>;

/** What says that a folder holds segmented photos, and how. */
export const SEGMENT_FILE = "segment.json";
const ENTRIES = "photos.jsonl";
/** What to do about settings that do not fit. */
export const REMEDY = "Choose a new --outdir, or delete this one.";

/** Where the settings of a folder lie. */
export const settingsPath = (folder: string): string => join(folder, SEGMENT_FILE);

/** Where the mask of a photo lies in a folder. */
export const maskPath = (name: string): string => `masks/${name}.png`;

/** Of the settings of a folder, which are there. */
export const settingsSha256 = async (folder: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(settingsPath(folder)))
    .digest("hex");

/** The settings of a folder; undefined where there are none. Throws ProjectError where they are damaged. */
export const loadSegmentSettings = (folder: string): Promise<SegmentSettings | undefined> =>
  readJsonFile(settingsPath(folder), settingsSchema, { what: "a folder of segmented photos", remedy: REMEDY });

/** What is done, by the photo's path. A line that a killed run left half-written is not there. */
export async function readEntries(folder: string): Promise<Map<string, PhotoEntry>> {
  const text = new TextDecoder().decode(await readIfThere(join(folder, ENTRIES)));
  const entries = new Map<string, PhotoEntry>();
  for (const line of text.split("\n").slice(0, -1)) {
    let found: unknown;
    try {
      found = JSON.parse(line);
    } catch {
      continue;
    }
    const entry = entrySchema.safeParse(found);
    if (entry.success) entries.set(entry.data.photo, entry.data);
  }
  return entries;
}

/** Adds lines; the last of a photo is the one that counts. */
export async function appendEntries(folder: string, entries: readonly PhotoEntry[]): Promise<void> {
  const path = join(folder, ENTRIES);
  await appendFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")).catch((error) => {
    throw explain(error, path);
  });
}

/** Pixels of each id of a label map, as an entry has them. */
export function pixelCounts(labels: Uint8Array): [number, number][] {
  const counts = new Map<number, number>();
  for (const id of labels) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}
