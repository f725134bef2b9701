/**
 * DeepLabV3 (Chen et al., 2017, "Rethinking atrous convolution for semantic image segmentation", section 3) on a ResNet: a
 * pyramid of dilated convolutions runs in parallel with image-level pooling on the backbone's maps; the logits
 * are interpolated to the picture's size. Weights have the names of torchvision's deeplabv3_resnet50, so that its state dict
 * fits (except for `num_batches_tracked`, which is not needed). Its dropout is left out, as in the paper.
 */
import { concat, conv, expand, leakyRelu } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { meanOfMap, resizeLike } from "../nn/openSize.ts";
import { filled, normal, type ParameterSpec, type ParameterTable } from "../nn/parameters.ts";
import { globalAveragePool } from "../nn/pooling.ts";
import { bilinearMatrix, resize } from "../nn/resample.ts";
import { type ConvNorm, convNormParameters, frozenConvNorm, trainingConvNorm } from "./convNorm.ts";
import { type ResnetPlan, resnet18, resnet50, resnetParameters, resnetStages, stageChannels } from "./resnet.ts";

export interface Deeplabv3Plan {
  readonly backbone: ResnetPlan;
  readonly classes: number;
  /** Channels of each branch of the pyramid, and of its output. */
  readonly channels: number;
  /** Dilations of the pyramid's 3x3 convolutions. */
  readonly rates: readonly number[];
  /** Auxiliary logits from the second-to-last stage, for a second loss in training. */
  readonly auxiliary: boolean;
}

/** torchvision's deeplabv3_resnet50, whose rates are for an output stride of 8. */
export const deeplabv3Resnet50 = (classes: number, { auxiliary = false } = {}): Deeplabv3Plan => ({
  backbone: resnet50,
  classes,
  channels: 256,
  rates: [12, 24, 36],
  auxiliary,
});

/** The backbones by name, with the number of pyramid channels for each. */
const backbones = { resnet18: { plan: resnet18, channels: 128 }, resnet50: { plan: resnet50, channels: 256 } } as const;
export type BackboneName = keyof typeof backbones;

/** DeepLabV3 on a backbone with this output stride, with the paper's rates: 6, 12 and 18 at stride 16, twice that at 8. */
export const deeplabv3On = (name: BackboneName, outputStride: 8 | 16, classes: number): Deeplabv3Plan => ({
  backbone: { ...backbones[name].plan, outputStride },
  classes,
  channels: backbones[name].channels,
  rates: [6, 12, 18].map((rate) => (rate * 16) / outputStride),
  auxiliary: false,
});

const BACKBONE = "backbone.";
const PYRAMID = "classifier.0";

/** The stage from which the auxiliary logits are computed. */
const auxiliaryStage = ({ backbone }: Deeplabv3Plan): number => backbone.blocks.length - 2;
/** Channels of the auxiliary head: a quarter of that stage's. */
const auxiliaryChannels = (plan: Deeplabv3Plan): number => stageChannels(plan.backbone, auxiliaryStage(plan)) / 4;

/** Weights by name: `backbone.`, `classifier.` and, where planned, `aux_classifier.`. */
export function deeplabv3Parameters(plan: Deeplabv3Plan): ParameterTable {
  const { backbone, channels, rates, classes, auxiliary } = plan;
  const features = stageChannels(backbone, backbone.blocks.length - 1);
  const branch = (i: number, first: number, kernel: number): [string, ParameterSpec][] =>
    convNormParameters(`${PYRAMID}.convs.${i}.${first}`, `${PYRAMID}.convs.${i}.${first + 1}`, [
      channels,
      features,
      kernel,
    ]);
  const logits = (name: string, inputs: number): [string, ParameterSpec][] => [
    [`${name}.weight`, normal([classes, inputs, 1, 1], Math.sqrt(1 / inputs))],
    [`${name}.bias`, filled([classes])],
  ];
  const inner = auxiliaryChannels(plan);
  return new Map([
    ...resnetParameters(backbone, BACKBONE),
    ...branch(0, 0, 1),
    ...rates.flatMap((_, i) => branch(i + 1, 0, 3)),
    ...branch(rates.length + 1, 1, 1),
    ...convNormParameters(`${PYRAMID}.project.0`, `${PYRAMID}.project.1`, [channels, channels * (rates.length + 2), 1]),
    ...convNormParameters("classifier.1", "classifier.2", [channels, channels, 3]),
    ...logits("classifier.4", channels),
    ...(auxiliary
      ? [
          ...convNormParameters("aux_classifier.0", "aux_classifier.1", [inner, 4 * inner, 3]),
          ...logits("aux_classifier.4", inner),
        ]
      : []),
  ]);
}

export interface Deeplabv3Logits {
  /** [N,classes,H,W] */
  readonly logits: Value;
  /** The same shape; undefined where the plan has none. */
  readonly auxiliary?: Value;
}

/**
 * Logits of pictures [N,C,H,W] (for torchvision's weights, normalise pictures by ImageNet's mean and deviation), with the running
 * averages of batch normalisation. `openSize`: emits one graph for pictures of every size.
 */
export const deeplabv3Logits = (
  plan: Deeplabv3Plan,
  weights: ReadonlyMap<string, Value>,
  pictures: Value,
  { openSize = false }: { readonly openSize?: boolean } = {},
): Deeplabv3Logits => network(plan, frozenConvNorm(weights, openSize), weights, pictures, openSize);

/**
 * Training mode: logits by the statistics of the batch, which needs two pictures or more, and the next running averages, by the names
 * of the weights that they replace.
 */
export function deeplabv3Training(
  plan: Deeplabv3Plan,
  weights: ReadonlyMap<string, Value>,
  pictures: Value,
): Deeplabv3Logits & { readonly statistics: ReadonlyMap<string, Value> } {
  if (pictures.shape[0] < 2)
    throw new RangeError("deeplabv3: one picture's means have no variance; train on batches of two or more");
  const { convNorm, statistics } = trainingConvNorm(weights);
  return { ...network(plan, convNorm, weights, pictures), statistics };
}

function network(
  plan: Deeplabv3Plan,
  convNorm: ConvNorm,
  weights: ReadonlyMap<string, Value>,
  pictures: Value,
  openSize = false,
): Deeplabv3Logits {
  const [, , H, W] = pictures.shape;
  const enlarged = (x: Value): Value => (openSize ? resizeLike(x, pictures) : resize(x, [H, W], bilinearMatrix));
  const stages = resnetStages(plan.backbone, convNorm, pictures, BACKBONE);
  const head = (x: Value, name: string, first: number): Value => {
    const y = leakyRelu(convNorm(x, `${name}.${first}`, `${name}.${first + 1}`), 0);
    const bias = weights.get(`${name}.4.bias`)!;
    return enlarged(conv(y, weights.get(`${name}.4.weight`)!, { bias }));
  };
  const logits = head(pyramid(stages[stages.length - 1], plan.rates, convNorm, openSize), "classifier", 1);
  return { logits, ...(plan.auxiliary && { auxiliary: head(stages[auxiliaryStage(plan)], "aux_classifier", 0) }) };
}

/** Atrous spatial pyramid pooling: a 1x1 convolution, a dilated 3x3 convolution per rate, and image-level pooling. */
function pyramid(x: Value, rates: readonly number[], convNorm: ConvNorm, openSize: boolean): Value {
  const branch = (from: Value, i: number, first: number, dilation = 1): Value =>
    leakyRelu(convNorm(from, `${PYRAMID}.convs.${i}.${first}`, `${PYRAMID}.convs.${i}.${first + 1}`, { dilation }), 0);
  const near = branch(x, 0, 0);
  const around = rates.map((rate, i) => branch(x, i + 1, 0, rate));
  const mean = branch(openSize ? meanOfMap(x) : globalAveragePool(x), rates.length + 1, 1);
  const whole = openSize ? resizeLike(mean, near) : expand(mean, near.shape);
  return leakyRelu(convNorm(concat([near, ...around, whole], 1), `${PYRAMID}.project.0`, `${PYRAMID}.project.1`), 0);
}
