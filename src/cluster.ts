/** `klish/cluster`: everything about pixels, clusters, trees and classifiers. No Node, no browser. */
export type { Clustering } from "./cluster/clustering.ts";
export { explainedVariance } from "./cluster/klish/balance.ts";
export { type KlishOptions, klish } from "./cluster/klish/klish.ts";
export { type CosineKMeansClustering, type CosineKMeansOptions, cosineKMeans } from "./cluster/kmeans/cosineKMeans.ts";
export { type KMeansOptions, kMeans } from "./cluster/kmeans/kMeans.ts";
export { type AhcOptions, ahc } from "./cluster/linkage/ahc.ts";
export { type EcosLinkage, ecosLinkage } from "./cluster/linkage/ecosLinkage.ts";
export { type KaspOptions, kasp } from "./cluster/linkage/kasp.ts";
export { type CorrectedPixels, type CorrectionOptions, correctedSvms } from "./cluster/svm/correctedSvms.ts";
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
export {
  type PixelClasses,
  type PixelClassifier,
  type PixelClassifierSettings,
  pixelClassifier,
} from "./features/pixelClassifier.ts";
export { stratifiedPixels, stridedPixels } from "./features/pixelStride.ts";
export { type FeatureBatch, type SampleFeaturesOptions, sampleFeatures } from "./features/sampleFeatures.ts";
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
export type { NetworkClassifier, PixelModel, PixelNetworkName } from "./models/pixelModel.ts";
export { type Blas, plainBlas } from "./numeric/blas.ts";
export { subset } from "./pixels/denseFeatures.ts";
export type { LinearClassifier } from "./pixels/linearClassifier.ts";
export type { PixelRange, Pixels } from "./pixels/pixels.ts";
export { predict } from "./pixels/predict.ts";
export type { FeaturePyramidOptions } from "./pixels/pyramid/featurePyramid.ts";
export { type HalfStore, type StoredShape, storedFeatures } from "./pixels/pyramid/storedPyramid.ts";
