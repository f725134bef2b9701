/** What a run would be and cost, found out without writing anything. */

import type { JobOptions } from "../../tensor/progress.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { GanTrainer } from "../../train/gan/trainer.ts";
import { ProjectError } from "../files.ts";
import { evenly } from "./chooseResolution.ts";
import type { Size } from "./framing.ts";
import type { ImageFile } from "./imageFiles.ts";
import { CHANNELS, loadPrepared, openImageStore, readLines, toPlanes } from "./imageStore.ts";
import { type PlannedRun, planRun, preparationOf, type TrainGanRequest } from "./planRun.ts";
import { type PreparedImage, prepareImage, reasonOf } from "./prepareImage.ts";
import { startTrainer, type TrainGanParts } from "./run.ts";
import { loadClock } from "./runClock.ts";
import type { TrainSettings } from "./settings.ts";
import { encodeState } from "./stateFile.ts";
import { meanStep, type StepCosts, stepCosts, type TimedStep } from "./stepCosts.ts";

export interface TrainPlan {
  readonly folder: string;
  readonly settings: TrainSettings;
  readonly pictures: PicturesTried;
  /** Images that were trained on already. */
  readonly images: number;
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  readonly steps: { readonly timed: number; readonly costs: StepCosts };
  readonly secondsPerKimg: number;
  /** What is left, by --kimg or --hours, whichever ends first. */
  readonly secondsLeft: number;
  readonly kimgAtEnd: number;
  /** The most that this process took while it made steps. */
  readonly memoryBytes: number;
  readonly diskBytes: { readonly pictures: number; readonly states: number; readonly snapshots: number };
}

export interface PicturesTried {
  /** All pictures, and the files beside them that are none. */
  readonly files: number;
  readonly others: number;
  /** How many of them were decoded, evenly spread; all, where an earlier run prepared them. */
  readonly tried: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  /** The smallest, the middle and the largest region that is taken. */
  readonly sizes: readonly Size[];
}

/** Pictures that are decoded for a trial. */
const TRIED = 128;
/** Steps that are timed at most and at least, and the seconds after which no further is begun. */
const TIMED_STEPS = 18;
const LEAST_STEPS = 3;
const TIMED_SECONDS = 60;

/** Tries some of the pictures, builds the networks and times some steps. Nothing is written. */
export async function dryRun(request: TrainGanRequest, job: JobOptions, parts: TrainGanParts): Promise<TrainPlan> {
  const plan = await planRun(request);
  const { folder, settings } = plan;
  const { recipe } = settings;
  const { pictures, images } = await tryPictures(plan, job);
  const clock = await loadClock(folder);
  const trainer = await startTrainer(recipe, undefined, request, job, parts.makeTrainer);
  try {
    const timed = await timeSteps(trainer, images, job, parts.now);
    const costs = stepCosts(timed);
    const secondsPerKimg = (meanStep(costs, recipe) / recipe.batch) * 1000;
    const kimgLeft = Math.max(0, settings.kimg - clock.images / 1000);
    const hoursLeft = settings.hours === null ? Number.POSITIVE_INFINITY : settings.hours * 3600 - clock.seconds;
    const secondsLeft = Math.max(0, Math.min(kimgLeft * secondsPerKimg, hoursLeft));
    const kimgAtEnd = clock.images / 1000 + secondsLeft / secondsPerKimg;
    const training = trainer.state();
    const state = encodeState({ training, images: trainer.images, sums: {}, recipe });
    const { weights } = trainer.generator();
    return {
      folder,
      settings,
      pictures,
      images: clock.images,
      parameters: { generator: elements(training.tensors, "G/"), discriminator: elements(training.tensors, "D/") },
      steps: { timed: timed.length, costs },
      secondsPerKimg,
      secondsLeft,
      kimgAtEnd,
      memoryBytes: process.resourceUsage().maxRSS * 1024,
      diskBytes: {
        pictures: pictures.files * recipe.resolution ** 2 * CHANNELS,
        // The last two, and the next while it is written.
        states: 3 * state.length,
        snapshots: (1 + Math.ceil(kimgAtEnd / (settings.tick * settings.snap))) * 4 * elements(weights, ""),
      },
    };
  } finally {
    await trainer.dispose();
  }
}

