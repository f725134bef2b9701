import { join } from "node:path";
import { z } from "zod";
import { classesJson } from "../../dataset/format.ts";
import { SPLITS, splitOf } from "../../dataset/split.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { listFolder, makeFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { isForeign } from "../storage/lock.ts";
import { portraitOptions } from "./options.ts";

/** All that decides the bytes of a folder of portraits. Written to portraits.json. */
export const portraitSettings = z.strictObject({
  /** PORTRAIT_VERSION of the renderer. */
  renderer: z.int().min(1),
  ...portraitOptions,
});
export type PortraitSettings = z.infer<typeof portraitSettings>;

const portraitsFile = z.strictObject({
  klish: z.literal("portraits"),
  version: z.literal(1),
  settings: portraitSettings,
});

const FILE = "portraits.json";

/** File stem of the portrait of a seed. */
export const portraitName = (seed: number): string => `portrait${String(seed).padStart(6, "0")}`;
export const portraitImage = (seed: number): string => join("images", `${portraitName(seed)}.png`);
export const portraitMask = (seed: number): string => join("masks", `${portraitName(seed)}.png`);

/**
 * A new folder of portraits, or the one that an earlier run of the same request left; a larger count extends it. Throws ProjectError where
 * the folder holds something else.
 */
export async function openPortraitFolder(folder: string, settings: PortraitSettings): Promise<void> {
  const before = await readJsonFile(join(folder, FILE), portraitsFile, {
    what: "a folder of portraits",
    remedy: "Restore it, or start again in another folder.",
  });
  if (before === undefined) {
    const foreign = (await listFolder(folder)).filter(isForeign);
    if (foreign.length > 0)
      throw new ProjectError(
        `${folder} is not empty and holds no portraits (${foreign.slice(0, 3).join(", ")}). Choose an empty or new --outdir.`,
      );
  } else {
    const changed = (Object.keys(settings) as (keyof PortraitSettings)[]).filter(
      (key) =>
        JSON.stringify(before.settings[key]) !== JSON.stringify(settings[key]) &&
        !(key === "count" && settings.count > before.settings.count),
    );
    if (changed.length > 0)
      throw new ProjectError(
        `${folder} holds other portraits: ${changed.map((key) => `${key} was ${JSON.stringify(before.settings[key])}, now ${JSON.stringify(settings[key])}`).join("; ")}. ` +
          `Repeat the command that began it, or choose another --outdir.`,
      );
  }
  const content = { klish: "portraits", version: 1, settings };
  await writeAtomic(join(folder, FILE), `${JSON.stringify(content, null, 1)}\n`);
  for (const sub of ["images", "masks"]) await makeFolder(join(folder, sub));
}

/** Seeds whose image or mask is not there yet. Files appear whole, so what is there counts. */
export async function missingPortraits(
  folder: string,
  { firstSeed, count }: Pick<PortraitSettings, "firstSeed" | "count">,
): Promise<number[]> {
  const images = new Set(await listFolder(join(folder, "images")));
  const masks = new Set(await listFolder(join(folder, "masks")));
  const missing: number[] = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const file = `${portraitName(seed)}.png`;
    if (!images.has(file) || !masks.has(file)) missing.push(seed);
  }
  return missing;
}

/** classes.json and the list of each split, which make the folder the layout "folders". */
export async function writePortraitLists(folder: string, settings: PortraitSettings): Promise<void> {
  const { firstSeed, count, split } = settings;
  const names = Array.from({ length: count }, (_, i) => portraitName(firstSeed + i));
  await writeAtomic(join(folder, "classes.json"), classesJson(portraitClasses));
  for (const part of SPLITS) {
    const listed = names.filter((name) => splitOf(name, split) === part);
    if (listed.length > 0) await writeAtomic(join(folder, `${part}.txt`), `${listed.join("\n")}\n`);
  }
}
