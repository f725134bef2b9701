/** What a painter's training is made of: plain JSON. */
import type { OasisPlan, PatchPlan } from "../../models/painter/discriminators.ts";
import { type PainterPlan, sideMultiple } from "../../models/painter/plan.ts";

/** What a painter learns from beside the pictures: who judges its paintings. */
export type AdversaryRecipe =
  | ({
      readonly kind: "oasis";
      /** Of LabelMix, beside the other losses of the discriminator; 0: none. */
      readonly labelMix: number;
    } & OasisPlan)
  | ({ readonly kind: "patches" } & PatchPlan);

/** All numbers of a painter's training. */
export interface PainterRecipe {
  readonly plan: PainterPlan;
  readonly adversary: AdversaryRecipe;
  readonly classes: number;
  /** Pixels of a side of the pictures. */
  readonly resolution: number;
  /** Pictures of an update. */
  readonly batch: number;
  /** Of generator and encoder, and of the discriminator. */
  readonly learningRate: { readonly painter: number; readonly adversary: number };
  /** Adam's. */
  readonly betas: readonly [number, number];
  /** Of paintings in the style of their own picture: weight of the mean distance of colours, and of what the discriminator sees. */
  readonly colours: number;
  readonly featureMatching: number;
  /** Of what a VGG19 sees, likewise: the trainer is given one where it is not 0. */
  readonly perceptual: number;
  /** Of the divergence of styles from the normal distribution, for painters of whole styles; 0: none. */
  readonly divergence: number;
  /** Share of a batch that is painted in the style of other pictures. */
  readonly otherStyles: number;
  /** Share of those whose masks are edited as well: a part larger, moved, removed or doubled. */
  readonly editedMasks: number;
  /** The most of the past that the averaged weights keep in an update. */
  readonly averageDecay: number;
  /** Whether pictures are also turned left to right. */
  readonly mirror: boolean;
  readonly seed: number;
}

/** Throws RangeError for values that do not fit together, naming the field. */
export function checkPainterRecipe(recipe: PainterRecipe): PainterRecipe {
  const refuse = (field: keyof PainterRecipe, expected: string): never => {
    throw new RangeError(`painter recipe: ${field} is ${JSON.stringify(recipe[field])}, expected ${expected}`);
  };
  const { resolution, batch, classes, adversary } = recipe;
  const multiple = Math.max(sideMultiple(recipe.plan), adversary.kind === "oasis" ? 2 ** adversary.channels.length : 1);
  if (!(Number.isInteger(resolution) && resolution >= 16 && resolution % multiple === 0))
    refuse("resolution", `a whole number from 16 that ${multiple} divides`);
  if (!(Number.isInteger(classes) && classes >= 2 && classes <= 255)) refuse("classes", "2 to 255 of them");
  if (!(Number.isInteger(batch) && batch >= 2)) refuse("batch", "two or more: a picture takes another one's style");
  for (const rate of Object.values(recipe.learningRate))
    if (!(rate > 0 && Number.isFinite(rate))) refuse("learningRate", "positive numbers");
  for (const field of ["colours", "featureMatching", "perceptual", "divergence"] as const)
    if (!(recipe[field] >= 0 && Number.isFinite(recipe[field]))) refuse(field, "a number from 0");
  for (const field of ["otherStyles", "editedMasks"] as const)
    if (!(recipe[field] >= 0 && recipe[field] <= 1)) refuse(field, "a share from 0 to 1");
  if (!(recipe.averageDecay >= 0 && recipe.averageDecay < 1)) refuse("averageDecay", "a share below 1");
  if (!(Number.isInteger(recipe.seed) && recipe.seed >= 0 && recipe.seed < 2 ** 32))
    refuse("seed", "a whole number below 2^32");
  return recipe;
}
