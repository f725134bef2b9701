import { constant } from "../graph/ops/constant.ts";
import { convTranspose, fir, matmul, reshape } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { tensor } from "../tensor/tensor.ts";

/**
 * Resampling with a small FIR filter, the same for every channel (StyleGAN2, "upfirdn"). `taps` is a square kernel
 * [size,size], row-major.
 */
export interface FirFilter {
  readonly size: number;
  readonly taps: Float32Array;
}

/** Correlates x [N,C,H,W] with the filter times `gain`, `padding` zeros around: [N,C,H+2p-f+1,W+2p-f+1]. */
export const firSmooth = (x: Value, { size, taps }: FirFilter, padding: number, gain: number): Value =>
  fir(
    x,
    tensor(
      [size, size],
      taps.map((t) => t * gain),
    ),
    [padding, padding],
  );

/**
 * Doubles height and width: zeros between samples (samples at even places), f/2 zeros before and f/2 - 1 after, then
 * correlation with the filter times 4, which keeps the mean. That is a stride-2 transposed convolution with the
 * reversed filter and padding f/2 - 1. `size` is even.
 */
export function firUpsample(x: Value, { size, taps }: FirFilter): Value {
  const [N, C, H, W] = x.shape;
  const kernel = constant([1, 1, size, size], taps.map((t) => t * 4).reverse());
  const y = convTranspose(reshape(x, [N * C, 1, H, W]), kernel, { stride: 2, padding: size / 2 - 1 });
  return reshape(y, [N, C, 2 * H, 2 * W]);
}

/**
 * Halves height and width: f/2 - 1 zeros on every side, correlation with outer(taps, taps), every second sample. Written as
 * two products with banded matrices, y = A x A^T. `taps` has even length.
 */
export function firDownsample(x: Value, taps: readonly number[]): Value {
  const [N, C, H, W] = x.shape;
  const rows = matmul(reshape(x, [N * C * H, W]), halvingMatrix(W, taps, true)); // one large product
  const y = matmul(halvingMatrix(H, taps, false), reshape(rows, [N * C, H, W / 2]));
  return reshape(y, [N, C, H / 2, W / 2]);
}

/** [size/2,size], or its transpose. */
function halvingMatrix(size: number, taps: readonly number[], transposed: boolean): Value {
  const half = size / 2;
  const data = new Float32Array(half * size);
  for (let o = 0; o < half; o++)
    taps.forEach((tap, k) => {
      const i = 2 * o + k - (taps.length / 2 - 1);
      if (i >= 0 && i < size) data[transposed ? i * half + o : o * size + i] += tap;
    });
  return constant(transposed ? [size, half] : [half, size], data);
}
