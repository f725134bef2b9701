/** `klish/nn`: layers, losses, optimisers and schedules as functions of values. No Node, no browser. */
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
