/** A painter's training run, from its data set to its newest painter. */
import { join } from "node:path";
import { painterSafetensors, styleOfSeed } from "../../../models/painter/painterFile.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { type Example, rgbOf } from "../../../train/examples.ts";
import { presentClasses } from "../../../train/painter/batch.ts";
import type { PainterTrainer } from "../../../train/painter/painterTrainer.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { painterPath } from "../../network/trainingRun.ts";
import { writeAtomic } from "../../storage/files.ts";
import { locked } from "../../storage/lock.ts";
import { type ExampleStore, openExamples } from "../labelled/exampleStore.ts";
import { prepareLabelled } from "../labelled/labelled.ts";
import { planLabelled, type RunEnd, runLabelled } from "../labelled/run.ts";
import { sheetPath } from "../log/sheets.ts";
import type { Training } from "../loop.ts";
import { batchOrder } from "../pictures/batchOrder.ts";
import { evenly } from "../pictures/chooseResolution.ts";
import { saveRunSettings } from "../settingsFile.ts";
import type { TrainPainterRequest } from "./options.ts";
import { type PainterSettings, painting } from "./settings.ts";
import { paintingSheet } from "./sheets.ts";
import { startPainter } from "./startTrainer.ts";

export interface PainterSummary extends RunEnd {
  readonly folder: string;
  /** The newest painter. */
  readonly painter: string;
  readonly pictures: { readonly train: number; readonly val: number; readonly rejected: number };
}

/** Folder of prepared pictures in a run's folder. */
export const examplesFolder = (run: string): string => join(run, "images");

/** Begins a run, or continues the one that is in the folder. `now`: milliseconds from any start. */
export async function trainPainter(
  request: TrainPainterRequest,
  job: JobOptions,
  now: () => number,
): Promise<PainterSummary> {
  const planned = await planLabelled(painting, request);
  const { folder, settings } = planned;
  return locked(folder, async () => {
    await saveRunSettings(folder, settings);
    const { data, recipe, classes } = settings;
    const form = { resolution: recipe.resolution, fit: data.fit };
    const source = { path: data.source, classes, oneClass: painting.oneClass };
    await prepareLabelled(examplesFolder(folder), source, form, job);
    const examples = await openExamples(examplesFolder(folder));
    try {
      const { train, val, prepared } = examples;
      const trainer = {
        start: (state: TrainingState | undefined) => startPainter(settings, state, request, job),
        training: (trainer: PainterTrainer) => painterTraining(folder, settings, examples, trainer),
      };
      const end = await runLabelled(painting, planned, train.length, trainer, request, job, now);
      const pictures = { train: train.length, val: val.length, rejected: prepared.rejected };
      return { folder, painter: painterPath(folder), ...end, pictures };
    } finally {
      await examples.close();
    }
  });
}

/** Pictures that are judged at most, and shown on a sheet; styles that a painter carries. */
const MOST_JUDGED = 64;
const SHOWN = 8;
export const BANK = 128;
/** Seeds of the other styles on a sheet. */
const SHEET_SEEDS = [0, 1];

