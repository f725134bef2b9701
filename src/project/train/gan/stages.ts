/**
 * Growth as a schedule: a run of several stages trains on small images first, which cost little, and its networks grow from
 * stage to stage (the idea of Karras et al., 2018, "Progressive growing of GANs"; here whole blocks come in at once).
 */
import { z } from "zod";
import { type GanRecipe, ganRecipe } from "../../../train/gan/recipe.ts";
import { SIDE } from "../../requests/side.ts";
import type { RunClock } from "../clock.ts";

/** A stage before the last, as the settings keep it. */
export const growthStage = z.strictObject({
  /** Pixels of a side. */
  resolution: SIDE,
  batch: z.int().min(1),
  gamma: z.number().min(0),
  /** Its length, in thousands of images; null: `hours` alone end it. */
  kimg: z.number().min(0).nullable(),
  /** Of the run's training, at which it ends in any case; null: none, or it has ended and `kimg` says where. */
  hours: z.number().positive().nullable().default(null),
});
export type GrowthStage = z.infer<typeof growthStage>;

/** What of a run's settings makes its stages: the last one's recipe, and those before it. */
export interface Growing {
  readonly recipe: GanRecipe;
  readonly growth: readonly GrowthStage[];
}

/** A stage of a run. */
export interface Stage {
  /** Its place among the stages, from 1, and their number. */
  readonly number: number;
  readonly of: number;
  readonly recipe: GanRecipe;
  /** Images of the run before it and with it; Infinity where no number of images, but time, is set for that. */
  readonly begin: number;
  readonly end: number;
  /** Seconds of the run's training at which it ends in any case; Infinity: never. */
  readonly deadline: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Part of the time for the stages before the last, in equal shares. */
const GROWTH_SHARE = 0.5;
/** How many times the cost of an image grows when its side doubles, about. */
const COST_OF_DOUBLING = 3;

/** Sides of the images of the stages before the last: `first`, and doubled until below `target`. */
export const growthSides = (first: number, target: number): number[] =>
  first < target ? [first, ...growthSides(2 * first, target)] : [];

/** Thousands of images of each stage before the last, for a run of `kimg` in all; `sides` are of all its stages. */
export function growthByImages(sides: readonly number[], kimg: number): number[] {
  const rates = sides.map((side, i) => timeShare(i, sides.length) / costOf(side));
  const total = rates.reduce((a, b) => a + b, 0);
  return rates.slice(0, -1).map((rate) => (kimg * rate) / total);
}

/** Hours of training at which each of `count` stages before the last ends, in a run of so many. */
export const growthByHours = (count: number, hours: number): number[] =>
  Array.from({ length: count }, (_, i) => hours * (i + 1) * timeShare(i, count + 1));

/** The part of a run's time that belongs to stage `i` of `count`. */
const timeShare = (i: number, count: number): number =>
  count === 1 ? 1 : i === count - 1 ? 1 - GROWTH_SHARE : GROWTH_SHARE / (count - 1);

/** Of an image, in that of one of a single pixel. */
const costOf = (side: number): number => COST_OF_DOUBLING ** Math.log2(side);

/** At least one batch, and whole ones. */
export const wholeBatches = (kimg: number, batch: number): number =>
  (Math.max(1, Math.round((kimg * 1000) / batch)) * batch) / 1000;

/** All stages in order. The last is the recipe's own; the others have its sizes, for smaller images. */
export function stagesOf({ recipe, growth }: Growing): Stage[] {
  const of = growth.length + 1;
  let begin = 0;
  const before = growth.map((stage, i): Stage => {
    const end = begin + (stage.kimg === null ? NEVER : Math.round(stage.kimg * 1000));
    const made = { number: i + 1, of, recipe: recipeOf(recipe, stage), begin, end, deadline: secondsOf(stage.hours) };
    begin = end;
    return made;
  });
  return [...before, { number: of, of, recipe, begin, end: NEVER, deadline: NEVER }];
}

const secondsOf = (hours: number | null): number => (hours === null ? NEVER : hours * 3600);

function recipeOf(recipe: GanRecipe, { resolution, batch, gamma }: GrowthStage): GanRecipe {
  // These two follow the batch.
  const { groupSize, emaKimg, ...others } = recipe;
  return ganRecipe(resolution, { ...others, resolution, batch, gamma });
}

/** The settings once a stage before the last has ended, after the run's first `images`: there it ends from now on. */
export function withEnd<Settings extends Growing>(
  settings: Settings,
  { number, begin }: Stage,
  images: number,
): Settings & { readonly growth: GrowthStage[] } {
  const growth = settings.growth.map((stage, i) =>
    i === number - 1 ? { ...stage, kimg: (images - begin) / 1000, hours: null } : stage,
  );
  return { ...settings, growth };
}

/** The stage that the next image belongs to. */
export const stageAt = (stages: readonly Stage[], images: number): Stage =>
  stages.find(({ end }) => images < end) as Stage;

/** What of every stage comes after what is done, in thousands of images and in seconds, by what a thousand images cost. */
export function forecast(
  settings: Growing & { readonly kimg: number | null; readonly hours: number | null },
  secondsPerKimg: readonly number[],
  done: RunClock,
): { readonly kimg: number; readonly seconds: number }[] {
  const total = settings.kimg === null ? NEVER : settings.kimg * 1000;
  const whole = secondsOf(settings.hours);
  let { images, seconds } = done;
  return stagesOf(settings).map(({ begin, end, deadline }, i) => {
    const cost = secondsPerKimg[i];
    const length = end === NEVER ? end : end - Math.max(begin, done.images);
    const work = cost * (Math.min(length, total - images) / 1000);
    const time = Math.max(0, Math.min(work, Math.min(deadline, whole) - seconds));
    images += (time / cost) * 1000;
    seconds += time;
    return { kimg: time / cost, seconds: time };
  });
}

/** The part of a training of `total` images that is done with the first `images`, by what they cost. */
export function workDone(stages: readonly Stage[], images: number, total: number): number {
  const work = (until: number): number =>
    stages.reduce(
      (sum, { recipe, begin, end }) => sum + Math.max(0, Math.min(until, end) - begin) * costOf(recipe.resolution),
      0,
    );
  return work(images) / work(total);
}
