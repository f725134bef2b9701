import { sameShape, sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emitter.ts";
import { apply, type Op, type Value } from "../value.ts";
import { convInputGradientOp } from "./convInputGradient.ts";
import {
  type ConvAttrs,
  type ConvOptions,
  convAttrs,
  convProducts,
  forEachProduct,
  onnxConvAttributes,
} from "./convolution.ts";
import { convWeightGradientOp } from "./convWeightGradient.ts";
import { reduceSum } from "./reduceSum.ts";
import { reshape } from "./reshape.ts";
import { byWinograd, winogradConv } from "./winograd.ts";

export const convOp: Op<ConvAttrs> = {
  name: "Conv",
  shape: ([, , bias], { y }) => {
    if (bias !== undefined && !sameShape(bias.shape, [y[1]]))
      throw new RangeError(`Conv: the bias is [${bias.shape}], expected [${y[1]}]`);
    return y;
  },
  emit: (emitter, [x, w, ...bias], attrs) => {
    if (byWinograd(emitter, attrs)) {
      const y = winogradConv(emitter, x, w, attrs);
      if (bias.length === 0) return y;
      return emitter.node("Add", [y, emitter.node("Reshape", [bias[0], emitter.int64([1, attrs.y[1], 1, 1])])]);
    }
    const [px, pw] = padChannels(emitter, x, w, attrs);
    return emitter.node("Conv", [px, pw, ...bias], onnxConvAttributes(attrs));
  },
  gradient: (g, y, i) => {
    if (i === 0) return apply(convInputGradientOp, [g, y.inputs[1]], y.attrs);
    if (i === 1) return apply(convWeightGradientOp, [y.inputs[0], g], y.attrs);
    return reshape(reduceSum(g, [0, 2, 3]), y.inputs[2].shape);
  },
  products: convProducts,
  evaluate: ([x, w, bias], attrs) => {
    const [, O, P, Q] = attrs.y;
    const y = new Float64Array(sizeOf(attrs.y));
    if (bias !== undefined) for (let i = 0; i < y.length; i++) y[i] = bias[Math.floor(i / (P * Q)) % O];
    forEachProduct(attrs, (xi, wi, yi) => {
      y[yi] += x[xi] * w[wi];
    });
    return y;
  },
};

/**
 * Correlates x [N,I,H,W] with w [O,I,R,S], and adds a bias [O]; stride, padding and dilation are the same in both axes. A
 * bias here costs no pass over the result, unlike one that is added.
 */
export const conv = (x: Value, w: Value, { bias, ...options }: ConvOptions & { readonly bias?: Value } = {}): Value =>
  apply(convOp, bias === undefined ? [x, w] : [x, w, bias], convAttrs("Conv", x.shape, w.shape, options));

/**
 * ONNX Runtime 1.30's WebGPU provider computes a k > 1 convolution wrongly, without a word, when its input channels are
 * a multiple of 3 but not of 4 and more than 3. Zero channels up to a multiple of 4 avoid that kernel.
 */
function padChannels(emitter: Emitter, x: string, w: string, { w: [, I, R, S] }: ConvAttrs): [string, string] {
  if (!emitter.portable || R * S === 1 || I <= 3 || I % 3 !== 0 || I % 4 === 0) return [x, w];
  const zeros = emitter.int64([0, 0, 0, 0, 0, 4 - (I % 4), 0, 0]);
  return [emitter.node("Pad", [x, zeros]), emitter.node("Pad", [w, zeros])];
}
