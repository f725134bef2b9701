/** What a run that trains on pictures with masks would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import type { Example } from "../../../train/examples.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { loadClock } from "../clock.ts";
import { medianOf, timeSteps } from "../timeSteps.ts";
import { openLabelled, tryExamples } from "./labelled.ts";
import type { LabelledKind, LabelledRequest, LabelledSettings, PlannedRun } from "./run.ts";

export interface LabelledCost<Settings> extends PlannedRun<Settings> {
  /** All of the data set, and about how many of them are to learn from. */
  readonly pictures: { readonly all: number; readonly train: number };
  /** Of those that were tried, the ones that cannot be used. */
  readonly tried: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  /** Weights of the network. */
  readonly parameters: number;
  /** Pictures with masks in all, and those that were shown already. */
  readonly images: number;
  readonly done: number;
  readonly imagesPerSecond: number;
  readonly stepsTimed: number;
  readonly secondsLeft: number;
  /** The most that this process took while it made steps. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

type Weights = ReadonlyMap<string, { readonly data: ArrayLike<number> }>;

/** What a cost is measured of. */
interface Measured {
  weights(): Weights;
  state(): TrainingState;
  dispose(): Promise<void>;
}

/** Examples, those that were tried again and again. */
export type SomeExamples = (count: number) => Example[];

export interface CostOptions<Trainer> {
  start(): Promise<Trainer>;
  step(trainer: Trainer, some: SomeExamples): Promise<unknown>;
  /** Seconds that a run spends judging itself, when `judged` pictures are there for it and `share` of the run is left. */
  judging?(trainer: Trainer, some: SomeExamples, left: { judged: number; share: number }): Promise<number>;
  /** Photos without labels, which are prepared too. Default 0. */
  readonly unlabelled?: number;
}

/** Tries some of the pictures, builds the networks and times some steps. */
export async function costOfLabelled<
  Request extends LabelledRequest,
  Settings extends LabelledSettings,
  Trainer extends Measured,
>(
  kind: LabelledKind<Request, Settings>,
  { folder, settings }: PlannedRun<Settings>,
  { start, step, judging, unlabelled = 0 }: CostOptions<Trainer>,
  job: JobOptions,
  now: () => number,
): Promise<LabelledCost<Settings>> {
  const { recipe, data, hours } = settings;
  const source = await openLabelled(data.source);
  const { samples } = source.info;
  const form = { resolution: recipe.resolution, fit: data.fit };
  const { examples, tried, train, rejected } = await tryExamples(source, form, job);
  const trainer = await start();
  try {
    const some: SomeExamples = (count) => Array.from({ length: count }, (_, i) => examples[i % examples.length]);
    const steps = await timeSteps(() => step(trainer, some), { ...job, now, note: `${recipe.resolution} px` });
    const seconds = medianOf(steps.slice(1).map((step) => step.seconds)) ?? steps[0].seconds;
    const { images } = kind.length(settings, train);
    const clock = await loadClock(folder);
    const left = Math.max(0, images - clock.images);
    const judgingSeconds = (await judging?.(trainer, some, { judged: samples - train, share: left / images })) ?? 0;
    const work = (left / recipe.batch) * seconds + judgingSeconds;
    const allowed = hours === null ? Number.POSITIVE_INFINITY : Math.max(0, hours * 3600 - clock.seconds);
    const weights = numbersIn(trainer.weights());
    return {
      folder,
      settings,
      pictures: { all: samples, train },
      tried,
      rejected,
      parameters: weights,
      images,
      done: clock.images,
      imagesPerSecond: recipe.batch / seconds,
      stepsTimed: steps.length,
      secondsLeft: Math.min(work, allowed),
      memoryBytes: process.resourceUsage().maxRSS * 1024,
      // Prepared pictures; the last two states, the next while it is written, and the network that is kept.
      diskBytes:
        4 * recipe.resolution ** 2 * (samples + unlabelled) + 4 * (3 * numbersIn(trainer.state().tensors) + weights),
    };
  } finally {
    await trainer.dispose();
  }
}

const numbersIn = (tensors: Weights): number => [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
