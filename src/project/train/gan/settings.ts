/** What a training run is: settings.json in its folder, what may change when it is continued, and where it begins. */
import { basename, resolve } from "node:path";
import { z } from "zod";
import { type GanRecipe, ganRecipe } from "../../../train/gan/recipe.ts";
import { TRAINING_RUN } from "../../network/trainingRun.ts";
import { SIDE } from "../../requests/side.ts";
import { ProjectError } from "../../storage/files.ts";
import { fits } from "../pictures/framing.ts";
import { type Resampling, resamplings } from "../pictures/prepareImage.ts";
import { loadRunSettings } from "../settingsFile.ts";
import type { TrainOptions } from "./options.ts";
import { type Preset, type PresetName, presets } from "./presets.ts";
import { growthByHours, growthByImages, growthSides, growthStage, wholeBatches } from "./stages.ts";

const trainSettings = z.strictObject({
  klish: z.literal(TRAINING_RUN),
  /** 1: before there were stages. */
  version: z.literal([1, 2]),
  data: z.strictObject({
    /** Absolute path of the folder or archive. */
    source: z.string(),
    /** As `parseCrop` reads it. */
    crop: z.string(),
    fit: z.enum(fits),
    resize: z.enum(resamplings as [Resampling, ...Resampling[]]),
    mirror: z.boolean(),
  }),
  preset: z.enum(Object.keys(presets) as [PresetName, ...PresetName[]]),
  /** A GanRecipe; `ganRecipe` checks it. */
  recipe: z.looseObject({ resolution: SIDE }),
  /** The stages of smaller images before that. */
  growth: z.array(growthStage).default([]),
  /** Absolute path of the run or network whose weights this one began with. */
  from: z.string().nullable(),
  /** The run ends at this many thousands of images, or after so many hours of training; one of them is there. */
  kimg: z.number().positive().nullable(),
  hours: z.number().positive().nullable(),
  /** Thousands of images between two lines of the log; ticks between two snapshots. */
  tick: z.int().min(1),
  snap: z.int().min(1),
  /** The command line of the first run, to be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
});
type StoredSettings = z.infer<typeof trainSettings>;
export type TrainSettings = Omit<StoredSettings, "recipe"> & { readonly recipe: GanRecipe };

const DEFAULT_TICK = 1;
const DEFAULT_SNAP = 10;
/** Side of the images of the first stage. */
const SMALLEST = 16;

/** The run in a folder; undefined when there is none. Throws ProjectError when its file is damaged. */
export const loadSettings = (folder: string): Promise<TrainSettings | undefined> =>
  loadRunSettings(folder, {
    kind: TRAINING_RUN,
    what: "a training run",
    schema: trainSettings,
    check: (stored) => ({
      ...stored,
      version: 2,
      recipe: ganRecipe(stored.recipe.resolution, stored.recipe as Partial<GanRecipe>),
    }),
  });

/** What a new run begins with, where that is not nothing. */
export interface Beginning {
  /** Sizes of the networks whose weights it takes. */
  readonly sizes: Partial<GanRecipe>;
  /** Of these networks' images. */
  readonly resolution: number;
}

/** The settings of a new run. Throws RangeError for a recipe that does not fit together. */
export function newSettings(
  options: TrainOptions,
  source: string,
  resolution: number,
  beginning: Beginning | undefined,
  origin: Pick<TrainSettings, "command" | "versions" | "from">,
): TrainSettings {
  const name = options.preset ?? "auto";
  const preset: Preset = presets[name];
  const kimg = options.kimg ?? (options.hours === null ? preset.kimg : null);
  const first = beginning === undefined ? SMALLEST : 2 * beginning.resolution;
  const sides = (options.grow ?? preset.grows) ? growthSides(first, resolution) : [];
  const lengths = kimg === null ? undefined : growthByImages([...sides, resolution], kimg);
  const ends = options.hours === null ? undefined : growthByHours(sides.length, options.hours);
  return {
    klish: TRAINING_RUN,
    version: 2,
    data: {
      source: resolve(source),
      crop: options.crop ?? "centre",
      fit: options.fit ?? "pad",
      resize: options.resize ?? "lanczos",
      mirror: options.mirror ?? false,
    },
    preset: name,
    recipe: recipeOf(options, resolution, {
      ...preset.sizes(resolution),
      ...ratesAt(resolution, options, preset),
      ...beginning?.sizes,
    }),
    growth: sides.map((side, i) => {
      const rates = ratesAt(side, options, preset);
      const length = lengths === undefined ? null : wholeBatches(lengths[i], rates.batch);
      return { resolution: side, ...rates, kimg: length, hours: ends?.[i] ?? null };
    }),
    kimg,
    hours: options.hours,
    tick: options.tick ?? DEFAULT_TICK,
    snap: options.snap ?? DEFAULT_SNAP,
    ...origin,
  };
}

/** What the user asked for, or the preset's. */
function ratesAt(
  resolution: number,
  { batch, gamma }: TrainOptions,
  preset: Preset,
): Pick<GanRecipe, "batch" | "gamma"> {
  const rates = preset.rates(resolution, batch);
  return { batch: rates.batch, gamma: gamma ?? rates.gamma };
}

function recipeOf(options: TrainOptions, resolution: number, defaults: Partial<GanRecipe>): GanRecipe {
  const { learningRate, channelBase, channelMax, mappingLayers, noise, seed } = options;
  const asked = { learningRate, channelBase, channelMax, mappingLayers, noise, seed };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null)) as Partial<GanRecipe>;
  const recipe = ganRecipe(resolution, { ...defaults, ...given });
  if (options.aug === "noaug") {
    if (options.target !== null)
      throw new RangeError("--target is of adaptive augmentation: leave it out, or --aug noaug");
    return ganRecipe(resolution, { ...recipe, augment: null });
  }
  if (options.target === null || recipe.augment === null) return recipe;
  return ganRecipe(resolution, { ...recipe, augment: { ...recipe.augment, target: options.target } });
}

