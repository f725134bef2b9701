import { join } from "node:path";
import { z } from "zod";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import type { AutoRequest } from "./options.ts";

/** What a stage has to say when it is done; the page shows it. */
export const stageResult = z.strictObject({
  /** Names and values. */
  facts: z.array(z.tuple([z.string(), z.string()])),
  /** Pictures, in paths from the folder. */
  pictures: z.array(z.string()),
  /** What to know before trusting what follows, in sentences. */
  warnings: z.array(z.string()),
  seconds: z.number(),
});
export type StageResult = z.infer<typeof stageResult>;

const settingsSchema = z.strictObject({
  data: z.string(),
  hours: z.number(),
  start: z.string().nullable().default(null),
  resolution: z.int().nullable(),
  crop: z.string().nullable(),
  mirror: z.boolean(),
  pictures: z.int(),
  k: z.int().nullable(),
  seed: z.int(),
});
type Settings = z.infer<typeof settingsSchema>;

const stateSchema = z.strictObject({
  klish: z.literal("auto"),
  version: z.literal(1),
  settings: settingsSchema,
  command: z.string(),
  /** By the stage's name, in the order in which they were done. */
  stages: z.record(z.string(), stageResult),
});
export type AutoState = z.infer<typeof stateSchema>;

const FILE = "auto.json";

/** The stage that ends a run. */
export const LAST_STAGE = "masks";

/** The run in a folder; undefined where there is none. Throws ProjectError where its file is damaged. */
export const loadState = (folder: string): Promise<AutoState | undefined> =>
  readJsonFile(join(folder, FILE), stateSchema, { what: "a run of klish auto", remedy: "Choose a new --outdir." });

/** What an earlier run of the same request left in a folder, or a new state. Throws ProjectError where it was begun otherwise. */
export async function openState(folder: string, request: AutoRequest): Promise<AutoState> {
  const { data, hours, start, resolution, crop, mirror, pictures, k, seed, command } = request;
  const settings: Settings = { data, hours, start, resolution, crop, mirror, pictures, k, seed };
  const before = await loadState(folder);
  if (before === undefined) return { klish: "auto", version: 1, settings, command, stages: {} };
  for (const key of Object.keys(settings) as (keyof Settings)[])
    if (before.settings[key] !== settings[key])
      throw new ProjectError(
        `${folder} was started with ${key} ${String(before.settings[key])}, not ${String(settings[key])}. ` +
          `Continue it with the command that began it, or choose a new --outdir: ${before.command}`,
      );
  return before;
}

export const saveState = (folder: string, state: AutoState): Promise<void> =>
  writeAtomic(join(folder, FILE), `${JSON.stringify(state, null, 2)}\n`);
