/** A run of `klish train extractor`, from masks of some generated images to a classifier of the pixels of all. */
import { join } from "node:path";
import sharp from "sharp";
import { pixelClassifier } from "../../../features/pixelClassifier.ts";
import { sampleInto } from "../../../features/sampleFeatures.ts";
import { concatenate } from "../../../gan/networkGenerator.ts";
import { selectLayers } from "../../../gan/selectLayers.ts";
import type { PixelModel } from "../../../models/pixelModel.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { scoreCounter } from "../../../train/segmenter/scores.ts";
import { generateOptions } from "../../cluster/request.ts";
import { extractorPath, loadExtractor } from "../../extractor/extractorFile.ts";
import { type ExtractorSettings, saveExtractorSettings } from "../../extractor/settings.ts";
import { toRgb } from "../../sampling/images.ts";
import { writeAtomic } from "../../storage/files.ts";
import { locked } from "../../storage/lock.ts";
import { type Shown, sampleSheet } from "../log/maskSheet.ts";
import type { Sheet } from "../log/sheets.ts";
import { sheetPath } from "../log/sheets.ts";
import { type Training, trainLoop } from "../loop.ts";
import { continueIn } from "../run.ts";
import { threadsOf } from "../threads.ts";
import { keepExtractor, keepLabels } from "./keep.ts";
import { type Learner, type Lesson, methods } from "./methods.ts";
import type { TrainExtractorRequest } from "./options.ts";
import { type PlannedExtractor, planExtractor } from "./planRun.ts";

export interface ExtractorSummary {
  readonly folder: string;
  readonly extractor: string;
  /** The masks beside what the extractor says. */
  readonly sheet: string;
  readonly settings: ExtractorSettings;
  /** Labelled pixels of each class. */
  readonly pixels: readonly number[];
  /** Agreement with the masks that it learned from: not with any other. */
  readonly accuracy: number;
  readonly meanIou: number;
  /** Of training, in all runs; 0 where it was finished before. */
  readonly seconds: number;
}

/** Begins a run, or continues the one that is in the folder. `now`: milliseconds from any start. */
export async function trainExtractor(
  request: TrainExtractorRequest,
  job: JobOptions,
  now: () => number,
): Promise<ExtractorSummary> {
  const planned = await planExtractor(request, job);
  const { folder, settings, masks } = planned;
  const lesson = await prepareLesson(planned, threadsOf(request), job);
  return locked(folder, async () => {
    await saveExtractorSettings(folder, settings);
    const method = methods[settings.method];
    const began = now();
    let seconds: number;
    if ("solve" in method) {
      // A finished one is not solved again.
      const known = await loadExtractor(folder);
      await keepExtractor(folder, known ?? (await method.solve(lesson, job)));
      seconds = known === undefined ? (now() - began) / 1000 : 0;
    } else seconds = await learnStepByStep(folder, lesson, request, job, now);
    const model = (await loadExtractor(folder)) as PixelModel;
    await keepLabels(folder, settings.classes, model);
    const { sheet, scores } = await judge(model, lesson);
    const path = join(folder, "extractor.png");
    await writeAtomic(path, sheet.png);
    const { accuracy, meanIou } = scores;
    return {
      folder,
      extractor: extractorPath(folder),
      sheet: path,
      settings,
      pixels: masks.pixels,
      accuracy,
      meanIou,
      seconds,
    };
  });
}

/** A lesson with pictures to look at. */
export interface PreparedLesson extends Lesson {
  /** Of some of the images: [R,R,3]. */
  readonly pictures: readonly Uint8Array[];
}

/** Pictures on sheets. */
const SHOWN = 8;

/** Generates the images of the masks with their maps, and closes the generator. */
export async function prepareLesson(
  { settings, masks, network }: PlannedExtractor,
  threads: number,
  job: JobOptions,
): Promise<PreparedLesson> {
  const { generator, provider } = network;
  try {
    const { info } = generator;
    const { resolution } = settings;
    const layers = selectLayers(info.layers, settings.layers).layers;
    const maps: Tensor[][] = layers.map(() => []);
    const pictures: Uint8Array[] = [];
    await sampleInto(
      generator,
      settings.seeds,
      { ...generateOptions(settings, info), layers, resolution },
      async (_, __, sample) => {
        const sampled = await sample();
        for (const [i, map] of sampled.layers.entries()) maps[i].push(map);
        pictures.push(...toRgb(sampled.image, info.imageRange).slice(0, SHOWN - pictures.length));
      },
      job,
    );
    const shown = pictures.map((rgb) =>
      info.resolution === resolution
        ? rgb
        : sharp(rgb, { raw: { width: info.resolution, height: info.resolution, channels: 3 } })
            .resize(resolution, resolution)
            .removeAlpha()
            .raw()
            .toBuffer(),
    );
    return { settings, masks, maps: maps.map(concatenate), pictures: await Promise.all(shown), provider, threads };
  } finally {
    await generator.dispose();
  }
}

