/** A folder in which classes are taught: teach.json, and masks of what was painted, as `klish train extractor --masks` reads them. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { learnedGenerator } from "../extractor/settings.ts";
import { makeFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { withLock } from "../storage/lock.ts";
import { type TeachHistory, type Teaching, taught, teachAction } from "./teaching.ts";

export const TEACH_FILE = "teach.json";

/** Of which generator, and how its pictures are made. */
export const teachSettings = z.strictObject({
  ...learnedGenerator,
  /** To be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
});
export type TeachSettings = z.infer<typeof teachSettings>;

const teachFile = z.strictObject({
  klish: z.literal("teaching"),
  version: z.literal(1),
  settings: teachSettings,
  history: z.strictObject({ actions: z.array(teachAction), undone: z.array(teachAction) }),
});

/** What a folder's teach.json holds. */
export interface TeachFolder {
  readonly settings: TeachSettings;
  readonly history: TeachHistory;
  readonly teaching: Teaching;
}

/** Opens it; undefined where the folder has none. Throws ProjectError where it is damaged. */
export async function loadTeaching(folder: string): Promise<TeachFolder | undefined> {
  const file = await readJsonFile(join(folder, TEACH_FILE), teachFile, {
    what: "classes that are taught",
    remedy: "Restore it, or delete it and train on its masks with klish train extractor.",
  });
  if (file === undefined) return undefined;
  const { settings, history } = file;
  return { settings, history, teaching: taught(settings.resolution, history.actions) };
}

/** The same, where there must be one. Throws ProjectError where there is none. */
export async function openTeaching(folder: string): Promise<TeachFolder> {
  const found = await loadTeaching(folder);
  if (found === undefined) throw new ProjectError(`${folder} has no ${TEACH_FILE}: no classes are taught there.`);
  return found;
}

/** Where the masks lie. */
export const masksOf = (folder: string): string => join(folder, "masks");

/** Writes what is taught, and the masks. */
export async function saveTeaching(folder: string, settings: TeachSettings, history: TeachHistory): Promise<void> {
  const before = (await loadTeaching(folder))?.teaching;
  const now = taught(settings.resolution, history.actions);
  const file = { klish: "teaching", version: 1, settings, history };
  await writeAtomic(join(folder, TEACH_FILE), `${JSON.stringify(file)}\n`);
  await saveMasks(masksOf(folder), before, now);
}

/** Edits that are made at once take turns. */
const WAIT_SECONDS = 30;

/** Makes another history while nobody else does. Throws ProjectError where the folder stays in use, and what `make` throws; nothing is changed then. */
export const changeTeaching = (
  folder: string,
  make: (before: TeachFolder) => TeachHistory | Promise<TeachHistory>,
): Promise<TeachFolder> =>
  withLock(
    folder,
    async () => {
      const before = await openTeaching(folder);
      const history = await make(before);
      await saveTeaching(folder, before.settings, history);
      return { ...before, history, teaching: taught(before.settings.resolution, history.actions) };
    },
    { waitSeconds: WAIT_SECONDS },
  );

/** The masks that are others than before, and the names of their classes. */
async function saveMasks(
  folder: string,
  before: Teaching | undefined,
  { side, classes, labels }: Teaching,
): Promise<void> {
  await makeFolder(folder);
  const listed = classes.map(({ name, color }) => ({ name, color, background: false }));
  const renamed = JSON.stringify(before?.classes) !== JSON.stringify(classes);
  if (renamed) {
    const text = `${JSON.stringify({ classes: listed.map((one, id) => ({ id, ...one })) }, null, 1)}\n`;
    await writeAtomic(join(folder, "classes.json"), text);
  }
  const path = (seed: number): string => join(folder, `seed${String(seed).padStart(4, "0")}.png`);
  const palette = paletteOf(listed);
  for (const [seed, data] of labels) {
    const known = before?.labels.get(seed);
    if (!renamed && known !== undefined && Buffer.compare(known, data) === 0) continue;
    await writeAtomic(path(seed), encodePng({ width: side, height: side, data, palette }));
  }
  for (const seed of before?.labels.keys() ?? []) if (!labels.has(seed)) await rm(path(seed), { force: true });
}
