import type { JobOptions } from "../../tensor/progress.ts";
import { autoJob, autoPlanJob } from "../auto/job.ts";
import { clusterJob, reportJob } from "../cluster/clusterJob.ts";
import { checkJob } from "../dataset/check.ts";
import { datasetJob } from "../dataset/job.ts";
import { joinJob } from "../dataset/shards/join.ts";
import { exportJob } from "../dataset/store.ts";
import { verifyJob } from "../dataset/verify.ts";
import { applyLabelsJob } from "../edits/applyLabels.ts";
import { editJob } from "../edits/editJob.ts";
import { editStepJob } from "../edits/job.ts";
import { evaluateJob } from "../evaluation/evaluateJob.ts";
import { ganQualityJob } from "../evaluation/gan/job.ts";
import { labelsJob } from "../evaluation/labelsJob.ts";
import { painterQualityJob } from "../evaluation/painter/job.ts";
import { segmentationJob } from "../evaluation/segmentationJob.ts";
import { separabilityJob } from "../evaluation/separabilityJob.ts";
import { convertJob } from "../generate/convertJob.ts";
import { generateJob } from "../generate/generateJob.ts";
import { labelPreviewJob } from "../labels/preview.ts";
import { paintJob } from "../paint/job.ts";
import { paintPageJob } from "../paint/paintPage.ts";
import { portraitsJob } from "../portraits/job.ts";
import { segmentJob } from "../segment/job.ts";
import { teachJob } from "../teach/job.ts";
import { trainExtractorJob, trainExtractorPlanJob } from "../train/extractor/job.ts";
import { trainGanJob, trainGanPlanJob, trainGanProfileJob } from "../train/gan/trainGanJob.ts";
import { trainPainterJob, trainPainterPlanJob } from "../train/painter/job.ts";
import { trainSegmenterJob, trainSegmenterPlanJob } from "../train/segmenter/job.ts";

/** Long jobs by name. Each takes a plain request, reports progress, and stops when told to. */
export const jobs = {
  auto: autoJob,
  autoPlan: autoPlanJob,
  cluster: clusterJob,
  convert: convertJob,
  report: reportJob,
  generate: generateJob,
  edit: editJob,
  editStep: editStepJob,
  evaluate: evaluateJob,
  separability: separabilityJob,
  evaluateGan: ganQualityJob,
  evaluatePainter: painterQualityJob,
  evaluateLabels: labelsJob,
  labelApply: applyLabelsJob,
  labelPreview: labelPreviewJob,
  dataset: datasetJob,
  datasetCheck: checkJob,
  datasetExport: exportJob,
  datasetJoin: joinJob,
  datasetVerify: verifyJob,
  trainExtractor: trainExtractorJob,
  trainExtractorPlan: trainExtractorPlanJob,
  trainGan: trainGanJob,
  trainGanPlan: trainGanPlanJob,
  trainGanProfile: trainGanProfileJob,
  trainPainter: trainPainterJob,
  trainPainterPlan: trainPainterPlanJob,
  trainSegmenter: trainSegmenterJob,
  trainSegmenterPlan: trainSegmenterPlanJob,
  paint: paintJob,
  paintPage: paintPageJob,
  portraits: portraitsJob,
  segment: segmentJob,
  segmentation: segmentationJob,
  teach: teachJob,
} satisfies Record<string, (request: never, job: JobOptions) => Promise<unknown>>;

/** The name of a job. */
export type JobName = keyof typeof jobs;
/** What a job is asked for; what is left out has its default. */
export type JobRequest<J extends JobName> = Parameters<(typeof jobs)[J]>[0];
/** What a job resolves to. */
export type JobResult<J extends JobName> = Awaited<ReturnType<(typeof jobs)[J]>>;
