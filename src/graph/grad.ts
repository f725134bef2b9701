import { add } from "./ops/add.ts";
import { constant } from "./ops/constant.ts";
import { expand } from "./ops/expand.ts";
import { sizeOfValue, topologicalOrder, type Value } from "./value.ts";

/**
 * Gradients of `y` with respect to each of `xs`, as values of the same graph: they can be differentiated again.
 * For a `y` of more than one element it is the gradient of its sum, or of its product with `gy` (y's shape) when given.
 * An x that y does not depend on has a zero gradient.
 *
 * @example
 * const x = input("x", [2]);
 * const [dx] = grad(reduceSum(square(x)), [x]);
 * console.log(evaluateGraph(graph({ dx }), new Map([["x", [1, -3]]])).get("dx")); // Float64Array(2) [ 2, -6 ]
 */
export function grad(y: Value, xs: readonly Value[], gy: Value = ones(y.shape)): Value[] {
  const order = topologicalOrder([y]);
  const wanted = new Set(xs);
  const depends = new Set<Value>(xs);
  for (const value of order) if (value.inputs.some((v) => depends.has(v))) depends.add(value);

  const gradients = new Map<Value, Value>([[y, gy]]);
  for (const value of order.reverse()) {
    const g = gradients.get(value);
    // An x is a leaf here even when it is computed from something else.
    if (g === undefined || !depends.has(value) || wanted.has(value)) continue;
    value.inputs.forEach((input, i) => {
      if (!depends.has(input)) return;
      const gi = value.op.gradient(g, value, i);
      if (gi === undefined) return;
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? gi : add(before, gi));
    });
  }
  return xs.map((x) => gradients.get(x) ?? constant(x.shape, new Float32Array(sizeOfValue(x))));
}

const ones = (shape: readonly number[]): Value =>
  expand(
    constant(
      shape.map(() => 1),
      [1],
    ),
    shape,
  );
