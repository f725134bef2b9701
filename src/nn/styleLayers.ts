/**
 * Layers that the StyleGAN family shares, as functions of values. Weights are values, too: constants of a frozen network,
 * whose gains are folded into them before anything runs, or inputs of a training step. Letters: N samples, I and O
 * channels, F features.
 */
import {
  add,
  conv,
  convTranspose,
  div,
  leakyRelu,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  square,
  transpose,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type FirFilter, firSmooth } from "./upfirdn.ts";

/** Keeps divisions by a norm finite; the value of all official networks. */
export const EPSILON = 1e-8;

/** Of the leaky ReLU in all official networks. */
export const NEGATIVE_SLOPE = 0.2;

/** Leaky ReLU with that slope. */
export const lrelu = (x: Value): Value => leakyRelu(x, NEGATIVE_SLOPE);

/** x / sqrt(mean(x^2) + eps) over the features of x [N,F] or, at each pixel, over the channels of x [N,F,H,W]. */
export const normalizeSecondMoment = (x: Value): Value => div(x, sqrt(add(reduceMean(square(x), [1]), EPSILON)));

/** x times a number, which is left out where it is 1. */
export const scaled = (x: Value, gain: number): Value => (gain === 1 ? x : mul(x, gain));

/** A vector [C] as a value that broadcasts over maps, [1,C,1,1], times `gain`. */
export const perChannel = (vector: Value, gain = 1): Value => scaled(reshape(vector, [1, vector.shape[0], 1, 1]), gain);

/** x [N,I] times weight [O,I] transposed, scaled; plus bias [O], scaled: [N,O]. */
export function fullyConnected(
  x: Value,
  weight: Value,
  bias: Value,
  { weightGain, biasGain = 1 }: { weightGain: number; biasGain?: number },
): Value {
  const product = matmul(x, transpose(scaled(weight, weightGain), [1, 0]));
  return add(product, scaled(reshape(bias, [1, bias.shape[0]]), biasGain));
}

export interface ModulatedConvOptions {
  /** Divides by the norm of the modulated kernel and multiplies by this; undefined: neither. */
  readonly demodulateTo?: number;
  /** Doubles the resolution: a stride-2 transposed convolution, then this filter. */
  readonly upsample?: FirFilter;
}

/**
 * Modulated convolution (StyleGAN2, section 2.2): w'[o,i,k] = w[o,i,k] s[i], divided by its norm per output channel
 * when demodulating. Scaling the input by s and the output by the norm gives the same with one weight for all samples.
 * x is [N,I,H,W] or [1,I,H,W], style s is [N,I], weight is [O,I,k,k].
 */
export function modulatedConv(
  x: Value,
  style: Value,
  weight: Value,
  { demodulateTo, upsample }: ModulatedConvOptions = {},
): Value {
  const [N, I] = style.shape;
  const [O, , k] = weight.shape;
  const modulated = mul(x, reshape(style, [N, I, 1, 1])); // [N,I,H,W]
  let y: Value;
  if (upsample === undefined) y = conv(modulated, weight, { padding: (k - 1) / 2 });
  else {
    const scattered = convTranspose(modulated, transpose(weight, [1, 0, 2, 3]), { stride: 2 });
    y = firSmooth(scattered, upsample, 1, 4); // [N,O,2H+1,2W+1] -> [N,O,2H,2W]
  }
  if (demodulateTo === undefined) return y;
  const energy = reshape(reduceSum(square(weight), [2, 3]), [O, I]);
  const norm = sqrt(add(matmul(square(style), transpose(energy, [1, 0])), EPSILON)); // [N,O]
  return mul(y, reshape(div(demodulateTo, norm), [N, O, 1, 1]));
}

/** [O,I,taps] -> [I,O,taps]. */
export function swapChannels(weight: Float32Array, O: number, I: number, taps: number): Float32Array {
  const swapped = new Float32Array(weight.length);
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++)
      swapped.set(weight.subarray((o * I + i) * taps, (o * I + i + 1) * taps), (i * O + o) * taps);
  return swapped;
}