/** Lines of the log in a run, and lines between two snapshots. */
const TICKS = 20;
const SNAP = 5;

/** Returns the seconds of training in all runs. */
async function learnStepByStep(
  folder: string,
  lesson: PreparedLesson,
  request: TrainExtractorRequest,
  job: JobOptions,
  now: () => number,
): Promise<number> {
  const method = methods[lesson.settings.method];
  if ("solve" in method) throw new Error(`${lesson.settings.method} is solved, not stepped`);
  const { state, seconds, events } = await continueIn(folder);
  job.onProgress?.({ phase: "build the network", done: 0, total: 1 });
  const learner = await method.start(lesson, state?.training);
  job.onProgress?.({ phase: "build the network", done: 1, total: 1, note: `on ${lesson.provider}` });
  const never = Number.POSITIVE_INFINITY;
  try {
    const images = lengthOf(lesson.settings, learner);
    const end = await trainLoop({
      run: folder,
      training: trainingOf(folder, learner, lesson),
      events,
      end: { images, seconds: never },
      stageEnd: { images: never, seconds: never },
      workDone: (done) => done / images,
      tickImages: Math.max(1, Math.ceil(images / TICKS)),
      snap: SNAP,
      sums: state?.sums ?? {},
      seconds,
      secondsBetweenStates: request.saveMinutes * 60,
      now,
      ...job,
    });
    return end.seconds;
  } finally {
    await learner.dispose();
  }
}

/** Examples that each network of a run is shown. */
export const lengthOf = ({ epochs }: ExtractorSettings, { examples }: Pick<Learner, "examples">): number =>
  Math.ceil((epochs ?? 0) * examples);

/** A learner for the loop. */
function trainingOf(folder: string, learner: Learner, lesson: PreparedLesson): Training {
  const { settings } = lesson;
  let judged: { readonly shown: number; readonly result: Judged } | undefined;
  const judgement = async (): Promise<Judged> => {
    if (judged?.shown !== learner.shown)
      judged = { shown: learner.shown, result: await judge(learner.model(), lesson) };
    return judged.result;
  };
  return {
    recipe: { method: settings.method },
    unit: learner.unit,
    columns: { means: ["loss", "gradientNorm"], last: [] },
    get images() {
      return learner.shown;
    },
    step: (share) => learner.step(share),
    state: () => learner.state(),
    async measure() {
      const { accuracy, meanIou } = (await judgement()).scores;
      return { accuracy, mIoU: meanIou };
    },
    sheet: async () => (await judgement()).sheet,
    sheetPath: (shown) => sheetPath(folder, shown),
    write: () => keepExtractor(folder, learner.model()),
    note: (figures) => ({ where: [], how: [`loss ${figures?.["loss"]?.toFixed(3)}`] }),
  };
}

interface Judged {
  readonly sheet: Sheet;
  readonly scores: { readonly accuracy: number; readonly meanIou: number };
}

/** What a classifier says of the images that it learned from. */
async function judge(model: PixelModel, { settings, masks, maps, pictures, threads }: PreparedLesson): Promise<Judged> {
  const { resolution, classes } = settings;
  const layers = maps.map(({ shape: [, channels, side] }, i) => ({
    name: settings.layers[i],
    channels,
    resolution: side,
  }));
  const classifier = await pixelClassifier(model, layers, resolution, { runtime: ortNode, provider: "cpu", threads });
  try {
    const { clusters } = await classifier.classify(new Map(layers.map(({ name }, i) => [name, maps[i]])));
    const area = resolution ** 2;
    const found = masks.labels.map((_, i) => clusters.subarray(i * area, (i + 1) * area));
    const counter = scoreCounter(classes.length);
    for (const [i, labels] of masks.labels.entries()) counter.add(found[i], labels);
    const shown: Shown[] = pictures.map((rgb, i) => ({
      rgb,
      labels: masks.labels[i],
      found: found[i],
      labelled: true,
    }));
    return { sheet: await sampleSheet(shown, resolution, classes), scores: counter.scores() };
  } finally {
    await classifier.dispose();
  }
}
