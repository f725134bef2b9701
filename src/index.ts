/**
 * The core of the package: what every entry has, and needs neither Node nor a browser. Importing it runs nothing. More of each kind is in
 * `klish/cluster`, `klish/dataset`, `klish/gan`, `klish/graph`, `klish/nn` and `klish/train`.
 */
export { readCheckpoint } from "./checkpoint/readCheckpoint.ts";
export { type Checkpoint, CheckpointError, type LazyTensor, type StateDict } from "./checkpoint/stateDict.ts";
export type { Clustering } from "./cluster/clustering.ts";
export { type KlishOptions, klish } from "./cluster/klish/klish.ts";
export { type KMeansOptions, kMeans } from "./cluster/kmeans/kMeans.ts";
export { type AhcOptions, ahc } from "./cluster/linkage/ahc.ts";
export { type KaspOptions, kasp } from "./cluster/linkage/kasp.ts";
export { type LinearSvm, type LinearSvmOptions, linearSvm } from "./cluster/svm/linearSvm.ts";
export type { MergeStep, MergeTree } from "./cluster/tree/mergeTree.ts";
export {
  type PixelClasses,
  type PixelClassifier,
  type PixelClassifierSettings,
  pixelClassifier,
} from "./features/pixelClassifier.ts";
export { GeneratorError } from "./gan/errors.ts";
export type {
  GenerateOptions,
  GenerateResult,
  Generator,
  GeneratorInfo,
  LatentDistribution,
  LayerInfo,
  NoiseMode,
} from "./gan/generator.ts";
export { grad } from "./graph/grad.ts";
export { graph } from "./graph/graph.ts";
export { OnnxError } from "./graph/onnxModel.ts";
export * as ops from "./graph/ops/index.ts";
export type { Graph, Op, Operand, Value } from "./graph/value.ts";
export {
  adjustedMutualInfo,
  adjustedRandIndex,
  type Contingency,
  completeness,
  contingency,
  fowlkesMallows,
  homogeneity,
  type ImageContingency,
  type ImageContingencyOptions,
  type MatchedIou,
  matchedMeanIou,
  randIndex,
  vMeasure,
} from "./metrics/agreement.ts";
export type { Painter, Style } from "./models/painter/painter.ts";
export type { PainterAbout } from "./models/painter/painterFile.ts";
export type { NetworkClassifier, PixelModel, PixelNetworkName } from "./models/pixelModel.ts";
export { denseFeatures } from "./pixels/denseFeatures.ts";
export type { LinearClassifier } from "./pixels/linearClassifier.ts";
export type { PixelRange, Pixels } from "./pixels/pixels.ts";
export { type FeaturePyramidOptions, featurePyramid } from "./pixels/pyramid/featurePyramid.ts";
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
