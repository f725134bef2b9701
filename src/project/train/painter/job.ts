import type { JobOptions } from "../../../tensor/progress.ts";
import { defineJob } from "../../requests/request.ts";
import { type PainterCost, planPainterCost } from "./dryRun.ts";
import { trainPainterRequest } from "./options.ts";
import { type PainterSummary, trainPainter } from "./run.ts";

const now = (): number => performance.now();

/** Trains a painter on a data set, or continues to. */
export const trainPainterJob = defineJob(
  trainPainterRequest,
  (request, job: JobOptions): Promise<PainterSummary> => trainPainter(request, job, now),
);

/** What `trainPainterJob` would do, and what that would cost. */
export const trainPainterPlanJob = defineJob(
  trainPainterRequest,
  (request, job: JobOptions): Promise<PainterCost> => planPainterCost(request, job, now),
);
