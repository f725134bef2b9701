/** What a painter's run is: settings.json in its folder, and what may change when it is continued. */
import { join, resolve } from "node:path";
import { z } from "zod";
import { colorSchema } from "../../../dataset/classSchema.ts";
import { checkPainterRecipe, type PainterRecipe } from "../../../train/painter/recipe.ts";
import { PAINTER_RUN, refuseOtherRun } from "../../network/trainingRun.ts";
import { ProjectError, writeAtomic } from "../../storage/files.ts";
import { readJsonFile } from "../../storage/jsonFile.ts";
import { lengthOfRun } from "../labelled/labelled.ts";
import { fits } from "../pictures/framing.ts";
import { refuseChanges } from "../run.ts";
import type { TrainPainterRequest } from "./options.ts";
import { type PainterPreset, PERCEPTUAL, painterPresetNames, painterPresets } from "./presets.ts";

const painterSettings = z.strictObject({
  klish: z.literal(PAINTER_RUN),
  version: z.literal(1),
  data: z.strictObject({
    /** Absolute path of the data set. */
    source: z.string(),
    fit: z.enum(fits),
  }),
  preset: z.enum(painterPresetNames),
  width: z.int().nullable(),
  /** The VGG19 of the perceptual loss: absolute path, and what is in it. */
  vgg: z.strictObject({ file: z.string(), sha256: z.string() }).nullable().default(null),
  /** Of the data set; the index is the id. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })),
  /** A PainterRecipe; `checkPainterRecipe` checks it. */
  recipe: z.looseObject({}),
  /** Passes over the data set, null: the preset's, or as many as make LEAST_IMAGES; and the most hours of training, null: no limit. */
  epochs: z.number().positive().nullable(),
  hours: z.number().positive().nullable(),
  /** The command line of the first run, to be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
});
type Stored = z.infer<typeof painterSettings>;
export type PainterSettings = Omit<Stored, "recipe"> & { readonly recipe: PainterRecipe };

/** What older recipes lack: all masks were those of pictures, and nobody's VGG could be given. */
const OLDER = { editedMasks: 0, perceptual: 0 };

const FILE = "settings.json";
/** A small data set is shown until so many pictures were. */
const LEAST_IMAGES = 100_000;
/** Lines of the log between two sheets. */
export const SNAP = 5;

/** Pictures that a run of `count` shows in all, and from one line of the log to the next. */
export const lengthOf = ({ epochs, preset, recipe }: PainterSettings, count: number) =>
  lengthOfRun(epochs, { usual: painterPresets[preset].epochs, least: LEAST_IMAGES, count, batch: recipe.batch });

/** The run in a folder; undefined when there is none. Throws ProjectError when its file is damaged or of another kind of run. */
export async function loadPainterSettings(folder: string): Promise<PainterSettings | undefined> {
  const path = join(folder, FILE);
  const remedy = "Restore it, or start again in another folder.";
  await refuseOtherRun(folder, PAINTER_RUN);
  const stored = await readJsonFile(path, painterSettings, { what: "a painter's training run", remedy });
  if (stored === undefined) return undefined;
  try {
    return { ...stored, recipe: checkPainterRecipe({ ...OLDER, ...stored.recipe } as unknown as PainterRecipe) };
  } catch (cause) {
    throw new ProjectError(`${path}: ${(cause as Error).message}. ${remedy}`, { cause });
  }
}

export const savePainterSettings = (folder: string, settings: PainterSettings): Promise<void> =>
  writeAtomic(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);

/** The settings of a new run. Throws RangeError for a recipe that does not fit together. */
export function newPainterSettings(
  request: TrainPainterRequest,
  source: string,
  {
    classes,
    resolution,
    vgg,
  }: { readonly classes: Stored["classes"]; readonly resolution: number; readonly vgg: Stored["vgg"] },
  origin: Pick<Stored, "versions">,
): PainterSettings {
  const name = request.preset ?? "auto";
  if (request.width !== null && name !== "spade")
    throw new RangeError("--width is of --cfg spade: leave it out, or add that");
  if (vgg !== null && name !== "spade") throw new RangeError("--vgg is of --cfg spade: leave it out, or add that");
  const preset: PainterPreset = painterPresets[name];
  const base = preset.recipe(resolution, request.width);
  return {
    klish: PAINTER_RUN,
    version: 1,
    data: { source: resolve(source), fit: request.fit ?? "pad" },
    preset: name,
    width: request.width,
    vgg,
    classes,
    recipe: checkPainterRecipe({
      ...base,
      perceptual: vgg === null ? base.perceptual : PERCEPTUAL,
      classes: classes.length,
      resolution,
      batch: request.batch ?? base.batch,
      mirror: request.mirror ?? true,
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
export function continuedPainterSettings(
  before: PainterSettings,
  request: TrainPainterRequest,
  folder: string,
): PainterSettings {
  const { data, recipe } = before;
  const absolute = (path: string | null): string | null => (path === null ? null : resolve(path));
  const asked = { ...request, data: absolute(request.data), vgg: absolute(request.vgg) };
  const fixed = {
    data: data.source,
    fit: data.fit,
    preset: before.preset,
    width: before.width,
    vgg: before.vgg?.file ?? null,
    resolution: recipe.resolution,
    batch: recipe.batch,
    mirror: recipe.mirror,
    seed: recipe.seed,
  };
  refuseChanges(asked, fixed, folder);
  return { ...before, epochs: request.epochs ?? before.epochs, hours: request.hours ?? before.hours };
}
