/**
 * ResNet of bottleneck blocks (He et al., 2016, Table 1), without its classifier: from pictures to maps. Weights have the names
 * of torchvision's state dict. As there, the stride of a block is that of its 3x3 convolution, and networks for
 * segmentation trade the strides of the last stages for dilation.
 */
import { add, leakyRelu, maxPool } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { type ConvNorm, convNormParameters } from "./convNorm.ts";

export interface ResnetPlan {
  readonly imageChannels: number;
  /** Channels of the first convolution, and inside the blocks of the first stage; each later stage has twice as many. */
  readonly width: number;
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Pixels of the picture per pixel of the last stage: what would be finer by stride is made by dilation instead. */
  readonly outputStride: 8 | 16 | 32;
}

/** ResNet-50 at an eighth of the picture's size. */
export const resnet50: ResnetPlan = { imageChannels: 3, width: 64, blocks: [3, 4, 6, 3], outputStride: 8 };

/** A block's result has this many times the channels inside it. */
const EXPANSION = 4;

/** Channels of a stage's result. */
export const stageChannels = ({ width }: ResnetPlan, stage: number): number => EXPANSION * width * 2 ** stage;

interface Block {
  readonly name: string;
  readonly inputs: number;
  readonly inner: number;
  readonly outputs: number;
  readonly stride: number;
  /** Of the 3x3 convolution. */
  readonly dilation: number;
  /** The shortcut is a convolution, since its size or channels change. */
  readonly projected: boolean;
}

/** The blocks of every stage. The first block of a stage has the dilation of the stage before, as in torchvision. */
function stagesOf(plan: ResnetPlan, prefix: string): Block[][] {
  let [inputs, reached, dilation] = [plan.width, 4, 1];
  return plan.blocks.map((count, stage) => {
    const [outputs, before] = [stageChannels(plan, stage), dilation];
    let stride = stage === 0 ? 1 : 2;
    if (reached * stride > plan.outputStride) {
      dilation *= stride;
      stride = 1;
    }
    reached *= stride;
    return Array.from({ length: count }, (_, i) => {
      const block = {
        name: `${prefix}layer${stage + 1}.${i}`,
        inputs,
        inner: plan.width * 2 ** stage,
        outputs,
        stride: i === 0 ? stride : 1,
        dilation: i === 0 ? before : dilation,
        projected: i === 0 && (stride > 1 || inputs !== outputs),
      };
      inputs = outputs;
      return block;
    });
  });
}

const STEM = 7;

/** Weights by name, each name after `prefix`. */
export function resnetParameters(plan: ResnetPlan, prefix = ""): [string, ParameterSpec][] {
  return [
    ...convNormParameters(`${prefix}conv1`, `${prefix}bn1`, [plan.width, plan.imageChannels, STEM]),
    ...stagesOf(plan, prefix)
      .flat()
      .flatMap(({ name, inputs, inner, outputs, projected }) => [
        ...convNormParameters(`${name}.conv1`, `${name}.bn1`, [inner, inputs, 1]),
        ...convNormParameters(`${name}.conv2`, `${name}.bn2`, [inner, inner, 3]),
        ...convNormParameters(`${name}.conv3`, `${name}.bn3`, [outputs, inner, 1]),
        ...(projected ? convNormParameters(`${name}.downsample.0`, `${name}.downsample.1`, [outputs, inputs, 1]) : []),
      ]),
  ];
}

/**
 * Results of the stages for pictures [N,C,H,W]: [N, 4 width 2^stage, ceil(H/s), ceil(W/s)], where s is 4, 8, 16, 32, but
 * nowhere above the output stride.
 */
export function resnetStages(plan: ResnetPlan, convNorm: ConvNorm, pictures: Value, prefix = ""): Value[] {
  const stem = leakyRelu(convNorm(pictures, `${prefix}conv1`, `${prefix}bn1`, { stride: 2 }), 0);
  let x = maxPool(stem, { kernel: 3, stride: 2, padding: 1 });
  return stagesOf(plan, prefix).map((blocks) => {
    for (const block of blocks) x = bottleneck(x, block, convNorm);
    return x;
  });
}

/** Channels are brought down by a 1x1 convolution, convolved 3x3 and brought up again; what came in is added. */
function bottleneck(x: Value, { name, stride, dilation, projected }: Block, convNorm: ConvNorm): Value {
  let y = leakyRelu(convNorm(x, `${name}.conv1`, `${name}.bn1`), 0);
  y = leakyRelu(convNorm(y, `${name}.conv2`, `${name}.bn2`, { stride, dilation }), 0);
  y = convNorm(y, `${name}.conv3`, `${name}.bn3`);
  const shortcut = projected ? convNorm(x, `${name}.downsample.0`, `${name}.downsample.1`, { stride }) : x;
  return leakyRelu(add(y, shortcut), 0);
}
