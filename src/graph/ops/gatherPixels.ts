import { sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emitter.ts";
import { apply, type Op, type Value } from "../value.ts";

/**
 * Reading and adding up pixels by number, the same in every channel: each is the derivative of the other, so warps of
 * images have gradients of every order. Pixel numbers are an operand, whole numbers in float32 (exact below 2^24).
 */
export const gatherPixelsOp: Op = {
  name: "GatherPixels",
  shape: ([x, index]) => {
    if (x.shape.length !== 3 || index.shape.length !== 2 || x.shape[0] !== index.shape[0])
      throw new RangeError(`GatherPixels: expected [N,C,Q] and [N,P], got [${x.shape}], [${index.shape}]`);
    return [x.shape[0], x.shape[1], index.shape[1]];
  },
  emit: (emitter, [x, index], _, y) =>
    emitter.node("GatherElements", [x, perChannel(emitter, index, y.shape)], { axis: { int: 2 } }),
  gradient: (g, y, i) => (i === 0 ? scatterPixels(g, y.inputs[1], y.inputs[0].shape[2]) : undefined),
  evaluate: ([x, index], _, y) => {
    const out = new Float64Array(sizeOf(y.shape));
    forEachPixel(y.shape, y.inputs[0].shape[2], index, (at, from) => {
      out[at] = x[from];
    });
    return out;
  },
};

/** x [N,C,Q] at the pixels `index` [N,P], 0 to Q-1: [N,C,P]. */
export const gatherPixels = (x: Value, index: Value): Value => apply(gatherPixelsOp, [x, index], undefined);

interface ScatterAttrs {
  readonly pixels: number;
}

export const scatterPixelsOp: Op<ScatterAttrs> = {
  name: "ScatterPixels",
  shape: ([x, index], { pixels }) => {
    if (
      x.shape.length !== 3 ||
      index.shape.length !== 2 ||
      x.shape[0] !== index.shape[0] ||
      x.shape[2] !== index.shape[1]
    )
      throw new RangeError(`ScatterPixels: expected [N,C,P] and [N,P], got [${x.shape}], [${index.shape}]`);
    return [x.shape[0], x.shape[1], pixels];
  },
  emit: (emitter, [x, index], _, y) => {
    const zeros = emitter.node("Expand", [emitter.float32([0], [1, 1, 1]), emitter.int64(y.shape)]);
    return emitter.node("ScatterElements", [zeros, perChannel(emitter, index, y.inputs[0].shape), x], {
      axis: { int: 2 },
      reduction: { string: "add" },
    });
  },
  gradient: (g, y, i) => (i === 0 ? gatherPixels(g, y.inputs[1]) : undefined),
  evaluate: ([x, index], { pixels }, y) => {
    const out = new Float64Array(sizeOf(y.shape));
    forEachPixel(y.inputs[0].shape, pixels, index, (from, at) => {
      out[at] += x[from];
    });
    return out;
  },
};

/** The adjoint of `gatherPixels`: x [N,C,P] added up at the pixels `index` [N,P] of maps of `pixels` pixels, [N,C,pixels]. */
export const scatterPixels = (x: Value, index: Value, pixels: number): Value =>
  apply(scatterPixelsOp, [x, index], { pixels });

/** The pixel numbers as integers, repeated for every channel. */
function perChannel(emitter: Emitter, index: string, [N, C, P]: readonly number[]): string {
  const integers = emitter.node("Cast", [index], { to: { int: 7 } });
  const shaped = emitter.node("Reshape", [integers, emitter.int64([-1, 1, P])]);
  return emitter.node("Expand", [shaped, emitter.int64([N, C, P])]);
}

/** Pairs of flat places: in the array [N,C,P] that has the length of `index`, and in the one of `pixels` pixels. */
function forEachPixel(
  [N, C, P]: readonly number[],
  pixels: number,
  index: Float64Array,
  visit: (place: number, pixel: number) => void,
): void {
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < P; p++) visit((n * C + c) * P + p, (n * C + c) * pixels + index[n * P + p]);
}
