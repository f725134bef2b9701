/** A training run, from its pictures to its last snapshot. */
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { JobOptions } from "../../tensor/progress.ts";
import type { GanRecipe } from "../../train/gan/recipe.ts";
import type { TrainingState } from "../../train/gan/trainer.ts";
import { grown } from "../../train/gan/trainingState.ts";
import { networkPath } from "../network/trainingRun.ts";
import { explain, removeTemporaries } from "../storage/files.ts";
import { lockFolder } from "../storage/lock.ts";
import { type EventWriter, openEvents } from "./log/eventWriter.ts";
import { cutLog } from "./log/log.ts";
import { openMeasures } from "./log/measures.ts";
import { writeReals } from "./log/sheets.ts";
import { type LoopEnd, perSecond, trainLoop } from "./loop.ts";
import { openImageStore, type PreparedFile } from "./pictures/imageStore.ts";
import { prepareImages, rejectedPath } from "./pictures/prepareImages.ts";
import { planRun, preparationOf, type TrainGanRequest } from "./planRun.ts";
import { loadClock } from "./runClock.ts";
import { saveSettings, type TrainSettings } from "./settings.ts";
import { type Stage, stageAt, stagesOf, withEnd } from "./stages.ts";
import { startTrainer, type TrainGanParts, threadsOf } from "./startTrainer.ts";
import { loadState, type RunState } from "./stateFile.ts";
import { openOrigin } from "./transfer.ts";

export interface TrainSummary {
  readonly folder: string;
  /** The newest averaged generator. */
  readonly network: string;
  readonly images: number;
  /** Of training, with all runs before this one. */
  readonly seconds: number;
  /** Of this run: images, and images a second. */
  readonly trained: number;
  readonly imagesPerSecond: number;
  /** Pictures of the set, how many were rejected and enlarged, and where the rejected are listed. */
  readonly pictures: Pick<PreparedFile, "count" | "rejected" | "enlarged">;
  readonly rejectedList: string;
}

/** Begins a run, or continues the one that is in the folder. */
export async function trainGan(request: TrainGanRequest, job: JobOptions, parts: TrainGanParts): Promise<TrainSummary> {
  const { run, release } = await openRun(request, job);
  try {
    return await trainOn(run, request, job, parts);
  } finally {
    await release();
  }
}

/** A run whose folder is locked and whose pictures are prepared. */
interface OpenRun {
  readonly folder: string;
  readonly settings: TrainSettings;
  readonly prepared: PreparedFile;
}

/** Returns without the list of pictures, which may hold a whole archive. */
async function openRun(
  request: TrainGanRequest,
  job: JobOptions,
): Promise<{ readonly run: OpenRun; readonly release: () => Promise<void> }> {
  const { folder, settings, pictures } = await planRun(request);
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw explain(error, folder);
  });
  const release = await lockFolder(folder);
  try {
    for (const sub of [".", "images", "samples"]) await removeTemporaries(join(folder, sub));
    await saveSettings(folder, settings);
    const prepared = await prepareImages(folder, pictures?.files, preparationOf(settings), job);
    return { run: { folder, settings, prepared }, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Stage after stage. Each begins as an interrupted run continues: from the state in the folder. That is written before the
 * clock, and both before where the stage ended: killed in between, it goes on by the older clock, or ends there again.
 */
async function trainOn(
  { folder, prepared, settings: begun }: OpenRun,
  request: TrainGanRequest,
  job: JobOptions,
  parts: TrainGanParts,
): Promise<TrainSummary> {
  const state = await loadState(folder);
  const images = state?.images ?? 0;
  // Of the run that is there: one that begins again has no time behind it.
  const seconds = state === undefined ? 0 : (await loadClock(folder)).seconds;
  if (state === undefined) await showReals(folder, prepared);
  await cutLog(folder, images);
  const events = await openEvents(folder, { images, host: hostname(), wallTime: () => Date.now() / 1000 });
  let end: LoopEnd = { images, seconds, finished: false };
  let settings = begun;
  while (!end.finished) {
    const stages = stagesOf(settings);
    const stage = stageAt(stages, end.images);
    end = await trainStage({ folder, settings, prepared, stages, stage, events }, end.seconds, request, job, parts);
    if (!end.finished) {
      settings = withEnd(settings, stage, end.images);
      await saveSettings(folder, settings);
    }
  }
  const { count, rejected, enlarged } = prepared;
  const trained = end.images - images;
  return {
    folder,
    network: networkPath(folder),
    images: end.images,
    seconds: end.seconds,
    trained,
    imagesPerSecond: perSecond(trained, (end.seconds - seconds) * 1000),
    pictures: { count, rejected, enlarged },
    rejectedList: rejectedPath(folder),
  };
}

async function showReals(folder: string, prepared: PreparedFile): Promise<void> {
  const images = await openImageStore(folder, prepared);
  try {
    await writeReals(folder, images);
  } finally {
    await images.close();
  }
}

interface OpenStage extends OpenRun {
  readonly stages: readonly Stage[];
  readonly stage: Stage;
  readonly events: EventWriter;
}

/** A stage to its end, in a run that trained for so many seconds before. */
async function trainStage(
  { folder, settings, prepared, stages, stage, events }: OpenStage,
  seconds: number,
  request: TrainGanRequest,
  job: JobOptions,
  { makeTrainer, now }: TrainGanParts,
): Promise<LoopEnd> {
  const { recipe } = stage;
  const images = await openImageStore(folder, prepared, recipe.resolution);
  try {
    const state = await loadState(folder);
    const begin = state === undefined ? await beginning(settings, recipe) : atStage(state, recipe);
    const trainer = await startTrainer(recipe, begin, request, job, makeTrainer);
    try {
      const measures = request.metrics ? await openMeasures(images, { threads: threadsOf(request) }) : undefined;
      try {
        return await trainLoop({
          run: folder,
          settings,
          stages,
          stage,
          trainer,
          images,
          events,
          measures,
          sums: state?.sums ?? {},
          seconds,
          secondsBetweenStates: request.saveMinutes * 60,
          now,
          ...job,
        });
      } finally {
        await measures?.dispose();
      }
    } finally {
      await trainer.dispose();
    }
  } finally {
    await images.close();
  }
}

/** Of a run that has no state yet: other weights, or none. */
const beginning = async ({ from }: TrainSettings, recipe: GanRecipe): Promise<TrainingState | undefined> =>
  from === null ? undefined : (await openOrigin(from)).state(recipe);

/** The state for a stage: its own, or the one that the stage before ended with, grown. */
const atStage = ({ training, recipe: { resolution } }: RunState, recipe: GanRecipe): TrainingState =>
  resolution < recipe.resolution ? grown(training, resolution, recipe) : training;
