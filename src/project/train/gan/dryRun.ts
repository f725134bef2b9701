/** What a run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { loadClock } from "../clock.ts";
import { CHANNELS } from "../pictures/imageStore.ts";
import type { TrainGanRequest } from "./options.ts";
import { planRun } from "./planRun.ts";
import type { TrainSettings } from "./settings.ts";
import { forecast, stagesOf } from "./stages.ts";
import type { TrainGanParts } from "./startTrainer.ts";
import { type StageCost, timeStage } from "./timeStage.ts";
import { type PicturesTried, tryPictures } from "./trial.ts";

export interface TrainPlan {
  readonly folder: string;
  readonly settings: TrainSettings;
  readonly pictures: PicturesTried;
  readonly stages: readonly StagePlan[];
  /** Of the last stage's networks. */
  readonly parameters: StageCost["parameters"];
  /** Images that were trained on already. */
  readonly images: number;
  /** What is left, by --kimg or --hours, whichever ends first. */
  readonly secondsLeft: number;
  readonly kimgAtEnd: number;
  /** The most that this process took while it made steps. */
  readonly memoryBytes: number;
  readonly diskBytes: { readonly pictures: number; readonly states: number; readonly snapshots: number };
}

/** A stage from its beginning to its end, or to that of the run. */
export interface StagePlan extends Pick<StageCost, "secondsPerKimg" | "steps"> {
  readonly resolution: number;
  readonly batch: number;
  readonly gamma: number;
  readonly kimg: number;
  readonly seconds: number;
}

/** Tries some of the pictures, builds each stage's networks and times some of its steps. Nothing is written. */
export async function dryRun(request: TrainGanRequest, job: JobOptions, parts: TrainGanParts): Promise<TrainPlan> {
  const planned = await planRun(request);
  const { folder, settings } = planned;
  const pictures = await tryPictures(planned, job);
  const costs: StageCost[] = [];
  for (const { recipe } of stagesOf(settings)) costs.push(await timeStage(recipe, request, job, parts));
  const seconds = costs.map(({ secondsPerKimg }) => secondsPerKimg);
  const clock = await loadClock(folder);
  const whole = forecast(settings, seconds, { images: 0, seconds: 0 });
  const left = forecast(settings, seconds, clock);
  const kimgAtEnd = left.reduce((sum, { kimg }) => sum + kimg, clock.images / 1000);
  const last = costs[costs.length - 1];
  return {
    folder,
    settings,
    pictures,
    stages: stagesOf(settings).map(({ recipe: { resolution, batch, gamma } }, i) => {
      const { secondsPerKimg, steps } = costs[i];
      return { resolution, batch, gamma, ...whole[i], secondsPerKimg, steps };
    }),
    parameters: last.parameters,
    images: clock.images,
    secondsLeft: left.reduce((sum, stage) => sum + stage.seconds, 0),
    kimgAtEnd,
    memoryBytes: process.resourceUsage().maxRSS * 1024,
    diskBytes: {
      pictures: pictures.files * settings.recipe.resolution ** 2 * CHANNELS,
      // The last two, and the next while it is written.
      states: 3 * last.stateBytes,
      snapshots: (costs.length + Math.ceil(kimgAtEnd / (settings.tick * settings.snap))) * last.networkBytes,
    },
  };
}
