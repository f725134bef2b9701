/** Convolutions without biases, each followed by batch normalisation: what residual networks and their heads are made of. */
import { conv, mul, reshape } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type Affine, batchNorm, frozenFactors, runningStatistics, type Statistics } from "../nn/batchNorm.ts";
import { dilatedConv } from "../nn/dilatedConv.ts";
import { filled, normal, type ParameterSpec } from "../nn/parameters.ts";

export interface ConvNormOptions {
  readonly stride?: number;
  /** Distance of the kernel's taps; the padding keeps the size at stride 1. Default 1. */
  readonly dilation?: number;
}

/**
 * Convolves x [N,I,H,W] with `<conv>.weight` [O,I,k,k], k odd, padded by dilation (k - 1) / 2, and normalises with
 * `<norm>.weight`, `.bias`, `.running_mean` and `.running_var`, [O] each.
 */
export type ConvNorm = (x: Value, conv: string, norm: string, options?: ConvNormOptions) => Value;

/** Weights of one `ConvNorm`, by PyTorch's names. He's initialisation by the outputs (He et al., 2015), as torchvision has it. */
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
 * For training: normalises by the batch's own statistics. `statistics` fills with the next running averages, by the names
 * of the weights, while the network is being written.
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
 * For use: normalises by the running averages, as a factor of the convolution's weight and a bias: no pass over the maps.
 * `openSize`: written alike for maps of every size.
 */
export const frozenConvNorm =
  (weights: Weights, openSize = false): ConvNorm =>
  (x, name, norm, options) => {
    const weight = weights.get(`${name}.weight`)!;
    const { factor, level } = frozenFactors(affineOf(weights, norm), statisticsOf(weights, norm));
    return convolved(x, mul(weight, reshape(factor, [weight.shape[0], 1, 1, 1])), level, options, openSize);
  };
