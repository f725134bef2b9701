import type { JobOptions } from "../../../tensor/progress.ts";
import { defineJob } from "../../requests/request.ts";
import { planSegmenterCost, type SegmenterCost } from "./dryRun.ts";
import { trainSegmenterRequest } from "./options.ts";
import { type SegmenterSummary, trainSegmenter } from "./run.ts";

const now = (): number => performance.now();

/** Trains a segmenter on a data set, or continues to. */
export const trainSegmenterJob = defineJob(
  trainSegmenterRequest,
  (request, job: JobOptions): Promise<SegmenterSummary> => trainSegmenter(request, job, now),
);

/** What `trainSegmenterJob` would do, and what that would cost. */
export const trainSegmenterPlanJob = defineJob(
  trainSegmenterRequest,
  (request, job: JobOptions): Promise<SegmenterCost> => planSegmenterCost(request, job, now),
);