interface Trial {
  readonly pictures: PicturesTried;
  /** A batch of them: those that were decoded, again and again. */
  readonly images: Tensor;
}

/** Decodes some of the pictures, or takes those that are prepared. Throws ProjectError when none can be used. */
export async function tryPictures(plan: PlannedRun, job: JobOptions): Promise<Trial> {
  const { recipe } = plan.settings;
  const others = plan.pictures?.others ?? 0;
  const prepared = await loadPrepared(plan.folder);
  if (prepared === undefined) return tryFiles(plan.pictures?.files ?? [], others, plan.settings, job);
  const store = await openImageStore(plan.folder, prepared);
  try {
    const items = Array.from({ length: recipe.batch }, (_, i) => ({ index: i % store.count, mirrored: false }));
    const lines = await readLines(plan.folder);
    return {
      pictures: {
        files: lines.length,
        others,
        tried: lines.length,
        rejected: lines.flatMap(({ name, rejected }) => (rejected === undefined ? [] : [{ name, reason: rejected }])),
        sizes: spread(lines.flatMap(({ width, height }) => (width && height ? [{ width, height }] : []))),
      },
      images: await store.read(items),
    };
  } finally {
    await store.close();
  }
}

async function tryFiles(
  files: readonly ImageFile[],
  others: number,
  settings: TrainSettings,
  { onProgress, signal }: JobOptions,
): Promise<Trial> {
  const { resolution, batch } = settings.recipe;
  const preparation = preparationOf(settings);
  const some = evenly(files, TRIED);
  const whole: PreparedImage[] = [];
  const rejected: PicturesTried["rejected"][number][] = [];
  for (const [i, file] of some.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "try some pictures", done: i, total: some.length });
    try {
      whole.push(await prepareImage(await file.read(), preparation));
    } catch (error) {
      rejected.push({ name: file.name, reason: reasonOf(error) });
    }
  }
  onProgress?.({ phase: "try some pictures", done: some.length, total: some.length });
  if (whole.length === 0)
    throw new ProjectError(
      `none of ${some.length} pictures can be used; ${rejected[0]?.name}: ${rejected[0]?.reason}.`,
    );
  const images = tensor([batch, CHANNELS, resolution, resolution]);
  const size = images.data.length / batch;
  for (let n = 0; n < batch; n++)
    toPlanes(whole[n % whole.length].pixels, images.data.subarray(n * size, (n + 1) * size), resolution, false);
  const sizes = spread(whole.map(({ region: { width, height } }) => ({ width, height })));
  return { pictures: { files: files.length, others, tried: some.length, rejected, sizes }, images };
}

/** The smallest, the middle and the largest by area. */
function spread(sizes: readonly Size[]): Size[] {
  const sorted = [...sizes].sort((a, b) => a.width * a.height - b.width * b.height);
  return [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]];
}

/** The first step warms up; a whole cycle of the lazy regularisers follows, if time allows. */
async function timeSteps(
  trainer: GanTrainer,
  images: Tensor,
  { onProgress, signal }: JobOptions,
  now: () => number,
): Promise<TimedStep[]> {
  const began = now();
  const steps: TimedStep[] = [];
  while (steps.length < LEAST_STEPS || (steps.length < TIMED_STEPS && now() - began < TIMED_SECONDS * 1000)) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "time some steps", done: steps.length, total: TIMED_STEPS });
    const start = now();
    const { r1, pathLength } = await trainer.step(images);
    steps.push({ seconds: (now() - start) / 1000, r1: r1 !== undefined, pathLength: pathLength !== undefined });
  }
  onProgress?.({ phase: "time some steps", done: TIMED_STEPS, total: TIMED_STEPS });
  return steps;
}

/** Numbers in all tensors whose names begin so. */
const elements = (tensors: ReadonlyMap<string, Tensor>, prefix: string): number =>
  [...tensors].reduce((sum, [name, { data }]) => sum + (name.startsWith(prefix) ? data.length : 0), 0);
