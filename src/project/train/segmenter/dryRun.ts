/** What a segmenter's run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { type Example, planesOf, stacked } from "../../../train/examples.ts";
import { loadClock } from "../clock.ts";
import { openLabelled, tryExamples } from "../labelled/labelled.ts";
import { medianOf, timeSteps } from "../timeSteps.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import { openUnlabelled, planSegmenter } from "./planRun.ts";
import { lengthOf, type SegmenterSettings } from "./settings.ts";
import { startSegmenter } from "./startTrainer.ts";

export interface SegmenterCost {
  readonly folder: string;
  readonly settings: SegmenterSettings;
  /** All of the data set; about how many of them are to learn from; and photos without labels. */
  readonly pictures: { readonly all: number; readonly train: number; readonly unlabelled: number };
  /** Of those that were tried, the ones that cannot be used. */
  readonly tried: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  readonly parameters: number;
  /** Labelled pictures in all, and those that were shown already. */
  readonly images: number;
  readonly done: number;
  readonly imagesPerSecond: number;
  readonly stepsTimed: number;
  readonly secondsLeft: number;
  /** The most that this process took while it made steps. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Validations in a run. */
const VALIDATIONS = 20;

/** Tries some of the pictures, builds the network and times some steps. Nothing is written. */
export async function planSegmenterCost(
  request: TrainSegmenterRequest,
  job: JobOptions,
  now: () => number,
): Promise<SegmenterCost> {
  const { folder, settings } = await planSegmenter(request);
  const { recipe, classes, data } = settings;
  const source = await openLabelled(data.source);
  const photos = data.unlabelled === null ? 0 : (await openUnlabelled(data.unlabelled)).files.length;
  const form = { resolution: recipe.resolution, fit: data.fit };
  const { examples, tried, train, rejected } = await tryExamples(source, form, job);
  const trainer = await startSegmenter(
    settings,
    classes.map(() => 1),
    undefined,
    request,
    job,
  );
  try {
    const some = (count: number): Example[] => Array.from({ length: count }, (_, i) => examples[i % examples.length]);
    const batch = { examples: some(recipe.batch), photos: some(recipe.selfTraining?.batch ?? 0), share: 0.5 };
    const steps = await timeSteps(() => trainer.step(batch), { ...job, now, note: `${recipe.resolution} px` });
    const seconds = medianOf(steps.slice(1).map((step) => step.seconds)) ?? steps[0].seconds;
    const pictures = stacked(
      some(Math.min(4, recipe.batch)).map(({ rgb }) => planesOf(rgb, recipe.resolution)),
      recipe.resolution,
    );
    await trainer.logits(pictures);
    const began = now();
    await trainer.logits(pictures);
    const judging = (now() - began) / 1000 / pictures.shape[0];
    const { images } = lengthOf(settings, train);
    const clock = await loadClock(folder);
    const left = Math.max(0, images - clock.images);
    const judged = Math.min(500, source.info.samples - train);
    const work = (left / recipe.batch) * seconds + ((VALIDATIONS * left) / images) * judged * judging;
    const allowed =
      settings.hours === null ? Number.POSITIVE_INFINITY : Math.max(0, settings.hours * 3600 - clock.seconds);
    const { tensors } = trainer.state();
    const numbers = [...tensors.values()].reduce((sum, t) => sum + t.data.length, 0);
    const weights = [...trainer.weights().values()].reduce((sum, t) => sum + t.data.length, 0);
    return {
      folder,
      settings,
      pictures: { all: source.info.samples, train, unlabelled: photos },
      tried,
      rejected,
      parameters: weights,
      images,
      done: clock.images,
      imagesPerSecond: recipe.batch / seconds,
      stepsTimed: steps.length,
      secondsLeft: Math.min(work, allowed),
      memoryBytes: process.resourceUsage().maxRSS * 1024,
      // Prepared pictures; the last two states, the next while it is written, and the best segmenter.
      diskBytes: 4 * recipe.resolution ** 2 * (source.info.samples + photos) + 4 * (3 * numbers + weights),
    };
  } finally {
    await trainer.dispose();
  }
}
