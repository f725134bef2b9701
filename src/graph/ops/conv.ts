import { sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emit.ts";
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

export const convOp: Op<ConvAttrs> = {
  name: "Conv",
  shape: (_, { y }) => y,
  emit: (emitter, [x, w], attrs) => {
    const [px, pw] = padChannels(emitter, x, w, attrs);
    return emitter.node("Conv", [px, pw], onnxConvAttributes(attrs));
  },
  gradient: (g, y, i) =>
    i === 0
      ? apply(convInputGradientOp, [g, y.inputs[1]], y.attrs)
      : apply(convWeightGradientOp, [y.inputs[0], g], y.attrs),
  products: convProducts,
  evaluate: ([x, w], attrs) => {
    const y = new Float64Array(sizeOf(attrs.y));
    forEachProduct(attrs, (xi, wi, yi) => {
      y[yi] += x[xi] * w[wi];
    });
    return y;
  },
};

/** Correlates x [N,I,H,W] with w [O,I,R,S]; stride, padding and dilation are the same in both axes. */
export const conv = (x: Value, w: Value, options: ConvOptions = {}): Value =>
  apply(convOp, [x, w], convAttrs("Conv", x.shape, w.shape, options));

/**
 * ONNX Runtime 1.30's WebGPU provider computes a k > 1 convolution wrongly, without a word, when its input channels are
 * a multiple of 3 but not of 4 and more than 3. Zero channels up to a multiple of 4 avoid that kernel.
 */
function padChannels(emitter: Emitter, x: string, w: string, { w: [, I, R, S] }: ConvAttrs): [string, string] {
  if (!emitter.portable || R * S === 1 || I <= 3 || I % 3 !== 0 || I % 4 === 0) return [x, w];
  const zeros = emitter.int64([0, 0, 0, 0, 0, 4 - (I % 4), 0, 0]);
  return [emitter.node("Pad", [x, zeros]), emitter.node("Pad", [w, zeros])];
}
