import { sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emitter.ts";
import { apply, type Op } from "../value.ts";
import { convOp } from "./conv.ts";
import { convInputGradientOp } from "./convInputGradient.ts";
import { type ConvAttrs, convProducts, forEachProduct } from "./convolution.ts";
import { byWinograd, winogradWeightGradient } from "./winograd.ts";

/** Output pixels from which one batched product per kernel tap beats one large product over all samples. */
const MANY_PIXELS = 4096;

/** Up to so many pairs of input channel and kernel tap are rows of one product. */
const FEW_ROWS = 150;

export const convWeightGradientOp: Op<ConvAttrs> = {
  name: "ConvWeightGradient",
  shape: (_, { w }) => w,
  /**
   * Per kernel tap: the part of the padded x that the tap reads, times dy: dw[o,i,r,s] = sum_{n,p,q} dy[n,o,p,q] x[...].
   * A convolution with swapped axes would be shorter and is 2 to 5 times slower. Of a product's factors the one with more rows comes
   * first: the other one is laid out anew for the kernels.
   */
  emit: (emitter, [x, dy], attrs) => {
    if (byWinograd(emitter, attrs)) return winogradWeightGradient(emitter, x, dy, attrs);
    const {
      x: [N, I],
      w: [O, , R, S],
      y: [, , P, Q],
      stride,
    } = attrs;
    const batched = stride > 1 || P * Q >= MANY_PIXELS;
    const arranged = (t: string): string =>
      batched ? t : emitter.node("Transpose", [t], { perm: { ints: [1, 0, 2, 3] } });
    const flat = (t: string, channels: number): string =>
      emitter.node("Reshape", [t, emitter.int64(batched ? [N, channels, P * Q] : [channels, N * P * Q])]);
    const shifted = shifts(attrs) && !emitter.portable;
    if (!shifted && R * S > 1 && R * S * I <= FEW_ROWS) {
      // Products of a few rows are slow; and each tap is copied anyway.
      const reads = slicedOperands(emitter, arranged(x), arranged(dy), attrs);
      const read = Array.from({ length: R * S }, (_, tap) => reads(Math.floor(tap / S), tap % S)[1]);
      const side = emitter.node("Concat", read, { axis: { int: batched ? 1 : 0 } });
      const factors = [flat(side, R * S * I), flat(arranged(dy), O)] as const;
      const product = batched
        ? sumOfProducts(emitter, ...factors)
        : emitter.node("Gemm", [...factors], { transB: { int: 1 } });
      const split = emitter.node("Reshape", [product, emitter.int64([R * S, I, O])]);
      const turned = emitter.node("Transpose", [split], { perm: { ints: [2, 1, 0] } });
      return emitter.node("Reshape", [turned, emitter.int64([O, I, R, S])]);
    }
    const operands = (shifted ? shiftedOperands : slicedOperands)(emitter, arranged(x), arranged(dy), attrs);
    const taps: string[] = [];
    for (let r = 0; r < R; r++)
      for (let s = 0; s < S; s++) {
        const [dyTap, xTap] = operands(r, s);
        const factors = [flat(dyTap, O), flat(xTap, I)];
        const [a, b] = I > O ? factors.reverse() : factors;
        taps.push(batched ? sumOfProducts(emitter, a, b) : emitter.node("Gemm", [a, b], { transB: { int: 1 } }));
      }
    const matrices = I > O ? onTheirSides(emitter, taps, O, I) : sideBySide(emitter, taps, O, I);
    return emitter.node("Reshape", [matrices, emitter.int64([O, I, R, S])]);
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

/**
 * Matrices [rows,columns] -> [rows,columns,matrices]. Row by row and then turned is twice as fast as joined along the last
 * axis; below one another and then turned is not, since ONNX Runtime turns [R,S,...] axis by axis then.
 */
function sideBySide(emitter: Emitter, matrices: readonly string[], rows: number, columns: number): string {
  if (matrices.length === 1) return matrices[0];
  const byRow = emitter.node("Concat", matrices, { axis: { int: 1 } });
  const split = emitter.node("Reshape", [byRow, emitter.int64([rows, matrices.length, columns])]);
  return emitter.node("Transpose", [split], { perm: { ints: [0, 2, 1] } });
}

/** `sideBySide` of the transposes of matrices [columns,rows]. */
function onTheirSides(emitter: Emitter, matrices: readonly string[], rows: number, columns: number): string {
  const byRow = matrices.length === 1 ? matrices[0] : emitter.node("Concat", matrices, { axis: { int: 1 } });
  const split = emitter.node("Reshape", [byRow, emitter.int64([columns, matrices.length, rows])]);
  return emitter.node("Transpose", [split], { perm: { ints: [2, 0, 1] } });
}

/** sum_n a[n] b[n]^T */
function sumOfProducts(emitter: Emitter, a: string, b: string): string {
  const products = emitter.node("MatMul", [a, emitter.node("Transpose", [b], { perm: { ints: [0, 2, 1] } })]);
  return emitter.node("ReduceSum", [products, emitter.int64([0])], { keepdims: { int: 0 } });
}

/** What a kernel tap pairs: dy and the pixels of x that it reads, both of dy's size. */
type TapOperands = (r: number, s: number) => readonly [dy: string, x: string];

/** x with zeros around it, and the box of it that the tap reads. */
function slicedOperands(
  emitter: Emitter,
  x: string,
  dy: string,
  { stride, padding, dilation, x: [, I, H, W], w: [, , R, S], y: [, , P, Q] }: ConvAttrs,
): TapOperands {
  const reach = (out: number, kernel: number): number => (out - 1) * stride + (kernel - 1) * dilation + 1;
  const after = [Math.max(0, reach(P, R) - H - padding), Math.max(0, reach(Q, S) - W - padding)];
  const padded = (bottom: number, right: number): string =>
    padding + bottom + right > 0
      ? emitter.node("Pad", [x, emitter.int64([0, 0, padding, padding, 0, 0, bottom, right])])
      : x;
  if (stride === 2 && dilation === 1 && R * S > 1 && !emitter.portable) {
    // The four pixels of a 2x2 square as four maps: a tap then reads one of them without gaps, which is faster.
    const even = [H + padding + after[0], W + padding + after[1]].map((length) => length % 2);
    const planes = emitter.node("SpaceToDepth", [padded(after[0] + even[0], after[1] + even[1])], {
      blocksize: { int: 2 },
    });
    return (r, s) => {
      const plane = (r % 2) * 2 + (s % 2);
      const [top, left] = [(r - (r % 2)) / 2, (s - (s % 2)) / 2];
      const read = emitter.node("Slice", [
        planes,
        emitter.int64([plane * I, top, left]),
        emitter.int64([(plane + 1) * I, top + P, left + Q]),
        emitter.int64([1, 2, 3]),
      ]);
      return [dy, read];
    };
  }
  const source = padded(after[0], after[1]);
  const whole = stride === 1 && P === H && Q === W && R * S === 1 && source === x;
  return (r, s) => {
    if (whole) return [dy, x];
    const read = emitter.node("Slice", [
      source,
      emitter.int64([r * dilation, s * dilation]),
      emitter.int64([r * dilation + (P - 1) * stride + 1, s * dilation + (Q - 1) * stride + 1]),
      emitter.int64([2, 3]),
      emitter.int64([stride, stride]),
    ]);
    return [dy, read];
  };
}

/** Whether every tap reads the whole map, only shifted. */
function shifts({ stride, padding, dilation, x: [, , H, W], w: [, , R, S], y: [, , P, Q] }: ConvAttrs): boolean {
  return stride === 1 && R * S > 1 && P === H && Q === W && dilation * (Math.max(R, S) - 1) - padding < Math.min(H, W);
}

/**
 * The tap's shift along the width is done to x, that along the height, backwards, to dy: for 3x3 taps, that is four copies
 * of maps instead of ten.
 */
function shiftedOperands(emitter: Emitter, x: string, dy: string, { padding, dilation }: ConvAttrs): TapOperands {
  const moved = (t: string, down: number, right: number): string =>
    down === 0 && right === 0 ? t : emitter.node("Pad", [t, emitter.int64([0, 0, down, right, 0, 0, -down, -right])]);
  return (r, s) => [moved(dy, r * dilation - padding, 0), moved(x, 0, padding - s * dilation)];
}
