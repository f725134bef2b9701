/** A segmenter's training run, from its data set to its best snapshot. */
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "../../../checkpoint/safetensors.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type Example, planesOf, stacked } from "../../../train/examples.ts";
import { likeliest, scoreCounter } from "../../../train/segmenter/scores.ts";
import type { SegmenterTrainer } from "../../../train/segmenter/segmenterTrainer.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { segmenterPath } from "../../network/trainingRun.ts";
import { SEGMENTER_METADATA } from "../../segment/segmenterModel.ts";
import { readIfThere, writeAtomic } from "../../storage/files.ts";
import { listImages } from "../../storage/imageFiles.ts";
import { locked } from "../../storage/lock.ts";
import { type ExampleStore, openExamples } from "../labelled/exampleStore.ts";
import { prepareLabelled } from "../labelled/labelled.ts";
import { prepareExamples } from "../labelled/prepareExamples.ts";
import { planLabelled, type RunEnd, runLabelled } from "../labelled/run.ts";
import { type Shown, sampleSheet } from "../log/maskSheet.ts";
import { sheetPath } from "../log/sheets.ts";
import type { Training } from "../loop.ts";
import { batchOrder } from "../pictures/batchOrder.ts";
import { evenly } from "../pictures/chooseResolution.ts";
import { saveRunSettings } from "../settingsFile.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import { type SegmenterSettings, segmenting } from "./settings.ts";
import { startSegmenter } from "./startTrainer.ts";

export interface SegmenterSummary extends RunEnd {
  readonly folder: string;
  /** The best segmenter so far; its mean IoU on the validation pictures, null where there are none. */
  readonly segmenter: string;
  readonly meanIou: number | null;
  readonly pictures: {
    readonly train: number;
    readonly val: number;
    readonly unlabelled: number;
    readonly rejected: number;
  };
}

/** Folders of prepared pictures in a run's folder. */
export const labelledFolder = (run: string): string => join(run, "images");
export const unlabelledFolder = (run: string): string => join(run, "photos");

/** Begins a run, or continues the one that is in the folder. `now`: milliseconds from any start. */
export async function trainSegmenter(
  request: TrainSegmenterRequest,
  job: JobOptions,
  now: () => number,
): Promise<SegmenterSummary> {
  const planned = await planLabelled(segmenting, request);
  const { folder, settings } = planned;
  return locked(folder, async () => {
    await saveRunSettings(folder, settings);
    await prepareRun(folder, settings, job);
    const labelled = await openExamples(labelledFolder(folder));
    const unlabelled = settings.data.unlabelled === null ? undefined : await openExamples(unlabelledFolder(folder));
    try {
      const { train, val, prepared } = labelled;
      const trainer = {
        start: (state: TrainingState | undefined) => startSegmenter(settings, prepared.pixels, state, request, job),
        training: (trainer: SegmenterTrainer) => segmenterTraining({ folder, settings, labelled, unlabelled }, trainer),
      };
      const end = await runLabelled(segmenting, planned, train.length, trainer, request, job, now);
      const pictures = {
        train: train.length,
        val: val.length,
        unlabelled: unlabelled?.prepared.count ?? 0,
        rejected: prepared.rejected + (unlabelled?.prepared.rejected ?? 0),
      };
      return { folder, segmenter: segmenterPath(folder), meanIou: await bestSoFar(folder), ...end, pictures };
    } finally {
      await labelled.close();
      await unlabelled?.close();
    }
  });
}

/** Prepares the pictures that are not yet. Throws ProjectError where they cannot be learned from. */
export async function prepareRun(folder: string, settings: SegmenterSettings, job: JobOptions): Promise<void> {
  const { data, recipe, classes } = settings;
  const form = { resolution: recipe.resolution, fit: data.fit };
  const source = { path: data.source, classes, oneClass: segmenting.oneClass };
  await prepareLabelled(labelledFolder(folder), source, form, job);
  const { unlabelled } = data;
  if (unlabelled === null) return;
  await prepareExamples(
    unlabelledFolder(folder),
    async () => {
      const { files } = await listImages(unlabelled);
      return {
        what: "photos",
        total: files.length,
        classes: 0,
        async *stream() {
          for (const { name, read } of files) yield { name, split: "train" as const, bytes: await read() };
        },
      };
    },
    form,
    job,
  );
}

interface OpenRun {
  readonly folder: string;
  readonly settings: SegmenterSettings;
  readonly labelled: ExampleStore;
  readonly unlabelled: ExampleStore | undefined;
}

/** Pictures that are judged at most, and shown on a sheet. */
const MOST_JUDGED = 500;
const SHOWN = 12;
/** Numbers in the logits of pictures that are judged together. */
const TOGETHER = 4e6;

