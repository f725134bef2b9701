/** `klish/node`: what only Node has beside the jobs: projects on disk, labels, reports, data sets of any layout, native runtimes. */

export type { ClusterPart, ClusterSummary } from "./project/cluster/clusterJob.ts";
export type { ClusterRequest } from "./project/cluster/options.ts";
export { loadTree, openProject, type Project, type ProjectFile } from "./project/cluster/project.ts";
export type { DatasetSummary } from "./project/dataset/job.ts";
export type { CheckRequest, DatasetRequest, ExportRequest, VerifyRequest } from "./project/dataset/options.ts";
export type { SampleSource } from "./project/dataset/sampleSource.ts";
export { openSource as openDatasetSource } from "./project/dataset/source.ts";
export type { ExportSummary } from "./project/dataset/store.ts";
export type { Verification } from "./project/dataset/verify.ts";
export { type Corrector, type CorrectorOptions, openCorrector } from "./project/labels/corrector.ts";
export {
  edit as editLabels,
  freshRecipe as freshLabels,
  type LabelAction,
  type LabelRecipe,
  type LabelStroke,
  redo as redoLabels,
  undo as undoLabels,
} from "./project/labels/recipe.ts";
export { loadRecipe as loadLabels, saveRecipe as saveLabels } from "./project/labels/recipeFile.ts";
export { type Labeller, labeller } from "./project/labels/recipeLabels.ts";
export { brushRuns, runsOf } from "./project/labels/strokes.ts";
export { buildReport, type ReportInput } from "./project/report/build.ts";
export type { ReportData } from "./project/report/data.ts";
export { readTemplate, renderReport } from "./project/report/render.ts";
export { ortBlas } from "./runtime/node/ortBlas.ts";
export { type ProviderReport, providerReports, resolveProvider } from "./runtime/node/providers.ts";
export { ortNode } from "./runtime/ortNode.ts";
