/** What the figures of a generator depend on: quality.json, in a folder that keeps what was measured. */
import { join } from "node:path";
import { z } from "zod";
import { ProjectError, writeAtomic } from "../../storage/files.ts";
import { readJsonFile } from "../../storage/jsonFile.ts";
import { fits } from "../../train/pictures/framing.ts";
import { type Resampling, resamplings } from "../../train/pictures/prepareImage.ts";
import { type Block, blockName } from "./blocks.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** How images are made, prepared and reduced. */
export const qualityRecipe = z.strictObject({
  klish: z.literal("gan-quality"),
  version: z.literal(1),
  networkSha256: sha256,
  /** Of the list of pictures, by names and sizes, or of what a training run prepared. */
  picturesSha256: sha256,
  resolution: z.int().min(1),
  crop: z.string(),
  fit: z.enum(fits),
  resize: z.enum(resamplings as [Resampling, ...Resampling[]]),
  class: z.int().min(0).nullable(),
  truncationPsi: z.number(),
  truncationCutoff: z.int().nullable(),
  noiseMode: z.enum(["const", "none", "random"]),
  latent: z.enum(["normal", "uniform"]),
  inception: z
    .strictObject({
      sha256,
      size: z.int().nullable(),
      range: z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()])]),
      output: z.string().nullable(),
    })
    .nullable(),
});
export type QualityRecipe = z.infer<typeof qualityRecipe>;

const REMEDY = "Choose a new --outdir, or delete this one.";

export const recipePath = (folder: string): string => join(folder, "quality.json");
export const blockPath = (folder: string, block: Block): string =>
  join(folder, "measured", `${blockName(block)}.safetensors`);
export const recipeText = (recipe: QualityRecipe): string => `${JSON.stringify(recipe, null, 2)}\n`;

/** The recipe of a folder; undefined where it has none. Throws ProjectError where it is damaged. */
export const loadRecipe = (folder: string): Promise<QualityRecipe | undefined> =>
  readJsonFile(recipePath(folder), qualityRecipe, { what: "a folder of measured images", remedy: REMEDY });

/** Makes a folder that of a recipe; other parts may do so at the same time. Throws ProjectError where it is another's. */
export async function claimRecipe(folder: string, recipe: QualityRecipe): Promise<void> {
  if ((await loadRecipe(folder)) === undefined) await writeAtomic(recipePath(folder), recipeText(recipe));
  const there = await loadRecipe(folder);
  const changed = there && otherMember(there, recipe);
  if (changed !== undefined)
    throw new ProjectError(`${folder} holds what was measured with another ${changed}. ${REMEDY}`);
}

/** The first member that differs, by its name; undefined where none does. */
export function otherMember(a: QualityRecipe, b: QualityRecipe): string | undefined {
  const names = Object.keys(a) as (keyof QualityRecipe)[];
  const other = names.find((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
  return other && (MEANING[other] ?? other);
}

const MEANING: Partial<Record<keyof QualityRecipe, string>> = {
  networkSha256: "generator",
  picturesSha256: "set of pictures",
};
