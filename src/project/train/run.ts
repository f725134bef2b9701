/** A training run, from its pictures to its last snapshot. */
import { mkdir } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { resolveProvider } from "../../runtime/node/providers.ts";
import type { Provider } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { GanRecipe } from "../../train/gan/recipe.ts";
import type { GanTrainer, TrainingState } from "../../train/gan/trainer.ts";
import { explain, removeTemporaries } from "../files.ts";
import { lockFolder } from "../lock.ts";
import { openEvents } from "./eventWriter.ts";
import { openImageStore, type PreparedFile } from "./imageStore.ts";
import { cutLog } from "./log.ts";
import { networkPath, trainLoop } from "./loop.ts";
import { openMeasures } from "./measures.ts";
import { planRun, preparationOf, type TrainGanRequest } from "./planRun.ts";
import { prepareImages, rejectedPath } from "./prepareImages.ts";
import { loadClock } from "./runClock.ts";
import { saveSettings, type TrainSettings } from "./settings.ts";
import { writeReals } from "./sheets.ts";
import { loadState } from "./stateFile.ts";
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

/** Makes what trains: `ganTrainer`, or what a test has in its place. */
export type MakeTrainer = (
  recipe: GanRecipe,
  options: { readonly provider: Provider; readonly threads: number; readonly state?: TrainingState },
) => Promise<GanTrainer>;

export interface TrainGanParts {
  readonly makeTrainer: MakeTrainer;
  /** Milliseconds from any start. */
  readonly now: () => number;
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

async function trainOn(
  { folder, settings, prepared }: OpenRun,
  request: TrainGanRequest,
  job: JobOptions,
  { makeTrainer, now }: TrainGanParts,
): Promise<TrainSummary> {
  const images = await openImageStore(folder, prepared);
  try {
    const state = await loadState(folder);
    const { recipe, from } = settings;
    const begin = state?.training ?? (from === null ? undefined : (await openOrigin(from)).state(recipe));
    const trainer = await startTrainer(recipe, begin, request, job, makeTrainer);
    const measures = request.metrics ? await openMeasures(images, { threads: threadsOf(request) }) : undefined;
    try {
      if (state === undefined) await writeReals(folder, images);
      await cutLog(folder, trainer.images);
      const end = await trainLoop({
        run: folder,
        settings,
        trainer,
        images,
        events: await openEvents(folder, {
          images: trainer.images,
          host: hostname(),
          wallTime: () => Date.now() / 1000,
        }),
        measures,
        sums: state?.sums ?? {},
        seconds: (await loadClock(folder)).seconds,
        secondsBetweenStates: request.saveMinutes * 60,
        now,
        ...job,
      });
      const { count, rejected, enlarged } = prepared;
      return {
        folder,
        network: networkPath(folder),
        ...end,
        pictures: { count, rejected, enlarged },
        rejectedList: rejectedPath(folder),
      };
    } finally {
      await measures?.dispose();
      await trainer.dispose();
    }
  } finally {
    await images.close();
  }
}

/** Compiles the networks: seconds. */
export async function startTrainer(
  recipe: GanRecipe,
  state: TrainingState | undefined,
  request: Pick<TrainGanRequest, "provider" | "threads">,
  { onProgress }: JobOptions,
  makeTrainer: MakeTrainer,
): Promise<GanTrainer> {
  const resolved = await resolveProvider(request.provider);
  onProgress?.({ phase: "build the networks", done: 0, total: 1 });
  const trainer = await makeTrainer(recipe, {
    provider: resolved,
    threads: threadsOf(request),
    ...(state === undefined ? {} : { state }),
  });
  onProgress?.({ phase: "build the networks", done: 1, total: 1, note: `${recipe.resolution} px on ${resolved}` });
  return trainer;
}

const threadsOf = ({ threads }: Pick<TrainGanRequest, "threads">): number => threads ?? availableParallelism();
