import { ortNode } from "../runtime/ortNode.ts";
import type { JobOptions } from "../tensor/progress.ts";
import { ganTrainer } from "../train/gan/ganTrainer.ts";
import { dryRun, type TrainPlan } from "./train/dryRun.ts";
import type { TrainGanRequest } from "./train/planRun.ts";
import { type TrainGanParts, type TrainSummary, trainGan } from "./train/run.ts";

const parts: TrainGanParts = {
  makeTrainer: (recipe, options) => ganTrainer(recipe, { runtime: ortNode, ...options }),
  now: () => performance.now(),
};

/** Trains a GAN on pictures, or continues to. */
export const trainGanJob = (request: TrainGanRequest, job: JobOptions): Promise<TrainSummary> =>
  trainGan(request, job, parts);

/** What `trainGanJob` would do, and what that would cost. */
export const trainGanPlanJob = (request: TrainGanRequest, job: JobOptions): Promise<TrainPlan> =>
  dryRun(request, job, parts);
