import { join } from "node:path";
import { z } from "zod";
import { colorSchema } from "../../dataset/classSchema.ts";
import { checkClasses } from "../../dataset/labelMap.ts";
import { shellWord } from "../../text/escape.ts";
import { labelState } from "../labels/recipe.ts";
import { SIDE } from "../requests/side.ts";
import { shardsIn } from "../shards/shard.ts";
import { notThere, ProjectError, writeAtomic } from "../storage/files.ts";
import { isForeignJson, readJsonFile } from "../storage/jsonFile.ts";
import { sampleOptions } from "./options.ts";

/** A way to label the images: the clusters of one project, made classes by one recipe. */
const labelSet = z.strictObject({
  /** Names its masks where a dataset has several. */
  name: z.string().regex(/^[\w.-]+$/),
  /** Labels, and the hash of them and the classifiers of their K. */
  labels: labelState,
  recipeSha256: z.string(),
  /** Whose maps the classifiers score. */
  layers: z.array(z.string()).min(1),
});
export type LabelSetSettings = z.infer<typeof labelSet>;

/** Another clustering of the same generator: pixels of which it says another class than the labels are left out. */
const agreement = z.strictObject({
  /** Whose maps its classifiers score, and the hash of these. */
  layers: z.array(z.string()).min(1),
  classifierSha256: z.string(),
  /** The class of the labels that each of its clusters stands for, by its place in their list; -1: none, -2: what is ignored. */
  classes: z.array(z.int().min(-2)).min(2),
});
export type Agreement = z.infer<typeof agreement>;

/** What `klish dataset` was asked to make: all that decides its bytes. Written to dataset.json. */
export const datasetSettings = z.strictObject({
  networkSha256: z.string(),
  family: z.string(),
  /** Every image gets a mask of each. */
  labelSets: z.array(labelSet).min(1),
  latent: z.enum(["normal", "uniform"]),
  class: z.int().min(0).nullable(),
  truncationPsi: z.number(),
  truncationCutoff: z.int().min(0).nullable(),
  noiseMode: z.enum(["const", "none", "random"]),
  /** Side of the generator's images. */
  generatorResolution: SIDE,
  /**
   * Samples are generated in blocks of this many consecutive seeds, the first a multiple of it: the rounding of a sample can
   * depend on what is computed beside it, so that must not depend on where a run, a shard or a resumption begins.
   */
  blockSize: z.int().min(1),
  /** Side of images and masks. */
  resolution: SIDE,
  ...sampleOptions,
  /** Images of a lower score are left out; absent: none is for that. */
  plausibility: z
    .strictObject({
      /** Of the sample on which the score was found; what a usual group of images deviates by (see `openCritic`). */
      share: z.number().gt(0).lt(1),
      threshold: z.number(),
      deviation: z.number(),
      /** Of critic.safetensors. */
      criticSha256: z.string(),
    })
    .optional(),
  /** Other clusterings that must say the same of a pixel; absent: none is asked. */
  agreement: z.array(agreement).min(1).optional(),
});
export type DatasetSettings = z.infer<typeof datasetSettings>;

const datasetClass = z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() });
export type DatasetClasses = readonly z.infer<typeof datasetClass>[];

const datasetFile = z
  .strictObject({
    klish: z.literal("dataset"),
    version: z.literal(1),
    settings: datasetSettings,
    /** Of each label set; the index is the id. */
    classes: z.array(z.array(datasetClass)),
  })
  .superRefine(({ settings: { labelSets }, classes }, context) => {
    if (classes.length !== labelSets.length)
      context.addIssue(`${classes.length} lists of classes for ${labelSets.length} label sets`);
    for (const list of classes)
      try {
        checkClasses(list);
      } catch (error) {
        context.addIssue((error as RangeError).message);
      }
  });
export type DatasetFile = z.infer<typeof datasetFile>;

/** What says that a folder is a dataset, and of what. */
export const DATASET_FILE = "dataset.json";

