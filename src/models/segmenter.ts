/** Networks from pictures to per-pixel class logits, by the names used in files. */
import { CheckpointError } from "../checkpoint/stateDict.ts";
import { constant } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import type { ParameterTable } from "../nn/parameters.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";
import { deeplabv3Logits, deeplabv3On, deeplabv3Parameters, deeplabv3Training } from "./deeplabv3.ts";
import { unetLogits, unetParameters } from "./unet.ts";

/** A segmenter's architecture, without its classes: plain JSON. */
export type SegmenterArchitecture =
  | { readonly network: "unet"; readonly channels: readonly number[] }
  | { readonly network: "deeplabv3"; readonly backbone: "resnet18" | "resnet50"; readonly outputStride: 8 | 16 };

/** A network whose weights are values by name: inputs of a training step, or constants. Pictures are RGB, [N,3,H,W] in [-1,1]. */
export interface SegmenterNetwork {
  readonly parameters: ParameterTable;
  /** Sides of the pictures are multiples of this. */
  readonly sideMultiple: number;
  /** Logits [N,classes,H,W]; `statistics`: the next values of weights that are not trained by gradient (running averages). */
  training(
    weights: ReadonlyMap<string, Value>,
    pictures: Value,
  ): { readonly logits: Value; readonly statistics: ReadonlyMap<string, Value> };
  /** Inference mode: logits [N,classes,H,W], each picture independent of the others. `openSize`: emits one graph for every size. */
  inference(weights: ReadonlyMap<string, Value>, pictures: Value, options?: { readonly openSize?: boolean }): Value;
}

export function segmenterNetwork(architecture: SegmenterArchitecture, classes: number): SegmenterNetwork {
  if (architecture.network === "unet") {
    const plan = { imageChannels: 3, classes, channels: architecture.channels };
    const inference: SegmenterNetwork["inference"] = (...given) => unetLogits(plan, ...given);
    return {
      parameters: unetParameters(plan),
      sideMultiple: 2 ** (plan.channels.length - 1),
      training: (weights, pictures) => ({ logits: inference(weights, pictures), statistics: new Map() }),
      inference,
    };
  }
  const plan = deeplabv3On(architecture.backbone, architecture.outputStride, classes);
  return {
    parameters: deeplabv3Parameters(plan),
    sideMultiple: 1,
    training: (weights, pictures) => deeplabv3Training(plan, weights, pictures),
    inference: (...given) => deeplabv3Logits(plan, ...given).logits,
  };
}

/** A file's weights. Throws CheckpointError where one is missing or of another shape. */
export function checkedWeights(
  { parameters }: SegmenterNetwork,
  tensors: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  for (const [name, { shape }] of parameters) {
    const found = tensors.get(name);
    if (found === undefined || !sameShape(found.shape, shape))
      throw new CheckpointError(
        `this is not a segmenter of klish: ${name} is ${found === undefined ? "missing" : `[${found.shape}]`}, expected [${shape}]`,
      );
  }
  return tensors;
}

/** Weights as constants of a graph. */
export const constantWeights = (tensors: ReadonlyMap<string, Tensor>): Map<string, Value> =>
  new Map([...tensors].map(([name, { shape, data }]) => [name, constant(shape, data)]));
