import { sizeOf } from "../tensor/tensor.ts";
import type { Emitter } from "./emitter.ts";

/**
 * A kind of node. One file per op in `ops/` holds everything that is known about it: what shape comes out, how it is
 * written in ONNX, its derivative as further ops (so gradients of any order exist), and a slow float64 evaluation that
 * defines it, against which every provider and every gradient is tested.
 */
export interface Op<A = undefined> {
  readonly name: string;
  /** Shape of the result; throws RangeError on operands that do not fit, naming the op and the shapes. */
  shape(inputs: readonly Value[], attrs: A): readonly number[];
  /** Writes the node(s); returns the name of the result. */
  emit(emitter: Emitter, inputs: readonly string[], attrs: A, value: Value): string;
  /** d(loss)/d(input i) for `g` = d(loss)/d(value): of the input's shape; undefined where the derivative is zero. */
  gradient(g: Value, value: Value<A>, i: number): Value | undefined;
  /** Products that are summed in one evaluation, for ops where they outnumber the elements of the result. */
  products?(value: Value): number;
  /** The definition, in float64. */
  evaluate(inputs: readonly Float64Array[], attrs: A, value: Value): Float64Array;
}

/** One node of a graph: a float32 array that will be computed. Immutable; equal nodes are shared when written. */
export interface Value<A = unknown> {
  readonly op: Op<A>;
  readonly inputs: readonly Value[];
  readonly attrs: A;
  readonly shape: readonly number[];
}

/** A number stands for a constant of one element. */
export type Operand = Value | number;

/** Makes a node; the shape rule checks the operands. */
export function apply<A>(op: Op<A>, inputs: readonly Value[], attrs: A): Value {
  // A node never hands `attrs` to any op but its own, so forgetting A is sound.
  return { op, inputs, attrs, shape: op.shape(inputs, attrs) } as Value<A> as unknown as Value;
}

/** The node over other inputs; itself when they are its own. */
export const withInputs = (value: Value, inputs: readonly Value[]): Value =>
  inputs.every((v, i) => v === value.inputs[i]) ? value : apply(value.op, inputs, value.attrs);

/** Nodes in an order in which inputs precede their users. Iterative: graphs are deep. */
export function topologicalOrder(outputs: readonly Value[]): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { value: Value; next: number }[] = outputs.map((value) => ({ value, next: 0 })).reverse();
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (top.next === 0) {
      if (seen.has(top.value)) {
        stack.pop();
        continue;
      }
      seen.add(top.value);
    }
    if (top.next < top.value.inputs.length) {
      const child = top.value.inputs[top.next++];
      if (!seen.has(child)) stack.push({ value: child, next: 0 });
    } else {
      order.push(top.value);
      stack.pop();
    }
  }
  return order;
}

/** Named results: what is compiled, run and exported. Its inputs are the `input` nodes that the results depend on. */
export interface Graph {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
}

/** Elements of a value. */
export const sizeOfValue = (value: Value): number => sizeOf(value.shape);
