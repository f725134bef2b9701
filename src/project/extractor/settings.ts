/** settings.json of a run of `klish train extractor`: what was learned, from which masks of which generator. */
import { join } from "node:path";
import { z } from "zod";
import { colorSchema } from "../../dataset/classSchema.ts";
import { clusterSettings } from "../cluster/settings.ts";
import { EXTRACTOR_RUN, isTrainingRun } from "../network/trainingRun.ts";
import { writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";

/** Ways to learn from few labels. */
export const extractorMethods = ["lse", "mlp-ensemble", "cnn"] as const;
export type ExtractorMethod = (typeof extractorMethods)[number];

const { network, networkSha256, latent, seeds, layers, resolution, ...sampled } = clusterSettings.shape;

/** Whose channels are learned from labels of its pictures, and how these are made: settings of extractors, and of classes that are taught. */
export const learnedGenerator = {
  /** Absolute path of the generator, and the hash of its bytes. */
  network,
  networkSha256,
  family: z.string(),
  latent,
  class: sampled.class,
  truncationPsi: sampled.truncationPsi,
  truncationCutoff: sampled.truncationCutoff,
  noiseMode: sampled.noiseMode,
  /** Whose channels are learned, in forward order; and the side of the maps of labels. */
  layers,
  resolution,
};

const extractorSettings = z.strictObject({
  klish: z.literal(EXTRACTOR_RUN),
  version: z.literal(1),
  method: z.enum(extractorMethods),
  ...learnedGenerator,
  /** Absolute path of the masks, the images that have one, and the hash of all labels. */
  masks: z.string(),
  seeds,
  masksSha256: z.string(),
  /** The index is the id. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })).min(2),
  /** Passes over the labelled pixels or pictures; null where the minimum is found. */
  epochs: z.number().positive().nullable(),
  /** Of everything random. */
  seed: z.int().min(0),
  /** The command line of the first run, to be shown. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
});
export type ExtractorSettings = z.infer<typeof extractorSettings>;

const FILE = "settings.json";

/** The run in a folder; undefined where that is no extractor's. Throws ProjectError when its file is damaged. */
export async function loadExtractorSettings(folder: string): Promise<ExtractorSettings | undefined> {
  if (!(await isTrainingRun(folder, EXTRACTOR_RUN))) return undefined;
  return readJsonFile(join(folder, FILE), extractorSettings, {
    what: "an extractor's run",
    remedy: "Restore it, or start again in another folder.",
  });
}

/** Writes settings.json. */
export const saveExtractorSettings = (folder: string, settings: ExtractorSettings): Promise<void> =>
  writeAtomic(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);
