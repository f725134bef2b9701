/** What a segmenter's run is: settings.json in its folder, and what may change when it is continued. */
import { resolve } from "node:path";
import { z } from "zod";
import { segmenterNetwork } from "../../../models/segmenter.ts";
import { checkRecipe, type SegmenterRecipe } from "../../../train/segmenter/recipe.ts";
import { SEGMENTER_RUN } from "../../network/trainingRun.ts";
import { listImages } from "../../storage/imageFiles.ts";
import { lengthOfRun } from "../labelled/labelled.ts";
import { commonSettings, type LabelledKind } from "../labelled/run.ts";
import { fits } from "../pictures/framing.ts";
import { refuseChanges } from "../run.ts";
import { loadRunSettings } from "../settingsFile.ts";
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
  ...commonSettings,
});
type Stored = z.infer<typeof segmenterSettings>;
export type SegmenterSettings = Omit<Stored, "recipe"> & { readonly recipe: SegmenterRecipe };

/** A small data set is shown until so many pictures were. */
const LEAST_IMAGES = 20_000;

/** The run in a folder; undefined when there is none. Throws ProjectError when its file is damaged or of another kind of run. */
export const loadSegmenterSettings = (folder: string): Promise<SegmenterSettings | undefined> =>
  loadRunSettings(folder, {
    kind: SEGMENTER_RUN,
    what: "a segmenter's training run",
    schema: segmenterSettings,
    check: (stored) => ({ ...stored, recipe: checked(stored.recipe as unknown as SegmenterRecipe) }),
  });

const checked = (recipe: SegmenterRecipe): SegmenterRecipe =>
  checkRecipe(recipe, segmenterNetwork(recipe.architecture, recipe.classes).sideMultiple);

type Segmenting = LabelledKind<TrainSegmenterRequest, SegmenterSettings>;

const begin: Segmenting["begin"] = async (request, source, { classes, resolution }, origin) => {
  const name = request.preset ?? "auto";
  const preset: SegmenterPreset = segmenterPresets[name];
  const augment = request.augment ?? preset.augment;
  const range = augmentations[augment];
  const base = preset.recipe(resolution);
  const batch = request.batch ?? base.batch;
  if (request.threshold !== null && request.unlabelled === null)
    throw new RangeError("--threshold is of photos without labels: give some with --unlabelled, or leave it out");
  if (request.unlabelled !== null) await listImages(request.unlabelled);
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
};

const proceed: Segmenting["proceed"] = (before, request, folder) => {
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
};

/** The training of segmenters. */
export const segmenting: Segmenting = {
  title: "a segmenter",
  oneClass: "a segmenter tells two or more apart",
  snap: 5,
  beside: ({ unlabelled }) => unlabelled,
  load: loadSegmenterSettings,
  begin,
  proceed,
  length: ({ epochs, preset, recipe }, count) =>
    lengthOfRun(epochs, { usual: segmenterPresets[preset].epochs, least: LEAST_IMAGES, count, batch: recipe.batch }),
};
