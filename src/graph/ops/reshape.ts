import { sameShape, sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";

interface ReshapeAttrs {
  readonly shape: readonly number[];
}

export const reshapeOp: Op<ReshapeAttrs> = {
  name: "Reshape",
  shape: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) throw new RangeError(`Reshape: [${x.shape}] does not fit [${shape}]`);
    return shape;
  },
  // The first axis is left to be inferred, so that a graph built for one sample also runs on a batch.
  emit: (emitter, [x], { shape }) =>
    emitter.node("Reshape", [x, emitter.int64(shape.length > 0 ? [-1, ...shape.slice(1)] : [])]),
  gradient: (g, y) => reshape(g, y.inputs[0].shape),
  evaluate: ([x]) => x,
};

/** The same elements in another shape. */
export const reshape = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });
