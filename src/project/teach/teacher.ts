/**
 * Few-shot LSE: a linear classifier of a generator's pixels (softmax regression) from those that a person painted, trained anew after every
 * stroke. What is learned lies in the folder as `klish train extractor --method lse` writes it, so that labels, data sets and previews take
 * the folder for an extractor's.
 */
import { rm } from "node:fs/promises";
import { softmaxRegression } from "../../cluster/svm/softmaxRegression.ts";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { denseFeatures } from "../../pixels/denseFeatures.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import { featurePyramid } from "../../pixels/pyramid/featurePyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { mixSeed } from "../../train/mixSeed.ts";
import { masksHash } from "../dataset/masks.ts";
import { extractorPath } from "../extractor/extractorFile.ts";
import { type ExtractorSettings, loadExtractorSettings, saveExtractorSettings } from "../extractor/settings.ts";
import { singleCut } from "../labels/parts.ts";
import { loadRecipe } from "../labels/recipeFile.ts";
import { EXTRACTOR_RUN } from "../network/trainingRun.ts";
import { withLock } from "../storage/lock.ts";
import { firstLabels, keepExtractor, saveFirstLabels } from "../train/extractor/keep.ts";
import { masksOf, type TeachFolder } from "./teachFile.ts";
import { paintedPixels, type Teaching } from "./teaching.ts";

/** Trains after strokes, and holds what the next training needs of the pixels. */
export interface Teacher {
  /**
   * The classifier of what is taught, its class i the i-th of the teaching; undefined while fewer than two classes are painted. It is in the
   * folder before it is returned.
   */
  classifier(taught: TeachFolder): Promise<LinearClassifier | undefined>;
}

export interface TeacherOptions {
  /** The maps of the settings' layers of a seed's picture, [1,C,h,h] each. */
  readonly maps: (seed: number) => Promise<readonly Tensor[]>;
  readonly threads: number;
}

/** Pixels that are learned from at most, shared among the classes: more teach little, and cost time after every stroke. */
const MOST_PIXELS = 512;

/** Models that are remembered, of histories that one may come back to. */
const MOST_MODELS = 16;

/** Another process may be making something of the folder. */
const WAIT_SECONDS = 30;

/** A painted pixel that is learned from. */
export interface PaintedPixel {
  readonly seed: number;
  readonly pixel: number;
  readonly label: number;
}

/**
 * The painted pixels that are learned from, by seed and pixel: of every class all, or as many as its share of `most`, drawn so that a pixel that
 * was taken stays taken when others come.
 */
export function chosenPixels(teaching: Pick<Teaching, "classes" | "labels">, most: number): PaintedPixel[] {
  const present = paintedPixels(teaching).filter((count) => count > 0).length;
  const share = Math.max(1, Math.floor(most / Math.max(1, present)));
  const byClass: PaintedPixel[][] = teaching.classes.map(() => []);
  for (const [seed, labels] of teaching.labels)
    for (const [pixel, label] of labels.entries())
      if (label !== IGNORE_LABEL) byClass[label].push({ seed, pixel, label });
  const rank = ({ seed, pixel }: PaintedPixel): number => mixSeed(seed, pixel, 0);
  return byClass
    .flatMap((pixels) =>
      pixels.length <= share ? pixels : pixels.toSorted((a, b) => rank(a) - rank(b)).slice(0, share),
    )
    .sort((a, b) => a.seed - b.seed || a.pixel - b.pixel);
}

/** A teacher in a folder. Nothing is computed before the first question. */
export function openTeacher(folder: string, { maps, threads }: TeacherOptions): Teacher {
  const blas = ortBlas({ threads });
  /** Of the last histories: what is undone and done again is not trained again. */
  const models = new Map<string, LinearClassifier | undefined>();
  /** Whose model the folder holds. */
  let kept: string | undefined;
  /** Channels of pixels that the last training took. */
  let known = new Map<string, Float32Array>();

  const rowsOf = async (pixels: readonly PaintedPixel[], resolution: number): Promise<Tensor> => {
    const key = ({ seed, pixel }: PaintedPixel): string => `${seed} ${pixel}`;
    const rows = new Map<string, Float32Array>();
    for (const seed of new Set(pixels.map((one) => one.seed))) {
      const own = pixels.filter((one) => one.seed === seed);
      const missing = own.filter((one) => !known.has(key(one)));
      for (const one of own) if (known.has(key(one))) rows.set(key(one), known.get(key(one))!);
      if (missing.length === 0) continue;
      const features = featurePyramid(await maps(seed), { resolution, blas });
      const found = await features.rows(Int32Array.from(missing, ({ pixel }) => pixel));
      const { channels } = features;
      for (const [i, one] of missing.entries()) rows.set(key(one), found.slice(i * channels, (i + 1) * channels));
    }
    known = rows;
    const all = pixels.map((one) => rows.get(key(one))!);
    const matrix = tensor([all.length, all[0].length]);
    for (const [i, row] of all.entries()) matrix.data.set(row, i * row.length);
    return matrix;
  };

  const train = async ({ settings, teaching }: TeachFolder): Promise<LinearClassifier> => {
    const pixels = chosenPixels(teaching, MOST_PIXELS);
    const { k, channels, weight, bias } = await softmaxRegression(
      denseFeatures(await rowsOf(pixels, settings.resolution), { blas }),
      { labels: pixels.map(({ label }) => label), nClasses: teaching.classes.length },
    );
    return { k, channels, weight, bias };
  };

  return {
    async classifier(taught) {
      const { teaching } = taught;
      const key = JSON.stringify([taught.history.actions]);
      if (key === kept) return models.get(key);
      const some = paintedPixels(teaching).filter((count) => count > 0).length;
      const model = some < 2 ? undefined : (models.get(key) ?? (await train(taught)));
      await withLock(
        folder,
        () => (model === undefined ? rm(extractorPath(folder), { force: true }) : save(folder, taught, model)),
        {
          waitSeconds: WAIT_SECONDS,
        },
      );
      models.delete(key);
      models.set(key, model);
      if (models.size > MOST_MODELS) models.delete(models.keys().next().value as string);
      kept = key;
      return model;
    },
  };
}

/** Writes the folder as that of an extractor that has learned. */
async function save(folder: string, { settings, teaching }: TeachFolder, model: LinearClassifier): Promise<void> {
  const { command, ...sampled } = settings;
  const seeds = [...teaching.labels.keys()];
  const classes = teaching.classes.map(({ name, color }) => ({ name, color, background: false }));
  const masksSha256 = masksHash(seeds, [...teaching.labels.values()]);
  await renewLabels(folder, classes);
  await saveExtractorSettings(folder, {
    ...{ klish: EXTRACTOR_RUN, version: 1, method: "lse", ...sampled },
    ...{ masks: masksOf(folder), seeds, masksSha256, classes, epochs: null, seed: 0, command },
  });
  await keepExtractor(folder, model);
}

/** The labels are the classes, unless somebody has labelled the same number of them otherwise. */
async function renewLabels(folder: string, classes: ExtractorSettings["classes"]): Promise<void> {
  const before = (await loadExtractorSettings(folder))?.classes ?? [];
  const known =
    before.length === 0 ? undefined : await loadRecipe({ folder }, singleCut({ ...NO_MODEL, k: before.length }));
  const edited = known !== undefined && JSON.stringify(known.state) !== JSON.stringify(firstLabels(before));
  if (!edited || before.length !== classes.length) await saveFirstLabels(folder, classes);
}

/** Labels are read without the classifier that they are of. */
const NO_MODEL = { channels: 0, weight: new Float32Array(0), bias: new Float32Array(0) };
