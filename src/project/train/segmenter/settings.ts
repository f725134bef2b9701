/** What a segmenter's run is: settings.json in its folder, and what may change when it is continued. */
import { join, resolve } from "node:path";
import { z } from "zod";
import { colorSchema } from "../../../dataset/classSchema.ts";
import { segmenterNetwork } from "../../../models/segmenter.ts";
import { checkRecipe, type SegmenterRecipe } from "../../../train/segmenter/recipe.ts";
import { refuseOtherRun, SEGMENTER_RUN } from "../../network/trainingRun.ts";
import { ProjectError, writeAtomic } from "../../storage/files.ts";
import { readJsonFile } from "../../storage/jsonFile.ts";
import { lengthOfRun } from "../labelled/labelled.ts";
import { fits } from "../pictures/framing.ts";
import { refuseChanges } from "../run.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import {
  augmentations,
  augmentChoices,
  type SegmenterPreset,
  segmenterPresetNames,
  segmenterPresets,
} from "./presets.ts";

const segmenterSettings = z.strictObject({
  klish: z.literal(SEGMENTER_RUN),
  version: z.literal(1),
  data: z.strictObject({
    /** Absolute path of the data set; of the photos without labels, null: none. */
    source: z.string(),
    unlabelled: z.string().nullable(),
    fit: z.enum(fits),
  }),
  preset: z.enum(segmenterPresetNames),
  augment: z.enum(augmentChoices),
  classWeights: z.enum(["balanced", "none"]),
  /** Of the data set; the index is the id. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })),
  /** A SegmenterRecipe; `checkRecipe` checks it. */
  recipe: z.looseObject({}),
  /** Passes over the data set, null: as many as make LEAST_IMAGES; and the most hours of training, null: no limit. */
  epochs: z.number().positive().nullable(),
  hours: z.number().positive().nullable(),
  /** The command line of the first run, to be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
});
type Stored = z.infer<typeof segmenterSettings>;
export type SegmenterSettings = Omit<Stored, "recipe"> & { readonly recipe: SegmenterRecipe };

const FILE = "settings.json";
/** A small data set is shown until so many pictures were. */
const LEAST_IMAGES = 20_000;
/** Lines of the log between two validations. */
export const SNAP = 5;

/** Labelled pictures that a run of `count` shows in all, and from one line of the log to the next. */
export function lengthOf(
  { epochs, preset, recipe }: SegmenterSettings,
  count: number,
): { images: number; tick: number } {
  return lengthOfRun(epochs, {
    usual: segmenterPresets[preset].epochs,
    least: LEAST_IMAGES,
    count,
    batch: recipe.batch,
  });
}

/** The run in a folder; undefined when there is none. Throws ProjectError when its file is damaged or of another kind of run. */
export async function loadSegmenterSettings(folder: string): Promise<SegmenterSettings | undefined> {
  const path = join(folder, FILE);
  const remedy = "Restore it, or start again in another folder.";
  await refuseOtherRun(folder, SEGMENTER_RUN);
  const stored = await readJsonFile(path, segmenterSettings, { what: "a segmenter's training run", remedy });
  if (stored === undefined) return undefined;
  try {
    return { ...stored, recipe: checked(stored.recipe as unknown as SegmenterRecipe) };
  } catch (cause) {
    throw new ProjectError(`${path}: ${(cause as Error).message}. ${remedy}`, { cause });
  }
}

const checked = (recipe: SegmenterRecipe): SegmenterRecipe =>
  checkRecipe(recipe, segmenterNetwork(recipe.architecture, recipe.classes).sideMultiple);

export const saveSegmenterSettings = (folder: string, settings: SegmenterSettings): Promise<void> =>
  writeAtomic(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);

/** The settings of a new run. Throws RangeError for a recipe that does not fit together. */
export function newSegmenterSettings(
  request: TrainSegmenterRequest,
  source: string,
  { classes, resolution }: { readonly classes: Stored["classes"]; readonly resolution: number },
  origin: Pick<Stored, "versions">,
): SegmenterSettings {
  const name = request.preset ?? "auto";
  const preset: SegmenterPreset = segmenterPresets[name];
  const augment = request.augment ?? preset.augment;
  const range = augmentations[augment];
  const base = preset.recipe(resolution);
  const batch = request.batch ?? base.batch;
  if (request.threshold !== null && request.unlabelled === null)
    throw new RangeError("--threshold is of photos without labels: give some with --unlabelled, or leave it out");
  return {
    klish: SEGMENTER_RUN,
    version: 1,
    data: {
      source: resolve(source),
      unlabelled: request.unlabelled === null ? null : resolve(request.unlabelled),
      fit: request.fit ?? "pad",
    },
    preset: name,
    augment,
    classWeights: request.classWeights ?? "none",
    classes,
    recipe: checked({
      ...base,
      classes: classes.length,
      resolution,
      batch,
      learningRate: request.learningRate ?? base.learningRate,
      augment: range === null ? null : { ...range, flip: range.flip && request.mirror !== false },
      selfTraining:
        request.unlabelled === null ? null : { batch, threshold: request.threshold ?? 0.95, weight: 1, ramp: 0.2 },
      seed: request.seed ?? 0,
    }),
    epochs: request.epochs,
    hours: request.hours,
    command: request.command,
    ...origin,
  };
}

/**
 * A run's settings when it is continued: its length may change. Throws ProjectError where the request asks for anything else
 * than it was started with.
 */
export function continuedSegmenterSettings(
  before: SegmenterSettings,
  request: TrainSegmenterRequest,
  folder: string,
): SegmenterSettings {
  const { data, recipe } = before;
  const path = (given: string | null): string | null => (given === null ? null : resolve(given));
  const asked = { ...request, data: path(request.data), unlabelled: path(request.unlabelled) };
  const fixed = {
    data: data.source,
    unlabelled: data.unlabelled,
    fit: data.fit,
    preset: before.preset,
    resolution: recipe.resolution,
    batch: recipe.batch,
    learningRate: recipe.learningRate,
    classWeights: before.classWeights,
    augment: before.augment,
    // Without changes of pictures there is nothing to mirror, whatever was asked for.
    mirror: recipe.augment?.flip ?? request.mirror,
    threshold: recipe.selfTraining?.threshold ?? null,
    seed: recipe.seed,
  } as const;
  refuseChanges(asked, fixed, folder);
  return { ...before, epochs: request.epochs ?? before.epochs, hours: request.hours ?? before.hours };
}
