/** Layers that the StyleGAN family shares, as functions of values. Letters: N samples, I and O channels, F features. */
import {
  add,
  constant,
  conv,
  convTranspose,
  div,
  leakyRelu,
  matmul,
  mul,
  reduceMean,
  reshape,
  sqrt,
  square,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type FirFilter, firSmooth } from "./upfirdn.ts";

/** Keeps divisions by a norm finite; the value of all official networks. */
export const EPSILON = 1e-8;

/** Leaky ReLU with the slope of all official networks. */
export const lrelu = (x: Value): Value => leakyRelu(x, 0.2);

/** x / sqrt(mean(x^2) + eps) over the features of x [N,F] or, at each pixel, over the channels of x [N,F,H,W]. */
export const normalizeSecondMoment = (x: Value): Value => div(x, sqrt(add(reduceMean(square(x), [1]), EPSILON)));

/** x [N,I] times weight [O,I] transposed, each scaled; plus bias [O] scaled: [N,O]. */
export function fullyConnected(
  x: Value,
  weight: Float32Array,
  bias: Float32Array,
  { weightGain, biasGain = 1 }: { weightGain: number; biasGain?: number },
): Value {
  const inFeatures = x.shape[1];
  const outFeatures = bias.length;
  const transposed = new Float32Array(weight.length); // [I,O]
  for (let o = 0; o < outFeatures; o++)
    for (let i = 0; i < inFeatures; i++) transposed[i * outFeatures + o] = weight[o * inFeatures + i] * weightGain;
  return add(
    matmul(x, constant([inFeatures, outFeatures], transposed)),
    constant(
      [1, outFeatures],
      bias.map((b) => b * biasGain),
    ),
  );
}

export interface ModulatedConvOptions {
  /** [O,I,k,k], row-major. */
  readonly weight: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Divides by the norm of the modulated kernel and multiplies by this; undefined: neither. */
  readonly demodulateTo?: number;
  /** Doubles the resolution: a stride-2 transposed convolution, then this filter. */
  readonly upsample?: FirFilter;
}

/**
 * Modulated convolution (StyleGAN2, section 2.2): w'[o,i,k] = w[o,i,k] s[i], divided by its norm per output channel
 * when demodulating. Scaling the input by s and the output by the norm gives the same with one weight for all samples.
 * x is [N,I,H,W], style s is [N,I].
 */
export function modulatedConv(x: Value, style: Value, options: ModulatedConvOptions): Value {
  const { weight, demodulateTo, upsample } = options;
  const [O, I, k] = options.shape;
  const modulated = mul(x, reshape(style, [style.shape[0], I, 1, 1])); // [N,I,H,W]
  let y: Value;
  if (upsample === undefined) y = conv(modulated, constant([O, I, k, k], weight), { padding: (k - 1) / 2 });
  else {
    const scattered = convTranspose(modulated, constant([I, O, k, k], swapChannels(weight, O, I, k * k)), {
      stride: 2,
    });
    y = firSmooth(scattered, upsample, 1, 4); // [N,O,2H+1,2W+1] -> [N,O,2H,2W]
  }
  if (demodulateTo === undefined) return y;
  const energy = new Float32Array(I * O); // [I,O]: sum of w^2 over the kernel
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++) {
      let sum = 0;
      for (let t = 0; t < k * k; t++) sum += weight[(o * I + i) * k * k + t] ** 2;
      energy[i * O + o] = sum;
    }
  const norm = sqrt(add(matmul(square(style), constant([I, O], energy)), EPSILON)); // [N,O]
  return mul(y, reshape(div(demodulateTo, norm), [norm.shape[0], O, 1, 1]));
}

/** [O,I,taps] -> [I,O,taps]. */
export function swapChannels(weight: Float32Array, O: number, I: number, taps: number): Float32Array {
  const swapped = new Float32Array(weight.length);
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++)
      swapped.set(weight.subarray((o * I + i) * taps, (o * I + i + 1) * taps), (i * O + o) * taps);
  return swapped;
}
