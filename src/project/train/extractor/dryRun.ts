/** What an extractor's run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import type { ExtractorSettings } from "../../extractor/settings.ts";
import { loadClock } from "../clock.ts";
import { threadsOf } from "../threads.ts";
import { medianOf, timeSteps } from "../timeSteps.ts";
import { methods } from "./methods.ts";
import type { TrainExtractorRequest } from "./options.ts";
import { planExtractor } from "./planRun.ts";
import { lengthOf, prepareLesson } from "./run.ts";

export interface ExtractorCost {
  readonly folder: string;
  readonly settings: ExtractorSettings;
  /** Labelled pixels of each class; and channels that are learned from. */
  readonly pixels: readonly number[];
  readonly channels: number;
  /** About; null where it takes seconds. */
  readonly secondsLeft: number | null;
  /** The most that this process took. */
  readonly memoryBytes: number;
}

/** Generates the images, builds the network and times some steps. Nothing is written. */
export async function planExtractorCost(
  request: TrainExtractorRequest,
  job: JobOptions,
  now: () => number,
): Promise<ExtractorCost> {
  const planned = await planExtractor(request, job);
  const { folder, settings, masks } = planned;
  const lesson = await prepareLesson(planned, threadsOf(request), job);
  const method = methods[settings.method];
  let secondsLeft: number | null = null;
  if (!("solve" in method)) {
    const learner = await method.start(lesson, undefined);
    try {
      const steps = await timeSteps(() => learner.step(0), { ...job, now, note: settings.method });
      const seconds = medianOf(steps.slice(1).map((step) => step.seconds)) ?? steps[0].seconds;
      const batch = learner.shown / steps.length;
      const left = Math.max(0, lengthOf(settings, learner) - (await loadClock(folder)).images);
      secondsLeft = (left / batch) * seconds;
    } finally {
      await learner.dispose();
    }
  }
  return {
    folder,
    settings,
    pixels: masks.pixels,
    channels: lesson.maps.reduce((sum, { shape }) => sum + shape[1], 0),
    secondsLeft,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}
