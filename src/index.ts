/** The core: everything that needs neither Node nor a browser. Importing it runs nothing. */
export { readNpy, readNpz } from "./checkpoint/npy.ts";
export { readCheckpoint } from "./checkpoint/readCheckpoint.ts";
export { readSafetensors, writeSafetensors } from "./checkpoint/safetensors.ts";
export { type Checkpoint, CheckpointError, type LazyTensor, type StateDict } from "./checkpoint/stateDict.ts";
export type { Clustering } from "./cluster/clustering.ts";
export { explainedVariance } from "./cluster/klish/balance.ts";
export { type KlishOptions, klish } from "./cluster/klish/klish.ts";
export { type CosineKMeansClustering, type CosineKMeansOptions, cosineKMeans } from "./cluster/kmeans/cosineKMeans.ts";
export { type KMeansOptions, kMeans } from "./cluster/kmeans/kMeans.ts";
export { type AhcOptions, ahc } from "./cluster/linkage/ahc.ts";
export { type EcosLinkage, ecosLinkage } from "./cluster/linkage/ecosLinkage.ts";
export { type KaspOptions, kasp } from "./cluster/linkage/kasp.ts";
export { type LinearSvm, type LinearSvmOptions, linearSvm } from "./cluster/svm/linearSvm.ts";
export {
  type SoftmaxRegression,
  type SoftmaxRegressionOptions,
  softmaxRegression,
} from "./cluster/svm/softmaxRegression.ts";
export { effectiveClusters, largestShare, type MergeStep, type MergeTree } from "./cluster/tree/mergeTree.ts";
export { type MergeTreeData, mergeTreeFromData, mergeTreeToData } from "./cluster/tree/mergeTreeData.ts";
export {
  type CutCluster,
  cutClassifier,
  cutLabels,
  cutTreeAt,
  lockCluster,
  type MergeClustersOptions,
  mergeClusters,
  mergeKey,
  nameCluster,
  recut,
  splitCluster,
  type TrainedMerge,
  type TreeCut,
  type TreeNode,
  treeOnPixels,
  treeThrough,
} from "./cluster/tree/treeCut.ts";
export {
  applyTreeEdit,
  replayTreeEdits,
  type SkippedEdit,
  type TransferOptions,
  type TransferredEdits,
  type TreeEdit,
  type TreeRecipe,
  transferTreeEdits,
} from "./cluster/tree/treeEdits.ts";
export { type ExplainedOptions, type ExplainedStep, explainedByTree } from "./cluster/tree/treeVariance.ts";
export { type CheckResult as DatasetCheck, checkDataset } from "./dataset/check.ts";
export { type Component, type Components, connectedComponents } from "./dataset/components.ts";
export { FAULTS as DATASET_FAULTS, type Fault as DatasetFault, type FaultKind } from "./dataset/faults.ts";
export type {
  DatasetFormat,
  DatasetInfo,
  DatasetLayout,
  DatasetSink,
  DatasetWriter,
  Sample as DatasetSample,
} from "./dataset/format.ts";
export {
  formatNamed as datasetFormat,
  formats as datasetFormats,
  layouts as datasetLayouts,
} from "./dataset/formats/index.ts";
export { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf } from "./dataset/labelMap.ts";
export { detectFormat as detectDatasetFormat, type ImageFacts, type ProbeImage } from "./dataset/openLayout.ts";
export { decodePng, encodePng, type Png, PngError } from "./dataset/png.ts";
export type { DatasetFolder, FoundLabels, FoundSample, ReportFault } from "./dataset/reading.ts";
export { type Split, splitOf } from "./dataset/split.ts";
export {
  type PixelClasses,
  type PixelClassifier,
  type PixelClassifierSettings,
  pixelClassifier,
} from "./features/pixelClassifier.ts";
export { stratifiedPixels, stridedPixels } from "./features/pixelStride.ts";
export { frechetDistance, type Gaussian, gaussianOf } from "./features/quality/frechet.ts";
export {
  compareSamples,
  type ImageSample,
  type ImageSampler,
  type ImageSamplerOptions,
  type ImageSetFigures,
  imageSampler,
} from "./features/quality/imageSample.ts";
export { type NeighbourFigures, neighbourFigures, type Points } from "./features/quality/neighbours.ts";
export { type ImageFeatures, randomNetwork } from "./features/quality/randomNetwork.ts";
export type { SlicedWasserstein } from "./features/quality/slicedWasserstein.ts";
export { type FeatureBatch, type SampleFeaturesOptions, sampleFeatures } from "./features/sampleFeatures.ts";
export { GeneratorError } from "./gan/errors.ts";
export { exportOnnx, exportSafetensors, type OnnxExportOptions } from "./gan/exportNetwork.ts";
export type { GeneratorNetwork } from "./gan/family.ts";
export type {
  GenerateOptions,
  GenerateResult,
  Generator,
  GeneratorInfo,
  LatentDistribution,
  LayerInfo,
  NoiseMode,
} from "./gan/generator.ts";
export { oneHot } from "./gan/latents.ts";
export { buildNetwork } from "./gan/openGenerator.ts";
export { autoLayers, type LayerSelection, selectLayers } from "./gan/selectLayers.ts";
export { type EmitOptions, toOnnx } from "./graph/emit.ts";
export { grad } from "./graph/grad.ts";
export { evaluateGraph, graph } from "./graph/graph.ts";
export { OnnxError } from "./graph/onnxModel.ts";
export * from "./graph/ops/index.ts";
export { printGraph } from "./graph/print.ts";
export { simplify } from "./graph/simplify.ts";
export type { Graph, Op, Operand, Value } from "./graph/value.ts";
export {
  adjustedMutualInfo,
  adjustedRandIndex,
  assignedMeanIou,
  type Contingency,
  completeness,
  contingency,
  fowlkesMallows,
  homogeneity,
  type ImageContingency,
  type ImageContingencyOptions,
  imageContingency,
  type MatchedIou,
  matchedMeanIou,
  meanIou,
  pooled,
  randIndex,
  vMeasure,
} from "./metrics/agreement.ts";
export { type Affine, batchNorm, frozenBatchNorm, runningStatistics, type Statistics } from "./nn/batchNorm.ts";
export { crossEntropy } from "./nn/crossEntropy.ts";
export {
  type AdamInputs,
  type AdamOptions,
  type AdamStep,
  adam,
  adamFeeds,
  adamInputs,
  momentumDescent,
  movingAverage,
} from "./nn/optimizers.ts";
export {
  filled,
  type Initializer,
  initialTensors,
  normal,
  type ParameterSpec,
  type ParameterTable,
  parameterInputs,
  trainedNames,
} from "./nn/parameters.ts";
export { averagePool, globalAveragePool } from "./nn/pooling.ts";
export { type AxisMatrix, areaMatrix, bilinearMatrix, nearestMatrix, resample, resize } from "./nn/resample.ts";
export { cosineDecay, polynomialDecay, type Schedule, warmUp } from "./nn/schedules.ts";
export { logSoftmax, softmax } from "./nn/softmax.ts";
export { type Blas, plainBlas } from "./numeric/blas.ts";
export { denseFeatures, subset } from "./pixels/denseFeatures.ts";
export type { LinearClassifier } from "./pixels/linearClassifier.ts";
export type { PixelRange, Pixels } from "./pixels/pixels.ts";
export { predict } from "./pixels/predict.ts";
export { type FeaturePyramidOptions, featurePyramid } from "./pixels/pyramid/featurePyramid.ts";
export { type HalfStore, type StoredShape, storedFeatures } from "./pixels/pyramid/storedPyramid.ts";
export { portraitClasses } from "./portraits/classes.ts";
export { drawPortrait, type Portrait } from "./portraits/portrait.ts";
export { PORTRAIT_VERSION, type PortraitPicture, portraitOf, renderPortrait } from "./portraits/render.ts";
export type {
  Feeds,
  Fetches,
  Provider,
  ProviderChoice,
  ResidentTensor,
  Runtime,
  Session,
  SessionOptions,
} from "./runtime/session.ts";
export { RuntimeError } from "./runtime/session.ts";
export type { JobOptions, Progress } from "./tensor/progress.ts";
export { RandomState } from "./tensor/random.ts";
export { type AnyTensor, type DType, type Tensor, tensor } from "./tensor/tensor.ts";
export { type TrainStep, type TrainStepOptions, trainStep, type Variables, variables } from "./train/trainStep.ts";
