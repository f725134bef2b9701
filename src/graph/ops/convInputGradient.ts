import { sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emitter.ts";
import { apply, type Op, type Value } from "../value.ts";
import { convOp } from "./conv.ts";
import {
  type ConvAttrs,
  type ConvOptions,
  convAttrs,
  convProducts,
  forEachProduct,
  onnxConvAttributes,
  unusedInput,
} from "./convolution.ts";
import { convWeightGradientOp } from "./convWeightGradient.ts";
import { byWinograd, winogradInputGradient } from "./winograd.ts";

export const convInputGradientOp: Op<ConvAttrs> = {
  name: "ConvInputGradient",
  shape: (_, { x }) => x,
  emit: (emitter, [dy, w], attrs) => {
    if (byWinograd(emitter, attrs)) return winogradInputGradient(emitter, dy, w, attrs);
    const { stride, padding, dilation, w: kernel, y } = attrs;
    const flippedPadding = dilation * (kernel[2] - 1) - padding;
    // Conv with the flipped, transposed weight is faster unless the map is small against the output channels.
    if (
      stride === 1 &&
      flippedPadding >= 0 &&
      kernel[2] === kernel[3] &&
      (kernel[2] === 1 || y[0] * y[2] * y[3] >= 3 * y[1])
    )
      return emitter.node(
        "Conv",
        [dy, flipTranspose(emitter, w, kernel)],
        onnxConvAttributes({ ...attrs, padding: flippedPadding }),
      );
    return emitter.node("ConvTranspose", [dy, w], {
      ...onnxConvAttributes(attrs),
      output_padding: { ints: [unusedInput(attrs, 2), unusedInput(attrs, 3)] },
    });
  },
  gradient: (g, dx, i) =>
    i === 0 ? apply(convOp, [g, dx.inputs[1]], dx.attrs) : apply(convWeightGradientOp, [g, dx.inputs[0]], dx.attrs),
  products: convProducts,
  evaluate: ([dy, w], attrs) => {
    const dx = new Float64Array(sizeOf(attrs.x));
    forEachProduct(attrs, (xi, wi, yi) => {
      dx[xi] += dy[yi] * w[wi];
    });
    return dx;
  },
};

/**
 * Transposed convolution: scatters dy [N,O,P,Q] through w [O,I,R,S] into [N,I,H,W], the adjoint of `conv` in x. The size
 * of the result is `size`, or the smallest that fits: (P-1)*stride - 2*padding + dilation*(R-1) + 1.
 */
export function convTranspose(
  dy: Value,
  w: Value,
  options: ConvOptions & { size?: readonly [number, number] } = {},
): Value {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const smallest = (axis: 2 | 3): number =>
    (dy.shape[axis] - 1) * stride - 2 * padding + dilation * (w.shape[axis] - 1) + 1;
  const [height, width] = options.size ?? [smallest(2), smallest(3)];
  const attrs = convAttrs("ConvTranspose", [dy.shape[0], w.shape[1], height, width], w.shape, options);
  if (attrs.y.some((d, i) => d !== dy.shape[i]))
    throw new RangeError(`ConvTranspose: [${dy.shape}] through [${w.shape}] does not give ${height}x${width}`);
  return apply(convInputGradientOp, [dy, w], attrs);
}

/** [O,I,R,S] -> [I,O,R,S] with both kernel axes reversed: a product with the anti-identity; a negative Slice is slower. */
function flipTranspose(emitter: Emitter, w: string, [O, I, R, S]: readonly number[]): string {
  const taps = R * S;
  if (taps === 1) return emitter.node("Transpose", [w], { perm: { ints: [1, 0, 2, 3] } });
  const antiIdentity = Float32Array.from({ length: taps * taps }, (_, i) =>
    i % taps === taps - 1 - Math.floor(i / taps) ? 1 : 0,
  );
  const flat = emitter.node("Reshape", [w, emitter.int64([O, I, taps])]);
  const swapped = emitter.node("Transpose", [flat], { perm: { ints: [1, 0, 2] } });
  const flipped = emitter.node("MatMul", [swapped, emitter.float32(antiIdentity, [taps, taps])]);
  return emitter.node("Reshape", [flipped, emitter.int64([I, O, R, S])]);
}
