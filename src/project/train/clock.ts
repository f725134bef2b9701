/** clock.json: how long a run has trained. Not in the state, which depends on nothing but the recipe and the pictures. */
import { join } from "node:path";
import { z } from "zod";
import { writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";

const clock = z.strictObject({
  /** Real images shown, and seconds of training, at the last state. */
  images: z.int().min(0),
  seconds: z.number().min(0),
});
export type RunClock = z.infer<typeof clock>;

const FILE = "clock.json";

export const saveClock = (run: string, value: RunClock): Promise<void> =>
  writeAtomic(join(run, FILE), `${JSON.stringify(value)}\n`);

export const loadClock = async (run: string): Promise<RunClock> =>
  (await readJsonFile(join(run, FILE), clock, {
    what: "the clock of a training run",
    remedy: "Delete it: the time of training is then counted from zero.",
  })) ?? { images: 0, seconds: 0 };