/** A segmenter for the loop. */
async function segmenterTraining(
  { folder, settings, labelled, unlabelled }: OpenRun,
  trainer: SegmenterTrainer,
): Promise<Training> {
  const { recipe, classes } = settings;
  const { resolution, batch, selfTraining, seed } = recipe;
  const order = batchOrder({ count: labelled.train.length, mirror: false, seed });
  const photoOrder = batchOrder({ count: unlabelled?.prepared.count ?? 1, mirror: false, seed });
  const judged = evenly(labelled.val, MOST_JUDGED);
  const shown = evenly(
    judged.length > 0 ? labelled.val : labelled.train,
    SHOWN - (unlabelled === undefined ? 0 : SHOWN / 2),
  );
  const shownPhotos = evenly([...Array(unlabelled?.prepared.count ?? 0).keys()], SHOWN / 2);
  const together = Math.max(1, Math.min(batch, Math.floor(TOGETHER / (classes.length * resolution ** 2))));
  let measured: { readonly images: number; readonly meanIou: number } | undefined;
  /** Of the file that is there; what was written before the run began again does not count. */
  let best = trainer.images === 0 ? Number.NEGATIVE_INFINITY : ((await bestSoFar(folder)) ?? Number.NEGATIVE_INFINITY);

  async function found(examples: readonly Example[]): Promise<Uint8Array[]> {
    const labels: Uint8Array[] = [];
    for (let first = 0; first < examples.length; first += together) {
      const some = examples.slice(first, first + together);
      // Sessions are compiled for one number of pictures: the last ones are filled up with the first of them.
      const whole = Array.from({ length: together }, (_, i) => planesOf((some[i] ?? some[0]).rgb, resolution));
      const { shape, data } = await trainer.logits(stacked(whole, resolution));
      labels.push(...likeliest({ shape: [some.length, ...shape.slice(1)], data }).map((picture) => picture.labels));
    }
    return labels;
  }
  const positions = (drawn: ReturnType<typeof order>): number[] => drawn.map(({ index }) => index);

  return {
    recipe,
    columns: { means: ["loss", "lossUnlabelled", "sure", "gradientNorm"], last: ["learningRate"] },
    get images() {
      return trainer.images;
    },
    async step(share) {
      const examples = positions(order(trainer.images, batch)).map((i) => labelled.train[i]);
      const seen = (trainer.images / batch) * (selfTraining?.batch ?? 0);
      const photos = selfTraining === null ? [] : positions(photoOrder(seen, selfTraining.batch));
      return {
        ...(await trainer.step({
          examples: await labelled.read(examples),
          photos: (await unlabelled?.read(photos)) ?? [],
          share,
        })),
      };
    },
    state: () => trainer.state(),
    async measure() {
      if (judged.length === 0) return {};
      const counter = scoreCounter(classes.length);
      for (let first = 0; first < judged.length; first += together) {
        const examples = await labelled.read(judged.slice(first, first + together));
        const labels = await found(examples);
        for (const [i, example] of examples.entries()) counter.add(labels[i], example.labels);
      }
      const { accuracy, meanIou, iou } = counter.scores();
      if (!Number.isNaN(meanIou)) measured = { images: trainer.images, meanIou };
      const figures = [
        ["mIoU", meanIou] as const,
        ["accuracy", accuracy] as const,
        ...classes.map(({ name }, id) => [`iou/${name}`, iou[id]] as const),
      ];
      // Of a class that neither appears nor is found there is nothing to tell.
      return Object.fromEntries(figures.filter(([, value]) => !Number.isNaN(value)));
    },
    async sheet() {
      const examples = await labelled.read(shown);
      const photos = (await unlabelled?.read(shownPhotos)) ?? [];
      const labels = await found([...examples, ...photos]);
      const pictures: Shown[] = [...examples, ...photos].map((example, i) => ({
        ...example,
        found: labels[i],
        labelled: i < examples.length,
      }));
      return sampleSheet(pictures, resolution, classes);
    },
    sheetPath: (images) => sheetPath(folder, images),
    async write() {
      const meanIou = measured?.images === trainer.images ? measured.meanIou : null;
      const there = best > Number.NEGATIVE_INFINITY;
      // Without pictures to judge by the newest is kept; with them the first, until one is judged, and then the best.
      const better = judged.length === 0 || (meanIou === null ? !there : meanIou > best);
      if (!better) return;
      await writeAtomic(segmenterPath(folder), segmenterFile(trainer, settings, meanIou));
      if (meanIou !== null) best = meanIou;
    },
    note: (figures) => ({
      where: [],
      how: [
        `loss ${figures?.["loss"]?.toFixed(3)}`,
        ...(figures?.["sure"] === undefined ? [] : [`sure ${figures["sure"].toFixed(2)}`]),
        ...(there(best) ? [`best mIoU ${best.toFixed(3)}`] : []),
      ],
    }),
  };
}

const there = (best: number): boolean => best > Number.NEGATIVE_INFINITY;

/** The averaged weights with what a reader needs to know of them. */
function segmenterFile(
  trainer: SegmenterTrainer,
  { recipe, classes }: SegmenterSettings,
  meanIou: number | null,
): Uint8Array {
  const about = {
    side: recipe.resolution,
    classes,
    architecture: recipe.architecture,
    images: trainer.images,
    meanIou,
  };
  return writeSafetensors(trainer.weights(), { [SEGMENTER_METADATA]: JSON.stringify(about) });
}

/** Mean IoU of the segmenter that a run has kept; null where it was not judged, or is not there. */
async function bestSoFar(folder: string): Promise<number | null> {
  const bytes = await readIfThere(segmenterPath(folder));
  if (bytes === undefined) return null;
  const about = JSON.parse(readSafetensors(bytes).metadata[SEGMENTER_METADATA] ?? "{}") as { meanIou?: number | null };
  return about.meanIou ?? null;
}
