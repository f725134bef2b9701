import { ortNode, ortRuntime } from "../../../runtime/ortNode.ts";
import type { Runtime } from "../../../runtime/session.ts";
import { ganTrainer } from "../../../train/gan/ganTrainer.ts";
import { defineJob } from "../../requests/request.ts";
import { dryRun, type TrainPlan } from "./dryRun.ts";
import { trainGanRequest } from "./options.ts";
import { profileSteps, type StepProfile } from "./profile.ts";
import { type TrainSummary, trainGan } from "./run.ts";
import type { MakeTrainer } from "./startTrainer.ts";

const trainerOn =
  (runtime: Runtime): MakeTrainer =>
  (recipe, options) =>
    ganTrainer(recipe, { runtime, ...options });
const now = (): number => performance.now();

/** Trains a GAN on pictures, or continues to. */
export const trainGanJob = defineJob(
  trainGanRequest,
  (request, job): Promise<TrainSummary> => trainGan(request, job, { makeTrainer: trainerOn(ortNode), now }),
);

/** What `trainGanJob` would do, and what that would cost. */
export const trainGanPlanJob = defineJob(
  trainGanRequest,
  (request, job): Promise<TrainPlan> => dryRun(request, job, { makeTrainer: trainerOn(ortNode), now }),
);

/** What a step of `trainGanJob` spends its time on. */
export const trainGanProfileJob = defineJob(
  trainGanRequest,
  (request, job): Promise<StepProfile> =>
    profileSteps(request, job, {
      makeProfiled: (profilePrefix) => trainerOn(ortRuntime({ profilePrefix })),
      now,
    }),
);
