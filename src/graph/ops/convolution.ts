/**
 * The geometry that the three convolution ops share. Letters: N samples, I input channels, O output channels,
 * H x W input, P x Q output, R x S kernel. Correlation, as deep-learning libraries define it:
 *
 *   y[n,o,p,q] = sum_{i,r,s} x[n, i, p*stride - padding + r*dilation, q*stride - padding + s*dilation] w[o,i,r,s]
 *
 * y is linear in x and in w, so each of conv, convInputGradient and convWeightGradient is the derivative of the others:
 * a closed family, and gradients of every order exist.
 */
import { sizeOf } from "../../tensor/tensor.ts";
import type { Attributes } from "../onnxModel.ts";
import type { Value } from "../value.ts";

export interface ConvOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

export interface ConvAttrs {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  /** [N,I,H,W], [O,I,R,S] and [N,O,P,Q]. */
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
}

/** Checks the shapes of x and w and works out y's. */
export function convAttrs(
  name: string,
  x: readonly number[],
  w: readonly number[],
  { stride = 1, padding = 0, dilation = 1 }: ConvOptions,
): ConvAttrs {
  if (x.length !== 4 || w.length !== 4)
    throw new RangeError(`${name}: expected [N,I,H,W] and [O,I,R,S], got [${x}], [${w}]`);
  if (x[1] !== w[1]) throw new RangeError(`${name}: input has ${x[1]} channels, weight [${w}] expects ${w[1]}`);
  const size = (axis: number): number =>
    Math.floor((x[axis] + 2 * padding - dilation * (w[axis] - 1) - 1) / stride) + 1;
  const y = [x[0], w[0], size(2), size(3)];
  if (y[2] < 1 || y[3] < 1) throw new RangeError(`${name}: kernel [${w}] is larger than the padded input [${x}]`);
  return { stride, padding, dilation, x, w, y };
}

/** Rows of the input that no kernel position reaches at the far end: what a transposed convolution must add. */
export function unusedInput({ stride, padding, dilation, x, w, y }: ConvAttrs, axis: 2 | 3): number {
  return x[axis] - ((y[axis] - 1) * stride - 2 * padding + dilation * (w[axis] - 1) + 1);
}

/** The attributes of ONNX's Conv and ConvTranspose. */
export function onnxConvAttributes({ stride, padding, dilation, w }: ConvAttrs): Attributes {
  return {
    kernel_shape: { ints: [w[2], w[3]] },
    strides: { ints: [stride, stride] },
    pads: { ints: [padding, padding, padding, padding] },
    dilations: { ints: [dilation, dilation] },
    group: { int: 1 },
  };
}

/** Products of any of the three: one per sample, pair of channels, tap and output pixel. */
export const convProducts = ({ attrs }: Value): number => {
  const { w, y } = attrs as ConvAttrs;
  return sizeOf(y) * w[1] * w[2] * w[3];
};

/** Calls `visit` with the flat indices of every product x w that is summed into y: the definition of all three ops. */
export function forEachProduct(attrs: ConvAttrs, visit: (xi: number, wi: number, yi: number) => void): void {
  const { stride, padding, dilation } = attrs;
  const [N, I, H, W] = attrs.x;
  const [O, , R, S] = attrs.w;
  const [, , P, Q] = attrs.y;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let i = 0; i < I; i++)
        for (let p = 0; p < P; p++)
          for (let q = 0; q < Q; q++)
            for (let r = 0; r < R; r++)
              for (let s = 0; s < S; s++) {
                const h = p * stride - padding + r * dilation;
                const w = q * stride - padding + s * dilation;
                if (h < 0 || h >= H || w < 0 || w >= W) continue;
                visit(((n * I + i) * H + h) * W + w, ((o * I + i) * R + r) * S + s, ((n * O + o) * P + p) * Q + q);
              }
}
