import type { JobOptions } from "../../../tensor/progress.ts";
import { defineJob } from "../../requests/request.ts";
import { type ExtractorCost, planExtractorCost } from "./dryRun.ts";
import { trainExtractorRequest } from "./options.ts";
import { type ExtractorSummary, trainExtractor } from "./run.ts";

const now = (): number => performance.now();

/** Learns to classify a generator's pixels from masks of some of its images, or continues to. */
export const trainExtractorJob = defineJob(
  trainExtractorRequest,
  (request, job: JobOptions): Promise<ExtractorSummary> => trainExtractor(request, job, now),
);

/** What `trainExtractorJob` would do, and what that would cost. */
export const trainExtractorPlanJob = defineJob(
  trainExtractorRequest,
  (request, job: JobOptions): Promise<ExtractorCost> => planExtractorCost(request, job, now),
);
