import { forEachOffset, stridesOf } from "../../tensor/shape.ts";
import { sameShape, sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { pad } from "./pad.ts";

interface SliceAttrs {
  readonly starts: readonly number[];
  readonly shape: readonly number[];
}

export const sliceOp: Op<SliceAttrs> = {
  name: "Slice",
  shape: ([x], { starts, shape }) => {
    if (shape.length !== x.shape.length || shape.some((d, i) => starts[i] < 0 || starts[i] + d > x.shape[i]))
      throw new RangeError(`Slice: a box of [${shape}] at [${starts}] is not inside [${x.shape}]`);
    return shape;
  },
  emit: (emitter, [x], { starts, shape }, y) => {
    // Only the axes that are cut, so that an uncut batch axis keeps any length.
    const axes = shape.flatMap((d, i) => (d === y.inputs[0].shape[i] ? [] : [i]));
    return emitter.node("Slice", [
      x,
      emitter.int64(axes.map((i) => starts[i])),
      emitter.int64(axes.map((i) => starts[i] + shape[i])),
      emitter.int64(axes),
    ]);
  },
  gradient: (g, y) => {
    const { starts, shape } = y.attrs;
    return pad(
      g,
      starts,
      y.inputs[0].shape.map((d, i) => d - starts[i] - shape[i]),
    );
  },
  evaluate: ([x], { starts, shape }, y) => {
    const strides = stridesOf(y.inputs[0].shape);
    const out = new Float64Array(sizeOf(shape));
    const start = starts.reduce((at, s, i) => at + s * strides[i], 0);
    forEachOffset(
      shape,
      strides,
      (i, at) => {
        out[i] = x[at];
      },
      start,
    );
    return out;
  },
};

/** The box of `shape` that begins at `starts`. */
export const slice = (x: Value, starts: readonly number[], shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : apply(sliceOp, [x], { starts, shape });