/**
 * A run's settings when it is continued: its length, ticks and snapshots may change, and where its pictures are. Throws
 * ProjectError where the options ask for anything else than it was started with.
 */
export function continuedSettings(before: TrainSettings, options: TrainOptions, folder: string): TrainSettings {
  const { data, recipe, growth } = before;
  const fixed: Partial<Record<keyof TrainOptions, unknown>> = {
    crop: data.crop,
    fit: data.fit,
    resize: data.resize,
    mirror: data.mirror,
    preset: before.preset,
    resolution: recipe.resolution,
    grow: growth.length > 0,
    batch: recipe.batch,
    gamma: recipe.gamma,
    learningRate: recipe.learningRate,
    channelBase: recipe.channelBase,
    channelMax: recipe.channelMax,
    mappingLayers: recipe.mappingLayers,
    aug: recipe.augment === null ? "noaug" : "ada",
    target: recipe.augment?.target ?? null,
    seed: recipe.seed,
  };
  const changed = (Object.keys(fixed) as (keyof TrainOptions)[]).flatMap((name) =>
    options[name] === null || options[name] === fixed[name] ? [] : [`${name} was ${fixed[name]}, now ${options[name]}`],
  );
  if (changed.length > 0)
    throw new ProjectError(
      `${folder} was started with other settings: ${changed.join("; ")}. Leave that out to continue it, or start a new run from its ` +
        `weights: another --outdir, and --resume ${basename(folder)}.`,
    );
  // Hours that come later than the run divide it too; more hours make the last stage longer.
  const ends =
    before.hours === null && options.hours !== null ? growthByHours(growth.length, options.hours) : undefined;
  return {
    ...before,
    growth: growth.map((stage, i) => ({ ...stage, hours: ends?.[i] ?? stage.hours })),
    data: { ...data, source: options.data === null ? data.source : resolve(options.data) },
    kimg: options.kimg ?? before.kimg,
    hours: options.hours ?? before.hours,
    tick: options.tick ?? before.tick,
    snap: options.snap ?? before.snap,
  };
}
