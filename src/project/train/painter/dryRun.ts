/** What a painter's run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import type { Example } from "../../../train/examples.ts";
import { loadClock } from "../clock.ts";
import { openLabelled, tryExamples } from "../labelled/labelled.ts";
import { medianOf, timeSteps } from "../timeSteps.ts";
import type { TrainPainterRequest } from "./options.ts";
import { planPainter } from "./planRun.ts";
import { lengthOf, type PainterSettings } from "./settings.ts";
import { startPainter } from "./startTrainer.ts";

export interface PainterCost {
  readonly folder: string;
  readonly settings: PainterSettings;
  /** All of the data set, and about how many of them are to learn from. */
  readonly pictures: { readonly all: number; readonly train: number };
  /** Of those that were tried, the ones that cannot be used. */
  readonly tried: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  /** Weights of the painter. */
  readonly parameters: number;
  /** Pictures in all, and those that were shown already. */
  readonly images: number;
  readonly done: number;
  readonly imagesPerSecond: number;
  readonly stepsTimed: number;
  readonly secondsLeft: number;
  /** The most that this process took while it made steps. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Tries some of the pictures, builds the networks and times some steps. Nothing is written. */
export async function planPainterCost(
  request: TrainPainterRequest,
  job: JobOptions,
  now: () => number,
): Promise<PainterCost> {
  const { folder, settings } = await planPainter(request);
  const { recipe, data } = settings;
  const source = await openLabelled(data.source);
  const form = { resolution: recipe.resolution, fit: data.fit };
  const { examples, tried, train, rejected } = await tryExamples(source, form, job);
  const trainer = await startPainter(settings, undefined, request, job);
  try {
    const batch: Example[] = Array.from({ length: recipe.batch }, (_, i) => examples[i % examples.length]);
    const steps = await timeSteps(() => trainer.step(batch), { ...job, now, note: `${recipe.resolution} px` });
    const seconds = medianOf(steps.slice(1).map((step) => step.seconds)) ?? steps[0].seconds;
    const { images } = lengthOf(settings, train);
    const clock = await loadClock(folder);
    const work = (Math.max(0, images - clock.images) / recipe.batch) * seconds;
    const allowed =
      settings.hours === null ? Number.POSITIVE_INFINITY : Math.max(0, settings.hours * 3600 - clock.seconds);
    const count = (tensors: ReadonlyMap<string, { readonly data: ArrayLike<number> }>): number =>
      [...tensors.values()].reduce((sum, t) => sum + t.data.length, 0);
    const weights = count(trainer.weights());
    return {
      folder,
      settings,
      pictures: { all: source.info.samples, train },
      tried,
      rejected,
      parameters: weights,
      images,
      done: clock.images,
      imagesPerSecond: recipe.batch / seconds,
      stepsTimed: steps.length,
      secondsLeft: Math.min(work, allowed),
      memoryBytes: process.resourceUsage().maxRSS * 1024,
      // Prepared pictures; the last two states, the next while it is written, and the newest painter.
      diskBytes: 4 * recipe.resolution ** 2 * source.info.samples + 4 * (3 * count(trainer.state().tensors) + weights),
    };
  } finally {
    await trainer.dispose();
  }
}