/** A painter for the loop. */
function painterTraining(
  folder: string,
  settings: PainterSettings,
  examples: ExampleStore,
  trainer: PainterTrainer,
): Training {
  const { recipe, classes } = settings;
  const { resolution, batch, seed } = recipe;
  const order = batchOrder({ count: examples.train.length, mirror: false, seed });
  const judged = evenly(examples.val, MOST_JUDGED);
  const shown = evenly(judged.length > 0 ? examples.val : examples.train, SHOWN);
  const banked = evenly(examples.train, BANK);

  /** In pieces of a batch, the last of which is filled up: sessions are compiled for one number of pictures. */
  async function inBatches(
    all: readonly Example[],
    run: (some: readonly Example[], first: number) => Promise<Tensor>,
  ): Promise<Tensor> {
    let result: Tensor | undefined;
    for (let first = 0; first < all.length; first += batch) {
      const some = Array.from({ length: batch }, (_, i) => all[first + i] ?? all[first]);
      const { shape, data } = await run(some, first);
      const row = data.length / batch;
      result ??= tensor([all.length, ...shape.slice(1)]);
      result.data.set(data.subarray(0, row * Math.min(batch, all.length - first)), first * row);
    }
    return result as Tensor;
  }
  const encoded = (all: readonly Example[]): Promise<Tensor> => inBatches(all, (some) => trainer.encode(some));
  /** Paintings [n,3,S,S] of the examples' masks in styles [n,P,d]. */
  const painted = (all: readonly Example[], styles: Tensor): Promise<Tensor> => {
    const row = styles.data.length / styles.shape[0];
    return inBatches(all, (some, first) => {
      const part = tensor([batch, ...styles.shape.slice(1)]);
      for (let i = 0; i < batch; i++) {
        const at = Math.min(first + i, all.length - 1) * row;
        part.data.set(styles.data.subarray(at, at + row), i * row);
      }
      return trainer.paint(
        some.map(({ labels }) => labels),
        part,
      );
    });
  };

  /** Styles of pictures that it learned from; NaN where one has not got the class. */
  async function bank(): Promise<Tensor> {
    const some = await examples.read(banked);
    const styles = await encoded(some);
    const [, places, size] = styles.shape;
    const present = presentClasses(
      some.map(({ labels }) => labels),
      classes.length,
    );
    if (places > 1)
      for (const [n, there] of present.entries())
        for (let k = 0; k < places; k++)
          if (!there[k]) styles.data.fill(Number.NaN, (n * places + k) * size, (n * places + k + 1) * size);
    return styles;
  }

  return {
    recipe,
    columns: { means: ["lossPainter", "lossAdversary", "colours"], last: [] },
    get images() {
      return trainer.images;
    },
    async step() {
      const positions = order(trainer.images, batch).map(({ index }) => examples.train[index]);
      return { ...(await trainer.step(await examples.read(positions))) };
    },
    state: () => trainer.state(),
    async measure() {
      if (judged.length === 0) return {};
      const some = await examples.read(judged);
      const paintings = await painted(some, await encoded(some));
      const row = paintings.data.length / some.length;
      let distance = 0;
      for (const [n, { rgb }] of some.entries()) {
        const pixels = rgbOf(paintings.data.subarray(n * row, (n + 1) * row));
        for (const [i, v] of rgb.entries()) distance += Math.abs(v - pixels[i]);
      }
      // Of a pixel's colours, from 0 to 1.
      return { colourError: distance / (255 * row * some.length) };
    },
    async sheet() {
      const some = await examples.read(shown);
      const styles = await encoded(some);
      const known = { styles: await bank() };
      const rows = [
        styles,
        ...SHEET_SEEDS.map((first) => {
          const others = tensor(styles.shape);
          const size = others.data.length / some.length;
          for (const n of some.keys()) others.data.set(styleOfSeed(known, SHEET_SEEDS.length * n + first), n * size);
          return others;
        }),
      ];
      const paintings: Uint8Array[][] = [];
      for (const row of rows) {
        const { data } = await painted(some, row);
        const size = data.length / some.length;
        paintings.push(some.map((_, n) => rgbOf(data.subarray(n * size, (n + 1) * size))));
      }
      return paintingSheet(some, paintings, resolution, classes);
    },
    sheetPath: (images) => sheetPath(folder, images),
    async write() {
      const styles = await bank();
      const about = {
        version: 1 as const,
        side: resolution,
        classes,
        places: styles.shape[1],
        styleSize: styles.shape[2],
        plan: recipe.plan,
        images: trainer.images,
      };
      await writeAtomic(painterPath(folder), painterSafetensors({ about, styles, weights: trainer.weights() }));
    },
    note: (figures) => ({
      where: [],
      how: [
        `painter ${figures?.["lossPainter"]?.toFixed(2)}`,
        `discriminator ${figures?.["lossAdversary"]?.toFixed(2)}`,
        `colours ${figures?.["colours"]?.toFixed(3)}`,
      ],
    }),
  };
}
