import { broadcastStrides, forEachOffset, stridesOf } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { div } from "./div.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduceSum.ts";

interface ReduceMaxAttrs {
  readonly axes: readonly number[];
}

export const reduceMaxOp: Op<ReduceMaxAttrs> = {
  name: "ReduceMax",
  shape: ([x], { axes }) => {
    if (axes.some((a) => !(a >= 0 && a < x.shape.length)))
      throw new RangeError(`ReduceMax: axes [${axes}] are not axes of [${x.shape}]`);
    return x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  },
  emit: (emitter, [x], { axes }) => emitter.node("ReduceMax", [x], { axes: { ints: axes }, keepdims: { int: 1 } }),
  // Equal maxima share the gradient.
  gradient: (g, y) => {
    const mask = maxMask(y.inputs[0], y as unknown as Value);
    return mul(mask, div(g, reduceSum(mask, y.attrs.axes)));
  },
  evaluate: ([x], { axes }, y) => {
    const out = new Float64Array(sizeOf(y.shape)).fill(Number.NEGATIVE_INFINITY);
    const strides = stridesOf(y.shape).map((s, i) => (axes.includes(i) ? 0 : s));
    forEachOffset(y.inputs[0].shape, strides, (i, at) => {
      out[at] = Math.max(out[at], x[i]);
    });
    return out;
  },
};

/** Largest element over `axes`, which stay as axes of length 1. */
export const reduceMax = (x: Value, axes: readonly number[]): Value =>
  apply(reduceMaxOp, [x], { axes: [...axes].sort((a, b) => a - b) });

/** 1 where x equals the maximum m, which broadcasts, 0 elsewhere. */
const maxMaskOp: Op = {
  name: "MaxMask",
  shape: ([x]) => x.shape,
  emit: (emitter, inputs) => emitter.node("Cast", [emitter.node("Equal", inputs)], { to: { int: 1 } }),
  gradient: () => undefined,
  evaluate: ([x, m], _, y) => {
    const out = new Float64Array(x.length);
    forEachOffset(y.shape, broadcastStrides(y.inputs[1].shape, y.shape), (i, at) => {
      out[i] = x[i] === m[at] ? 1 : 0;
    });
    return out;
  },
};

/** 1 where x equals its maximum m, which broadcasts, 0 elsewhere: several times where several are equal. No gradient passes. */
export const maxMask = (x: Value, m: Value): Value => apply(maxMaskOp, [x, m], undefined);
