/** What a painter's run is: settings.json in its folder, and what may change when it is continued. */
import { resolve } from "node:path";
import { z } from "zod";
import { checkPainterRecipe, type PainterRecipe } from "../../../train/painter/recipe.ts";
import { PAINTER_RUN } from "../../network/trainingRun.ts";
import { lengthOfRun } from "../labelled/labelled.ts";
import { commonSettings, type LabelledKind } from "../labelled/run.ts";
import { fits } from "../pictures/framing.ts";
import { refuseChanges } from "../run.ts";
import { loadRunSettings } from "../settingsFile.ts";
import type { TrainPainterRequest } from "./options.ts";
import { type PainterPreset, PERCEPTUAL, painterPresetNames, painterPresets } from "./presets.ts";
import { readVggFile } from "./vggFile.ts";

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
  ...commonSettings,
});
type Stored = z.infer<typeof painterSettings>;
export type PainterSettings = Omit<Stored, "recipe"> & { readonly recipe: PainterRecipe };

/** What older recipes lack: all masks were those of pictures, and nobody's VGG could be given. */
const OLDER = { editedMasks: 0, perceptual: 0 };

/** A small data set is shown until so many pictures were. */
const LEAST_IMAGES = 100_000;

/** The run in a folder; undefined when there is none. Throws ProjectError when its file is damaged or of another kind of run. */
export const loadPainterSettings = (folder: string): Promise<PainterSettings | undefined> =>
  loadRunSettings(folder, {
    kind: PAINTER_RUN,
    what: "a painter's training run",
    schema: painterSettings,
    check: (stored) => ({
      ...stored,
      // In the stored order, which goes into the bytes of a state.
      recipe: checkPainterRecipe({ ...stored.recipe, ...OLDER, ...stored.recipe } as unknown as PainterRecipe),
    }),
  });

type Painting = LabelledKind<TrainPainterRequest, PainterSettings>;

const begin: Painting["begin"] = async (request, source, { classes, resolution }, origin) => {
  const name = request.preset ?? "auto";
  if (request.width !== null && name !== "spade")
    throw new RangeError("--width is of --cfg spade: leave it out, or add that");
  const vgg =
    request.vgg === null ? null : { file: resolve(request.vgg), sha256: (await readVggFile(request.vgg)).sha256 };
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
};

const proceed: Painting["proceed"] = (before, request, folder) => {
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
};

/** The training of painters. */
export const painting: Painting = {
  title: "a painter",
  oneClass: "a mask of one part says nothing",
  snap: 5,
  load: loadPainterSettings,
  begin,
  proceed,
  length: ({ epochs, preset, recipe }, count) =>
    lengthOfRun(epochs, { usual: painterPresets[preset].epochs, least: LEAST_IMAGES, count, batch: recipe.batch }),
};
