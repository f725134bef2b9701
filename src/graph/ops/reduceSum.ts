import { forEachOffset, stridesOf } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { expand } from "./expand.ts";
import { mul } from "./mul.ts";

interface ReduceSumAttrs {
  readonly axes: readonly number[];
}

export const reduceSumOp: Op<ReduceSumAttrs> = {
  name: "ReduceSum",
  shape: ([x], { axes }) => {
    if (axes.some((a) => !(a >= 0 && a < x.shape.length)))
      throw new RangeError(`ReduceSum: axes [${axes}] are not axes of [${x.shape}]`);
    return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  },
  emit: (emitter, [x], { axes }) => emitter.node("ReduceSum", [x, emitter.int64(axes)], { keepdims: { int: 1 } }),
  gradient: (g, y) => expand(g, y.inputs[0].shape),
  evaluate: ([x], { axes }, y) => {
    const out = new Float64Array(sizeOf(y.shape));
    const strides = stridesOf(y.shape).map((s, i) => (axes.includes(i) ? 0 : s));
    forEachOffset(y.inputs[0].shape, strides, (i, at) => {
      out[at] += x[i];
    });
    return out;
  },
};

const allAxes = (x: Value): number[] => x.shape.map((_, i) => i);

/** Sum over `axes` (default all), which stay as axes of length 1. */
export const reduceSum = (x: Value, axes: readonly number[] = allAxes(x)): Value =>
  apply(reduceSumOp, [x], { axes: [...axes].sort((a, b) => a - b) });

/** Mean over `axes` (default all), which stay as axes of length 1. */
export const reduceMean = (x: Value, axes: readonly number[] = allAxes(x)): Value =>
  mul(reduceSum(x, axes), 1 / axes.reduce((n, a) => n * x.shape[a], 1));
