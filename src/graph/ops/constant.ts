import type { Tensor } from "../../tensor/tensor.ts";
import { apply, type Op, type Operand, type Value } from "../value.ts";

/** Data that is part of the graph: a weight of a frozen network, a filter, a number. */
export const constantOp: Op<Tensor> = {
  name: "Constant",
  shape: (_, { shape }) => shape,
  emit: (emitter, _, t) => emitter.float32(t.data, t.shape),
  gradient: () => undefined,
  evaluate: (_, { data }) => new Float64Array(data),
};

/** Numbers that are part of the graph, row-major. */
export const constant = (shape: readonly number[], data: ArrayLike<number>): Value =>
  apply(constantOp, [], {
    dtype: "float32",
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  });

/**
 * A number as a constant of one element with `rank` axes. A scalar takes its operand's rank because ONNX Runtime
 * broadcasts [] against a large tensor some thirty times slower than [1,1,1,1].
 */
export const scalar = (value: number, rank = 0): Value => constant(new Array<number>(rank).fill(1), [value]);

/** Two operands as values; a number takes the other's rank. */
export function operands(a: Operand, b: Operand): [Value, Value] {
  const rank = Math.max(typeof a === "number" ? 0 : a.shape.length, typeof b === "number" ? 0 : b.shape.length);
  const lift = (x: Operand): Value => (typeof x === "number" ? scalar(x, rank) : x);
  return [lift(a), lift(b)];
}
