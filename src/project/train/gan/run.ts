/** A GAN's training run, from its pictures to its last snapshot. */
import { join } from "node:path";
import { exportSafetensors } from "../../../gan/exportNetwork.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { GanRecipe } from "../../../train/gan/recipe.ts";
import type { GanTrainer } from "../../../train/gan/trainer.ts";
import { grown } from "../../../train/gan/trainingState.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { networkPath } from "../../network/trainingRun.ts";
import { writeAtomic } from "../../storage/files.ts";
import { locked } from "../../storage/lock.ts";
import type { EventWriter } from "../log/eventWriter.ts";
import { type LoopEnd, perSecond, type Training, trainLoop } from "../loop.ts";
import { batchOrder } from "../pictures/batchOrder.ts";
import { fewPicturesWarning } from "../pictures/fewPictures.ts";
import { type ImageStore, openImageStore, type PreparedFile } from "../pictures/imageStore.ts";
import { prepareImages, rejectedPath } from "../pictures/prepareImages.ts";
import { continueIn } from "../run.ts";
import { saveRunSettings } from "../settingsFile.ts";
import { loadState, type RunState } from "../state.ts";
import { threadsOf } from "../threads.ts";
import { type Measures, openMeasures } from "./measures.ts";
import type { TrainGanRequest } from "./options.ts";
import { type PlannedRun, planRun, preparationOf } from "./planRun.ts";
import type { TrainSettings } from "./settings.ts";
import { kimgName, sampleSheet, samplesPath, writeReals } from "./sheets.ts";
import { type Stage, stageAt, stagesOf, withEnd, workDone } from "./stages.ts";
import { startTrainer, type TrainGanParts } from "./startTrainer.ts";
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
  let plan: PlannedRun | undefined = await planRun(request);
  const { folder, settings } = plan;
  return locked(folder, async () => {
    await saveRunSettings(folder, settings);
    const prepared = await prepareImages(folder, plan?.pictures?.files, preparationOf(settings), job);
    const few = fewPicturesWarning(prepared.count, settings.data.mirror);
    if (few !== undefined) job.onProgress?.({ phase: "few pictures", done: 0, total: 1, note: few });
    // Its pictures may be a whole archive in memory: not for the time of the training.
    plan = undefined;
    return trainOn({ folder, settings, prepared }, request, job, parts);
  });
}

/** A run whose folder is locked and whose pictures are prepared. */
interface OpenRun {
  readonly folder: string;
  readonly settings: TrainSettings;
  readonly prepared: PreparedFile;
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
  const { state, images, seconds, events } = await continueIn(folder);
  if (state === undefined) await showReals(folder, prepared);
  let end: LoopEnd = { images, seconds, finished: false };
  let settings = begun;
  while (!end.finished) {
    const stages = stagesOf(settings);
    const stage = stageAt(stages, end.images);
    end = await trainStage({ folder, settings, prepared, stages, stage, events }, end.seconds, request, job, parts);
    if (!end.finished) {
      settings = withEnd(settings, stage, end.images);
      await saveRunSettings(folder, settings);
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
  const { kimg, hours, tick, snap } = settings;
  const images = await openImageStore(folder, prepared, recipe.resolution);
  try {
    const state = await loadState(folder);
    const begin = state === undefined ? await beginning(settings, recipe) : atStage(state, recipe);
    const trainer = await startTrainer(recipe, begin, request, job, makeTrainer);
    try {
      const measures = request.metrics ? await openMeasures(images, { threads: threadsOf(request) }) : undefined;
      try {
        const total = kimg === null ? Number.POSITIVE_INFINITY : kimg * 1000;
        return await trainLoop({
          run: folder,
          training: ganTraining({ folder, mirror: settings.data.mirror, stage, trainer, images, measures }),
          events,
          end: { images: total, seconds: hours === null ? Number.POSITIVE_INFINITY : hours * 3600 },
          stageEnd: { images: stage.end, seconds: stage.deadline },
          workDone: (done) => workDone(stages, done, total),
          tickImages: tick * 1000,
          snap,
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

interface GanTraining {
  readonly folder: string;
  readonly mirror: boolean;
  readonly stage: Stage;
  readonly trainer: GanTrainer;
  readonly images: ImageStore;
  /** Undefined: nothing is measured. */
  readonly measures: Measures | undefined;
}

/** A stage of a GAN for the loop. */
function ganTraining({ folder, mirror, stage, trainer, images, measures }: GanTraining): Training {
  const { recipe, number, of } = stage;
  const order = batchOrder({ count: images.count, mirror, seed: recipe.seed });
  return {
    recipe,
    columns: { means: ["lossD", "lossG", "r1", "pathLength", "realSign"], last: ["augmentP"] },
    get images() {
      return trainer.images;
    },
    step: async () => ({ ...(await trainer.step(await images.read(order(trainer.images, recipe.batch)))) }),
    state: () => trainer.state(),
    measure: async () => (await measures?.of(trainer)) ?? {},
    sheet: () => sampleSheet(trainer),
    sheetPath: (shown) => samplesPath(folder, shown),
    async write(kind) {
      const network = exportSafetensors(trainer.generator());
      if (kind === "snapshot" && trainer.images > 0)
        await writeAtomic(join(folder, `network-${kimgName(trainer.images)}.safetensors`), network);
      await writeAtomic(networkPath(folder), network);
    },
    note: (figures) => ({
      where: of > 1 ? [`stage ${number} of ${of}: ${recipe.resolution} px`] : [],
      how: [
        `D ${figures?.["lossD"]?.toFixed(2)} G ${figures?.["lossG"]?.toFixed(2)}`,
        `p ${figures?.["augmentP"]?.toFixed(2)}`,
      ],
    }),
  };
}

/** Of a run that has no state yet: other weights, or none. */
const beginning = async ({ from }: TrainSettings, recipe: GanRecipe): Promise<TrainingState | undefined> =>
  from === null ? undefined : (await openOrigin(from)).state(recipe);

/** The state for a stage: its own, or the one that the stage before ended with, grown. */
function atStage({ training, recipe }: RunState, next: GanRecipe): TrainingState {
  const { resolution } = recipe as GanRecipe;
  return resolution < next.resolution ? grown(training, resolution, next) : training;
}
