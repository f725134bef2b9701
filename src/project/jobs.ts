import type { JobOptions } from "../tensor/progress.ts";
import { clusterJob, reportJob } from "./clusterJob.ts";
import { convertJob } from "./convertJob.ts";
import { checkJob } from "./datasetCheck.ts";
import { datasetJob } from "./datasetJob.ts";
import { exportJob } from "./datasetStore.ts";
import { verifyJob } from "./datasetVerify.ts";
import { editJob } from "./editJob.ts";
import { evaluateJob } from "./evaluateJob.ts";
import { generateJob } from "./generateJob.ts";
import { labelPreviewJob } from "./labelPreview.ts";

/** Long jobs by name. Each takes a plain request, reports progress, and stops when told to. */
export const jobs = {
  cluster: clusterJob,
  convert: convertJob,
  report: reportJob,
  generate: generateJob,
  edit: editJob,
  evaluate: evaluateJob,
  labelPreview: labelPreviewJob,
  dataset: datasetJob,
  datasetCheck: checkJob,
  datasetExport: exportJob,
  datasetVerify: verifyJob,
} satisfies Record<string, (request: never, job: JobOptions) => Promise<unknown>>;

export type JobName = keyof typeof jobs;
export type JobRequest<J extends JobName> = Parameters<(typeof jobs)[J]>[0];
export type JobResult<J extends JobName> = Awaited<ReturnType<(typeof jobs)[J]>>;
