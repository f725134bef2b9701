/** What an extractor's folder holds once it has learned. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetClass } from "../../../dataset/labelMap.ts";
import type { PixelModel } from "../../../models/pixelModel.ts";
import { saveExtractor } from "../../extractor/extractorFile.ts";
import { singleCut } from "../../labels/parts.ts";
import type { LabelState } from "../../labels/recipe.ts";
import { loadRecipe, saveRecipe } from "../../labels/recipeFile.ts";

/** Writes the classifier; pictures of an earlier one's labels are no longer true. */
export async function keepExtractor(folder: string, model: PixelModel): Promise<void> {
  await saveExtractor(folder, model);
  await rm(join(folder, "labels"), { recursive: true, force: true });
}

/** A class for each that was taught. */
export const firstLabels = (classes: readonly DatasetClass[]): LabelState => ({
  k: classes.length,
  classes: classes.map(({ name, color, background }, id) => ({ name, color, clusters: [id], background, split: null })),
  ignored: [],
});

/** Writes the first labels. */
export const saveFirstLabels = (folder: string, classes: readonly DatasetClass[]): Promise<void> => {
  const state = firstLabels(classes);
  return saveRecipe({ folder }, { state, base: state, actions: [] });
};

/** Writes the first labels, unless somebody has labelled the run before. */
export async function keepLabels(folder: string, classes: readonly DatasetClass[], model: PixelModel): Promise<void> {
  if ((await loadRecipe({ folder }, singleCut(model))) === undefined) await saveFirstLabels(folder, classes);
}
