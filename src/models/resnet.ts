/**
 * ResNet (He et al., 2016, Table 1) without its classifier: from pictures to maps. Weights have the names of torchvision's
 * state dict. As in torchvision, the first 3x3 convolution of a block has the stride, and segmentation networks replace the
 * strides of the last stages by dilation.
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
  /** Two 3x3 convolutions, or one between two 1x1 convolutions that reduce the channels to a quarter and restore them. */
  readonly block: "basic" | "bottleneck";
  /** Pixels of the picture per pixel of the last stage; strides beyond it are replaced by dilation. */
  readonly outputStride: 8 | 16 | 32;
}

/** ResNet-18 and ResNet-50 with output stride 8. */
export const resnet18: ResnetPlan = {
  imageChannels: 3,
  width: 64,
  blocks: [2, 2, 2, 2],
  block: "basic",
  outputStride: 8,
};
export const resnet50: ResnetPlan = { ...resnet18, blocks: [3, 4, 6, 3], block: "bottleneck" };

/** Ratio of a block's output channels to its inner channels. */
const EXPANSION = { basic: 1, bottleneck: 4 } as const;

/** Output channels of a stage. */
export const stageChannels = ({ width, block }: ResnetPlan, stage: number): number =>
  EXPANSION[block] * width * 2 ** stage;

interface Block {
  readonly name: string;
  readonly inputs: number;
  readonly inner: number;
  readonly outputs: number;
  readonly stride: number;
  /** Of the 3x3 convolutions. */
  readonly dilation: number;
  /** Whether the shortcut is a convolution, because size or channels change. */
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

/** Weights by name; each name begins with `prefix`. */
export function resnetParameters(plan: ResnetPlan, prefix = ""): [string, ParameterSpec][] {
  return [
    ...convNormParameters(`${prefix}conv1`, `${prefix}bn1`, [plan.width, plan.imageChannels, STEM]),
    ...stagesOf(plan, prefix)
      .flat()
      .flatMap(({ name, inputs, inner, outputs, projected }) => [
        ...kernelsOf[plan.block].flatMap((kernel, i, kernels) =>
          convNormParameters(`${name}.conv${i + 1}`, `${name}.bn${i + 1}`, [
            i === kernels.length - 1 ? outputs : inner,
            i === 0 ? inputs : inner,
            kernel,
          ]),
        ),
        ...(projected ? convNormParameters(`${name}.downsample.0`, `${name}.downsample.1`, [outputs, inputs, 1]) : []),
      ]),
  ];
}

/**
 * Outputs of the stages for pictures [N,C,H,W]: [N, stageChannels, ceil(H/s), ceil(W/s)], where s is 4, 8, 16, 32, but
 * never above the output stride.
 */
export function resnetStages(plan: ResnetPlan, convNorm: ConvNorm, pictures: Value, prefix = ""): Value[] {
  const stem = leakyRelu(convNorm(pictures, `${prefix}conv1`, `${prefix}bn1`, { stride: 2 }), 0);
  let x = maxPool(stem, { kernel: 3, stride: 2, padding: 1 });
  return stagesOf(plan, prefix).map((blocks) => {
    for (const block of blocks) x = residual(x, block, kernelsOf[plan.block], convNorm);
    return x;
  });
}

/** Sides of the kernels of a block's convolutions. */
const kernelsOf = { basic: [3, 3], bottleneck: [1, 3, 1] } as const;

/** A residual block: the input is added to its convolutions' output. The first 3x3 convolution has the stride, all have the dilation. */
function residual(x: Value, block: Block, kernels: readonly number[], convNorm: ConvNorm): Value {
  const { name, stride, dilation, projected } = block;
  const strided = kernels.indexOf(3);
  const y = kernels.reduce((before, kernel, i) => {
    const options = kernel === 1 ? {} : { stride: i === strided ? stride : 1, dilation };
    const next = convNorm(before, `${name}.conv${i + 1}`, `${name}.bn${i + 1}`, options);
    return i === kernels.length - 1 ? next : leakyRelu(next, 0);
  }, x);
  const shortcut = projected ? convNorm(x, `${name}.downsample.0`, `${name}.downsample.1`, { stride }) : x;
  return leakyRelu(add(y, shortcut), 0);
}
