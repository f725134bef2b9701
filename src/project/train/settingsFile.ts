/** settings.json: what the training run in a folder is. */
import { join } from "node:path";
import type { z } from "zod";
import { refuseOtherRun } from "../network/trainingRun.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";

const FILE = "settings.json";
const REMEDY = "Restore it, or start again in another folder.";

/** How a kind of run's settings are read. */
export interface SettingsForm<Stored, Settings> {
  /** As trainingRun.ts names it. */
  readonly kind: string;
  /** In messages: "a painter's training run". */
  readonly what: string;
  readonly schema: z.ZodType<Stored>;
  /** Throws RangeError where a recipe does not fit together. */
  check(stored: Stored): Settings;
}

/** The settings in a folder; undefined when there are none. Throws ProjectError where they are damaged, or of another kind of run. */
export async function loadRunSettings<Stored, Settings>(
  folder: string,
  { kind, what, schema, check }: SettingsForm<Stored, Settings>,
): Promise<Settings | undefined> {
  const path = join(folder, FILE);
  await refuseOtherRun(folder, kind);
  const stored = await readJsonFile(path, schema, { what, remedy: REMEDY });
  if (stored === undefined) return undefined;
  try {
    return check(stored);
  } catch (cause) {
    throw new ProjectError(`${path}: ${(cause as Error).message}. ${REMEDY}`, { cause });
  }
}

export const saveRunSettings = (folder: string, settings: object): Promise<void> =>
  writeAtomic(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);
