import { ortNode } from "../runtime/ortNode.ts";
import type { JobOptions } from "../tensor/progress.ts";
import { ganTrainer } from "../train/gan/ganTrainer.ts";
import type { TrainGanRequest } from "./train/planRun.ts";
import { type MakeTrainer, type TrainSummary, trainGan } from "./train/run.ts";

const makeTrainer: MakeTrainer = (recipe, options) => ganTrainer(recipe, { runtime: ortNode, ...options });

/** Trains a GAN on pictures, or continues to. */
export const trainGanJob = (request: TrainGanRequest, job: JobOptions): Promise<TrainSummary> =>
  trainGan(request, job, { makeTrainer, now: () => performance.now() });
