/** `klish/gan`: generators as graphs, their layers and files, and how good their images are. No Node, no browser. */
export { readNpy, readNpz } from "./checkpoint/npy.ts";
export { readCheckpoint } from "./checkpoint/readCheckpoint.ts";
export { readSafetensors, writeSafetensors } from "./checkpoint/safetensors.ts";
export { type Checkpoint, CheckpointError, type LazyTensor, type StateDict } from "./checkpoint/stateDict.ts";
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
