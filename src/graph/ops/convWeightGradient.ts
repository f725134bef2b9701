import { sizeOf } from "../../tensor/tensor.ts";
import type { Op } from "../value.ts";
import { apply } from "../value.ts";
import { convOp } from "./conv.ts";
import { convInputGradientOp } from "./convInputGradient.ts";
import { type ConvAttrs, convProducts, forEachProduct } from "./convolution.ts";

/** Output pixels from which one batched product per kernel tap beats one large product over all samples. */
const MANY_PIXELS = 4096;

export const convWeightGradientOp: Op<ConvAttrs> = {
  name: "ConvWeightGradient",
  shape: (_, { w }) => w,
  /**
   * Per kernel tap: the part of the padded x that the tap reads, times dy: dw[o,i,r,s] = sum_{n,p,q} dy[n,o,p,q] x[...].
   * A convolution with swapped axes would be shorter and is 2 to 5 times slower.
   */
  emit: (emitter, [x, dy], { stride, padding, dilation, x: [N, I, H, W], w: [O, , R, S], y: [, , P, Q] }) => {
    const reach = (out: number, kernel: number): number => (out - 1) * stride + (kernel - 1) * dilation + 1;
    const after = [Math.max(0, reach(P, R) - H - padding), Math.max(0, reach(Q, S) - W - padding)];
    const batched = stride > 1 || P * Q >= MANY_PIXELS;
    let padded =
      padding + after[0] + after[1] > 0
        ? emitter.node("Pad", [x, emitter.int64([0, 0, padding, padding, 0, 0, ...after])])
        : x;
    if (!batched) padded = emitter.node("Transpose", [padded], { perm: { ints: [1, 0, 2, 3] } });
    const dyFlat = batched
      ? emitter.node("Reshape", [dy, emitter.int64([N, O, P * Q])])
      : emitter.node("Reshape", [
          emitter.node("Transpose", [dy], { perm: { ints: [1, 0, 2, 3] } }),
          emitter.int64([O, N * P * Q]),
        ]);
    const taps: string[] = [];
    for (let r = 0; r < R; r++)
      for (let s = 0; s < S; s++) {
        const read = emitter.node("Slice", [
          padded,
          emitter.int64([r * dilation, s * dilation]),
          emitter.int64([r * dilation + (P - 1) * stride + 1, s * dilation + (Q - 1) * stride + 1]),
          emitter.int64([2, 3]),
          emitter.int64([stride, stride]),
        ]);
        const tap = batched
          ? emitter.node(
              "ReduceSum",
              [
                emitter.node("MatMul", [
                  dyFlat,
                  emitter.node("Transpose", [emitter.node("Reshape", [read, emitter.int64([N, I, P * Q])])], {
                    perm: { ints: [0, 2, 1] },
                  }),
                ]),
                emitter.int64([0]),
              ],
              { keepdims: { int: 0 } },
            )
          : emitter.node("Gemm", [dyFlat, emitter.node("Reshape", [read, emitter.int64([I, N * P * Q])])], {
              transB: { int: 1 },
            });
        taps.push(emitter.node("Reshape", [tap, emitter.int64([O, I, 1])]));
      }
    const joined = taps.length > 1 ? emitter.node("Concat", taps, { axis: { int: 2 } }) : taps[0];
    return emitter.node("Reshape", [joined, emitter.int64([O, I, R, S])]);
  },
  gradient: (g, dw, i) =>
    i === 0 ? apply(convInputGradientOp, [dw.inputs[1], g], dw.attrs) : apply(convOp, [dw.inputs[0], g], dw.attrs),
  products: convProducts,
  evaluate: ([x, dy], attrs) => {
    const dw = new Float64Array(sizeOf(attrs.w));
    forEachProduct(attrs, (xi, wi, yi) => {
      dw[wi] += x[xi] * dy[yi];
    });
    return dw;
  },
};
