import { forEachOffset, stridesOf } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { slice } from "./slice.ts";

interface PadAttrs {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const padOp: Op<PadAttrs> = {
  name: "Pad",
  shape: ([x], { before, after }) => {
    if (before.length !== x.shape.length || after.length !== x.shape.length || [...before, ...after].some((p) => p < 0))
      throw new RangeError(`Pad: [${before}] before and [${after}] after do not fit [${x.shape}]`);
    return x.shape.map((d, i) => d + before[i] + after[i]);
  },
  emit: (emitter, [x], { before, after }) => emitter.node("Pad", [x, emitter.int64([...before, ...after])]),
  gradient: (g, y) => slice(g, y.attrs.before, y.inputs[0].shape),
  evaluate: ([x], { before }, y) => {
    const strides = stridesOf(y.shape);
    const out = new Float64Array(sizeOf(y.shape));
    const start = before.reduce((at, p, i) => at + p * strides[i], 0);
    forEachOffset(
      y.inputs[0].shape,
      strides,
      (i, at) => {
        out[at] = x[i];
      },
      start,
    );
    return out;
  },
};

/** x with zeros around it: `before` and `after` per axis. */
export const pad = (x: Value, before: readonly number[], after: readonly number[]): Value =>
  [...before, ...after].every((p) => p === 0) ? x : apply(padOp, [x], { before, after });
