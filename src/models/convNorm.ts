/** Convolutions without biases, each followed by batch normalisation: the building blocks of residual networks and their heads. */
import { conv, mul, reshape } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type Affine, batchNorm, frozenFactors, runningStatistics, type Statistics } from "../nn/batchNorm.ts";
import { dilatedConv } from "../nn/dilatedConv.ts";
import { filled, normal, type ParameterSpec } from "../nn/parameters.ts";

export interface ConvNormOptions {
  readonly stride?: number;
  /** Distance between the kernel's taps; with stride 1 the padding preserves the size. Default 1. */
  readonly dilation?: number;
}

/**
 * Convolves x [N,I,H,W] with `<conv>.weight` [O,I,k,k], k odd, padded by dilation (k - 1) / 2, and normalises with
 * `<norm>.weight`, `.bias`, `.running_mean` and `.running_var`, [O] each.
 */
export type ConvNorm = (x: Value, conv: string, norm: string, options?: ConvNormOptions) => Value;

/** Weights of one `ConvNorm`, by PyTorch's names, with He initialisation by fan-out (He et al., 2015), as in torchvision. */
export function convNormParameters(
  conv: string,
  norm: string,
  [outputs, inputs, kernel]: readonly [number, number, number],
): [string, ParameterSpec][] {
  const statistic = (value: number): ParameterSpec => ({ ...filled([outputs], value), trained: false });
  return [
    [`${conv}.weight`, normal([outputs, inputs, kernel, kernel], Math.sqrt(2 / (outputs * kernel * kernel)))],
    [`${norm}.weight`, filled([outputs], 1)],
    [`${norm}.bias`, filled([outputs])],
    [`${norm}.running_mean`, statistic(0)],
    [`${norm}.running_var`, statistic(1)],
  ];
}

type Weights = ReadonlyMap<string, Value>;

function convolved(
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride = 1, dilation = 1 }: ConvNormOptions = {},
  openSize = false,
): Value {
  const options = { dilation, ...(bias && { bias }) };
  if (stride === 1 && !openSize) return dilatedConv(x, weight, options);
  return conv(x, weight, { ...options, stride, padding: (dilation * (weight.shape[2] - 1)) / 2 });
}

const affineOf = (weights: Weights, norm: string): Affine => ({
  scale: weights.get(`${norm}.weight`)!,
  shift: weights.get(`${norm}.bias`)!,
});

const statisticsOf = (weights: Weights, norm: string): Statistics => ({
  mean: weights.get(`${norm}.running_mean`)!,
  variance: weights.get(`${norm}.running_var`)!,
});

/**
 * For training: normalises by the batch's own statistics. Building the network fills `statistics` with the next running averages, by
 * the names of the weights.
 */
export function trainingConvNorm(weights: Weights): { convNorm: ConvNorm; statistics: ReadonlyMap<string, Value> } {
  const statistics = new Map<string, Value>();
  const convNorm: ConvNorm = (x, name, norm, options) => {
    const y = convolved(x, weights.get(`${name}.weight`)!, undefined, options);
    const [N, , H, W] = y.shape;
    const normalised = batchNorm(y, affineOf(weights, norm));
    const next = runningStatistics(statisticsOf(weights, norm), normalised, { count: N * H * W });
    statistics.set(`${norm}.running_mean`, next.mean);
    statistics.set(`${norm}.running_var`, next.variance);
    return normalised.y;
  };
  return { convNorm, statistics };
}

/**
 * For inference: normalises by the running averages, folded into the convolution's weight and a bias, which costs no pass over the maps.
 * `openSize`: emits one graph for maps of every size.
 */
export const frozenConvNorm =
  (weights: Weights, openSize = false): ConvNorm =>
  (x, name, norm, options) => {
    const weight = weights.get(`${name}.weight`)!;
    const { factor, level } = frozenFactors(affineOf(weights, norm), statisticsOf(weights, norm));
    return convolved(x, mul(weight, reshape(factor, [weight.shape[0], 1, 1, 1])), level, options, openSize);
  };
