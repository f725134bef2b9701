/** Layers that PGGAN and StyleGAN share, as functions of values. */
import {
  add,
  constant,
  conv,
  convTranspose,
  div,
  mul,
  reduceMean,
  reshape,
  sqrt,
  square,
  sub,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { EPSILON, swapChannels } from "./styleLayers.ts";
import { firSmooth } from "./upfirdn.ts";

/** Convolution weights [O,I,k,k], row-major. */
export interface ConvWeight {
  readonly weight: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** Gain of He's initialisation, which these networks apply when they run: sqrt(2 / fan-in). */
const heGain = ([, I, k]: ConvWeight["shape"]): number => Math.SQRT2 / Math.sqrt(I * k * k);

/** Correlation of x [N,I,H,W] with a 3x3 kernel, He's gain, padding 1. */
export function heConv(x: Value, { weight, shape }: ConvWeight): Value {
  const gain = heGain(shape);
  return conv(
    x,
    constant(
      shape,
      weight.map((v) => v * gain),
    ),
    { padding: 1 },
  );
}

/**
 * Doubles x [N,I,H,W] with a 3x3 kernel: a stride-2 transposed convolution with the kernel summed over the four offsets
 * of a pixel's quarter, which makes it 4x4. The same as nearest-neighbour doubling, then correlation (padding 1) with
 * the kernel reversed in both axes.
 */
export function heConvUp(x: Value, { weight, shape }: ConvWeight): Value {
  const [O, I] = shape;
  const gain = heGain(shape);
  const wide = new Float32Array(O * I * 16);
  for (let c = 0; c < O * I; c++)
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++)
        for (const da of [0, 1])
          for (const db of [0, 1]) wide[c * 16 + (a + da) * 4 + b + db] += weight[c * 9 + a * 3 + b] * gain;
  return convTranspose(x, constant([I, O, 4, 4], swapChannels(wide, O, I, 16)), { stride: 2, padding: 1 });
}

/** Correlation of x [N,C,H,W] with outer([1,2,1], [1,2,1]) / 16, zeros around. */
export const blur = (x: Value): Value => firSmooth(x, { size: 3, taps: BINOMIAL }, 1, 1);
const BINOMIAL = Float32Array.from([1, 2, 1, 2, 4, 2, 1, 2, 1], (v) => v / 16);

/** x [N,C,H,W] minus its mean over pixels, divided by its standard deviation. */
export function instanceNorm(x: Value): Value {
  const centred = sub(x, reduceMean(x, [2, 3]));
  return div(centred, sqrt(add(reduceMean(square(centred), [2, 3]), EPSILON)));
}

/** 1x1 convolution of x [N,C,H,W] to colours, weight [O,C,1,1] / sqrt(C), plus bias [O]. */
export function toRgb(x: Value, { weight, shape }: ConvWeight, bias: Float32Array): Value {
  const gain = 1 / Math.sqrt(shape[1]);
  const kernel = constant(
    shape,
    weight.map((v) => v * gain),
  );
  return add(conv(x, kernel), constant([1, bias.length, 1, 1], bias));
}

/** Every pixel of x [N,C,H,W] as a square of `factor` x `factor`. */
export function nearestUpsample(x: Value, factor: number): Value {
  if (factor === 1) return x;
  const [N, C, H, W] = x.shape;
  const ones = constant([1, 1, factor, factor], new Float32Array(factor * factor).fill(1));
  const y = convTranspose(reshape(x, [N * C, 1, H, W]), ones, { stride: factor });
  return reshape(y, [N, C, H * factor, W * factor]);
}

/**
 * The image at a level of detail. `images` are those of every resolution, lowest first; lod 0 is the last one, lod k the
 * k-th from the end, enlarged; between whole levels, two are mixed.
 */
export function imageAtLod(images: readonly Value[], lod: number): Value {
  const level = Math.floor(lod);
  const last = images.length - 1 - level;
  let image = images[last];
  if (lod > level) image = add(image, mul(sub(nearestUpsample(images[last - 1], 2), image), lod - level));
  return nearestUpsample(image, 2 ** level);
}
