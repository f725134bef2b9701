/** What a segmenter's training is made of: plain JSON. */
import type { SegmenterArchitecture } from "../../models/segmenter.ts";
import type { AugmentRange } from "./augment.ts";

/** All numbers of a segmenter's training. */
export interface SegmenterRecipe {
  readonly architecture: SegmenterArchitecture;
  readonly classes: number;
  /** Pixels of a side of the pictures that it learns from. */
  readonly resolution: number;
  /** Labelled pictures of an update; at least two in all for networks with batch normalisation. */
  readonly batch: number;
  readonly learningRate: number;
  /** How the rate falls over the run: to a tenth half-way, as half a cosine after a short rise, or by DeepLab's power. */
  readonly schedule: "step" | "cosine" | "poly";
  /** AdamW: weights shrink by this times the rate. */
  readonly weightDecay: number;
  /** The most of the past that the averaged weights keep in an update. */
  readonly averageDecay: number;
  /** How pictures are changed; null: not at all. */
  readonly augment: AugmentRange | null;
  /** How it learns from pictures without labels; null: it has none. */
  readonly selfTraining: SelfTrainingRecipe | null;
  readonly seed: number;
}

/** How a segmenter learns from photos without masks. */
export interface SelfTrainingRecipe {
  /** Unlabelled pictures of an update. */
  readonly batch: number;
  /** Of the surest class: a pixel whose class is given less probability teaches nothing. */
  readonly threshold: number;
  /** Of the loss of unlabelled pictures, beside that of the labelled. */
  readonly weight: number;
  /** The part of the run in which that weight rises from 0. */
  readonly ramp: number;
}

/** Throws RangeError for values that do not fit together, naming the field. */
export function checkRecipe(recipe: SegmenterRecipe, sideMultiple: number): SegmenterRecipe {
  const refuse = (field: keyof SegmenterRecipe, expected: string): never => {
    throw new RangeError(`segmenter recipe: ${field} is ${JSON.stringify(recipe[field])}, expected ${expected}`);
  };
  const { resolution, batch, classes, selfTraining } = recipe;
  if (!(Number.isInteger(resolution) && resolution >= 16 && resolution % sideMultiple === 0))
    refuse("resolution", `a whole number from 16 that ${sideMultiple} divides`);
  if (!(Number.isInteger(classes) && classes >= 2 && classes <= 255)) refuse("classes", "2 to 255 of them");
  if (!(Number.isInteger(batch) && batch >= 1)) refuse("batch", "a positive whole number");
  if (recipe.architecture.network === "deeplabv3" && batch + (selfTraining?.batch ?? 0) < 2)
    refuse("batch", "two or more: one picture's means have no variance");
  if (!(recipe.learningRate > 0 && Number.isFinite(recipe.learningRate))) refuse("learningRate", "a positive number");
  if (!(recipe.averageDecay >= 0 && recipe.averageDecay < 1)) refuse("averageDecay", "a share below 1");
  if (!(Number.isInteger(recipe.seed) && recipe.seed >= 0 && recipe.seed < 2 ** 32))
    refuse("seed", "a whole number below 2^32");
  if (selfTraining !== null && !(selfTraining.threshold > 0 && selfTraining.threshold < 1 && selfTraining.weight > 0))
    refuse("selfTraining", "a threshold between 0 and 1, and a positive weight");
  return recipe;
}