/** The dataset in a folder; undefined when there is none. Throws ProjectError when its file is damaged. */
export async function loadDataset(folder: string): Promise<DatasetFile | undefined> {
  return readJsonFile(join(folder, DATASET_FILE), datasetFile, {
    what: "a dataset",
    remedy: "Restore it, or start again in another folder.",
  });
}

/** The same where a folder may be anybody's: StyleGAN's tools, for one, write a dataset.json too, which says nothing to us. */
export const datasetIn = async (folder: string): Promise<DatasetFile | undefined> =>
  (await isForeignJson(join(folder, DATASET_FILE))) ? undefined : loadDataset(folder);

/** The dataset in a folder. Throws ProjectError when there is none. */
export async function openDataset(folder: string): Promise<DatasetFile> {
  const file = await loadDataset(folder);
  if (file !== undefined) return file;
  if ((await shardsIn(folder)).length > 0)
    throw new ProjectError(
      `${folder} holds the parts of a dataset. Join them first: klish dataset join ${shellWord(folder)}`,
    );
  throw await notThere(
    folder,
    `${folder} holds no dataset (${DATASET_FILE} is missing)`,
    "Make a data set with `klish dataset`.",
  );
}

export async function saveDataset(folder: string, file: DatasetFile): Promise<void> {
  await writeAtomic(join(folder, DATASET_FILE), datasetText(file));
}

/** What dataset.json says. */
export const datasetText = (file: DatasetFile): string => `${JSON.stringify(file, null, 1)}\n`;

/** Differences that make another dataset; none when `now` continues `before`. A larger count continues. */
export function datasetDifferences(before: DatasetSettings, now: DatasetSettings): string[] {
  const keys = Object.keys(datasetSettings.shape) as (keyof DatasetSettings)[];
  return keys.flatMap((key) => {
    if (key === "count" && now.shard === null && now.count >= before.count) return [];
    const [a, b] = [JSON.stringify(before[key]) ?? "none", JSON.stringify(now[key]) ?? "none"];
    if (a === b) return [];
    return [a.length + b.length > 80 ? `${key} changed` : `${key} was ${a}, now ${b}`];
  });
}

/** The seeds of a dataset, or of its shard: `first` to `end` (exclusive). Shards meet at whole blocks. */
export function seedRange(settings: DatasetSettings): { readonly first: number; readonly end: number } {
  const { firstSeed, count, shard, blockSize: size } = settings;
  const end = firstSeed + count;
  if (shard === null) return { first: firstSeed, end };
  const [low, high] = [Math.floor(firstSeed / size), Math.ceil(end / size)];
  const cut = (part: number): number => (low + Math.floor(((high - low) * part) / shard.of)) * size;
  return { first: Math.max(firstSeed, cut(shard.index - 1)), end: Math.min(end, cut(shard.index)) };
}

export const imagePath = (name: string, { imageFormat }: DatasetSettings): string => `images/${name}.${imageFormat}`;

/** Where label set `set` has its masks and its list of classes; plain names where there is only one. */
export const masksFolder = ({ labelSets }: DatasetSettings, set: number): string => inSet("masks", labelSets, set);
export const classesPath = ({ labelSets }: DatasetSettings, set: number): string =>
  `${inSet("classes", labelSets, set)}.json`;
export const maskPath = (name: string, settings: DatasetSettings, set: number): string =>
  `${masksFolder(settings, set)}/${name}.png`;

const inSet = (what: string, sets: readonly LabelSetSettings[], set: number): string =>
  sets.length === 1 ? what : `${what}_${sets[set].name}`;

/** The index of a label set by name; the only one where no name is given. Throws ProjectError that lists them. */
export function labelSetNamed({ labelSets }: DatasetSettings, name: string | null): number {
  const found = name === null && labelSets.length === 1 ? 0 : labelSets.findIndex((set) => set.name === name);
  if (found >= 0) return found;
  const names = labelSets.map((set) => set.name).join(", ");
  throw new ProjectError(
    name === null
      ? `the dataset has several label sets: ${names}. Choose one with --recipe.`
      : `the dataset has no label set "${name}"; there are ${names}.`,
  );
}
