/**
 * A small U-Net (Ronneberger et al., 2015) from pictures to per-pixel class logits: an encoder whose maps halve at each
 * level, and a decoder that doubles them again and also reads the encoder's maps of the same size.
 */
import { CheckpointError } from "../checkpoint/stateDict.ts";
import { concat, conv, leakyRelu } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { halved, resizeLike } from "../nn/openSize.ts";
import { filled, normal, type ParameterSpec, type ParameterTable } from "../nn/parameters.ts";
import { averagePool } from "../nn/pooling.ts";
import { bilinearMatrix, resize } from "../nn/resample.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface UnetPlan {
  readonly imageChannels: number;
  readonly classes: number;
  /** Channels of each level, finest first. The side of pictures must be a multiple of 2^(levels - 1). */
  readonly channels: readonly number[];
}

/** Less than a megabyte of weights; the receptive field is about 90 pixels. */
export const smallChannels: readonly number[] = [16, 32, 48, 64];

const KERNEL = 3;

/** A layer's weight and bias, with He initialisation for leaky rectifiers. */
function layer(name: string, inputs: number, outputs: number, kernel: number): [string, ParameterSpec][] {
  return [
    [`${name}.weight`, normal([outputs, inputs, kernel, kernel], Math.sqrt(2 / (inputs * kernel * kernel)))],
    [`${name}.bias`, filled([outputs])],
  ];
}

/** Weights by name: down<i> and up<i> hold two convolutions each, `classes` is the last one. */
export function unetParameters({ imageChannels, classes, channels }: UnetPlan): ParameterTable {
  return new Map([
    ...channels.flatMap((C, i) => [
      ...layer(`down${i}.0`, i === 0 ? imageChannels : channels[i - 1], C, KERNEL),
      ...layer(`down${i}.1`, C, C, KERNEL),
    ]),
    ...channels
      .slice(0, -1)
      .flatMap((C, i) => [...layer(`up${i}.0`, channels[i + 1] + C, C, KERNEL), ...layer(`up${i}.1`, C, C, KERNEL)]),
    ...layer("classes", channels[0], classes, 1),
  ]);
}

/**
 * Logits [N,classes,H,W] of pictures [N,C,H,W] with values in [-1, 1]. Throws RangeError for sides that cannot be halved at each level.
 * `openSize`: emits one graph for pictures of every size, such sides too.
 */
export function unetLogits(
  { channels }: Pick<UnetPlan, "channels">,
  weights: ReadonlyMap<string, Value>,
  pictures: Value,
  { openSize = false }: { readonly openSize?: boolean } = {},
): Value {
  const factor = 2 ** (channels.length - 1);
  if (!openSize && pictures.shape.slice(2).some((side) => side % factor !== 0))
    throw new RangeError(`segmenter: pictures are [${pictures.shape}]; expected sides that are multiples of ${factor}`);
  const convolved = (x: Value, name: string): Value => {
    const weight = weights.get(`${name}.weight`) as Value;
    return conv(x, weight, { padding: (weight.shape[2] - 1) / 2, bias: weights.get(`${name}.bias`) as Value });
  };
  const block = (x: Value, name: string): Value =>
    [0, 1].reduce((y, i) => leakyRelu(convolved(y, `${name}.${i}`), SLOPE), x);
  const skips: Value[] = [];
  let x = pictures;
  for (const i of channels.keys()) {
    x = block(i === 0 ? x : openSize ? halved(x) : averagePool(x, { kernel: 2 }), `down${i}`);
    skips.push(x);
  }
  for (let i = channels.length - 2; i >= 0; i--) {
    const [, , H, W] = skips[i].shape;
    const enlarged = openSize ? resizeLike(x, skips[i]) : resize(x, [H, W], bilinearMatrix);
    x = block(concat([enlarged, skips[i]], 1), `up${i}`);
  }
  return convolved(x, "classes");
}

/** Slope of the rectifiers below 0. */
const SLOPE = 0.1;

/** The plan that fits the weights. Throws CheckpointError if they are not a segmenter's. */
export function unetPlan(tensors: ReadonlyMap<string, Tensor>): UnetPlan {
  const shape = (name: string): readonly number[] => {
    const found = tensors.get(name)?.shape;
    if (found === undefined || found.length !== 4)
      throw new CheckpointError(`this is not a segmenter of klish: it has no weight ${name} of four axes`);
    return found;
  };
  const channels: number[] = [];
  while (tensors.has(`down${channels.length}.0.weight`)) channels.push(shape(`down${channels.length}.0.weight`)[0]);
  const plan = { imageChannels: shape("down0.0.weight")[1], classes: shape("classes.weight")[0], channels };
  for (const [name, spec] of unetParameters(plan))
    if (String(tensors.get(name)?.shape) !== String(spec.shape))
      throw new CheckpointError(
        `this is not a segmenter of klish: ${name} is [${tensors.get(name)?.shape ?? "missing"}], expected [${spec.shape}]`,
      );
  return plan;
}
