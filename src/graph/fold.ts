import { tensor } from "../tensor/tensor.ts";
import { constantOp } from "./ops/constant.ts";
import { inputOp } from "./ops/input.ts";
import { apply, type Graph, sizeOfValue, topologicalOrder, type Value, withInputs } from "./value.ts";

/** A result up to this many elements is stored whatever it is made of. */
const SMALL = 1024;
/** A larger one is stored when it has at most this many times the elements of the constants that it is made of. */
const GROWTH = 2;
/** Sums of products that are too long for the plain loops that define the ops; ONNX Runtime is left to do them. */
const MOST_PRODUCTS = 1e8;

/**
 * Computes what depends on no input: in float64 by the ops' definitions, rounded to float32 once. A value is stored only
 * where that does not inflate the model: a scalar that is repeated to a whole picture stays a scalar and an `expand`.
 * Intermediate results are let go as soon as their last user has been computed.
 */
export function foldConstants({ inputs, outputs }: Graph): Graph {
  const order = topologicalOrder([...outputs.values()]);
  const elements = elementsOfConstants(order);
  const stored = new Set<Value>();
  const visit = (value: Value): void => {
    if (!elements.has(value) || stored.has(value) || value.op.name === constantOp.name) return;
    const most = Math.max(SMALL, GROWTH * elements.get(value)!);
    if (sizeOfValue(value) <= most) stored.add(value);
    else value.inputs.forEach(visit);
  };
  for (const value of order) if (!elements.has(value)) value.inputs.forEach(visit);
  for (const value of outputs.values()) visit(value);

  const made = computed(order, stored);
  for (const value of order)
    if (!made.has(value))
      made.set(
        value,
        withInputs(
          value,
          value.inputs.map((v) => made.get(v)!),
        ),
      );
  return { inputs, outputs: new Map([...outputs].map(([name, value]) => [name, made.get(value)!])) };
}

/** For every value that depends on no input: elements of the constants that it is made of (those used twice may count twice). */
function elementsOfConstants(order: readonly Value[]): Map<Value, number> {
  const elements = new Map<Value, number>();
  for (const value of order) {
    if (value.op.name === inputOp.name || value.inputs.some((v) => !elements.has(v))) continue;
    if ((value.op.products?.(value) ?? 0) > MOST_PRODUCTS) continue;
    const own = value.op.name === constantOp.name ? sizeOfValue(value) : 0;
    elements.set(
      value,
      [...new Set(value.inputs)].reduce((sum, v) => sum + elements.get(v)!, own),
    );
  }
  return elements;
}

/** Each wanted value as a constant. */
function computed(order: readonly Value[], wanted: ReadonlySet<Value>): Map<Value, Value> {
  const users = new Map<Value, number>();
  for (const value of [...order].reverse())
    if (users.has(value) || wanted.has(value)) for (const v of value.inputs) users.set(v, (users.get(v) ?? 0) + 1);

  const results = new Map<Value, Float64Array>();
  const made = new Map<Value, Value>();
  for (const value of order) {
    if (!users.has(value) && !wanted.has(value)) continue;
    const inputs = value.inputs.map((v) => results.get(v)!);
    const data = value.op.evaluate(inputs, value.attrs, value);
    for (const v of value.inputs) {
      const left = users.get(v)! - 1;
      users.set(v, left);
      if (left === 0) results.delete(v);
    }
    if (users.has(value)) results.set(value, data);
    if (wanted.has(value)) made.set(value, apply(constantOp, [], tensor(value.shape, new Float32Array(data))));
  }
  return made;
}
