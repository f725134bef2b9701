import { broadcastShape, broadcastStrides, forEachOffset } from "../../tensor/shape.ts";
import { sameShape, sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { sumTo } from "./sumTo.ts";

interface ExpandAttrs {
  readonly shape: readonly number[];
}

export const expandOp: Op<ExpandAttrs> = {
  name: "Expand",
  shape: ([x], { shape }) => {
    if (!sameShape(broadcastShape(x.shape, shape), shape))
      throw new RangeError(`Expand: [${x.shape}] does not broadcast to [${shape}]`);
    return shape;
  },
  emit: (emitter, [x], { shape }) => emitter.node("Expand", [x, emitter.int64(shape)]),
  gradient: (g, y) => sumTo(g, y.inputs[0]),
  evaluate: ([x], { shape }, y) => {
    const out = new Float64Array(sizeOf(shape));
    forEachOffset(shape, broadcastStrides(y.inputs[0].shape, shape), (i, at) => {
      out[i] = x[at];
    });
    return out;
  },
};

/** x repeated to `shape` by NumPy's rule. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape });
