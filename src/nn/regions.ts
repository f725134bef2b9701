/**
 * Pictures and the regions of a mask: what belongs to a region is spread over its pixels, and what its pixels have is averaged.
 * Masks are [N,K,H,W], the share of each region in each pixel: one-hot at the finest size, means of one-hot pixels below. Where
 * no region is, all are 0. Letters: N samples, K regions, C channels.
 */
import {
  add,
  concat,
  constant,
  div,
  matmul,
  mul,
  reduceSum,
  reshape,
  slice,
  withGradient,
} from "../graph/ops/index.ts";
import { swapLastAxes } from "../graph/ops/transpose.ts";
import type { Value } from "../graph/value.ts";
import { areaMatrix, resize } from "./resample.ts";

/** A mask [N,K,H,W] at another size [height,width]: the shares of the regions in the larger pixels. */
export const resizedMask = (mask: Value, [height, width]: readonly [number, number]): Value =>
  mask.shape[2] === height && mask.shape[3] === width ? mask : resize(mask, [height, width], areaMatrix);

/** Values of regions [N or 1,C,K] at the pixels of a mask: [N,C,H,W]. */
export function spread(values: Value, mask: Value): Value {
  const [N, K, H, W] = mask.shape;
  return reshape(matmul(values, reshape(mask, [N, K, H * W])), [N, values.shape[1], H, W]);
}

/**
 * x [N,C,H,W] scaled and shifted by what its pixel's region has (CLADE, Tan et al., 2021, "Efficient semantic image synthesis via
 * class-adaptive normalization"): x (1 + scale) + shift, `scale` and `shift` [N or 1,C,K].
 */
export const regionAffine = (x: Value, mask: Value, { scale, shift }: { scale: Value; shift: Value }): Value =>
  add(mul(x, add(spread(scale, mask), 1)), spread(shift, mask));

/**
 * x [N,C,H,W] scaled and shifted pixel by pixel, by the first and the last C planes of `affine` [N,2C,H,W] (SPADE). The derivative is written by
 * hand: both halves of affine's at once, where the chain rule would pad each with zeros and add them.
 */
export function pixelAffine(x: Value, affine: Value): Value {
  const half = (from: number): Value => slice(affine, [0, from, 0, 0], x.shape);
  const C = x.shape[1];
  const y = add(mul(x, half(0)), half(C));
  return withGradient(y, [x, affine], (g) => [mul(g, half(0)), concat([mul(g, x), g], 1)]);
}

/** Keeps the mean of a region without a pixel 0. */
const NO_AREA = 1e-6;

/** Means of x [N,C,H,W] over the pixels of each region, [N,K,C]; 0 for a region that is not there. */
export function regionMeans(x: Value, mask: Value): Value {
  const [N, C, H, W] = x.shape;
  const [, K] = mask.shape;
  const shares = reshape(mask, [mask.shape[0], K, H * W]);
  const sums = matmul(shares, swapLastAxes(reshape(x, [N, C, H * W])));
  return div(sums, add(reduceSum(shares, [2]), NO_AREA));
}

/** x [N,C,H,W] with the planes of a mask of the same size before its own: [N,K+C,H,W]. */
export const besideMask = (x: Value, mask: Value): Value => concat([mask, x], 1);

/** One region that is everywhere: [N,1,H,W]. */
export const everywhere = (N: number, [height, width]: readonly [number, number]): Value =>
  constant([N, 1, height, width], new Float32Array(N * height * width).fill(1));
