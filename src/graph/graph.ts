import { inputOp } from "./ops/input.ts";
import { type Graph, topologicalOrder, type Value } from "./value.ts";

/**
 * Collects named results into a graph; its inputs are the `input` nodes that they depend on.
 *
 * @example
 * const x = input("x", [2]);
 * const g = graph({ y: mul(x, 3) });
 * console.log([...g.inputs.keys()], [...g.outputs.keys()]); // [ 'x' ] [ 'y' ]
 */
export function graph(outputs: Readonly<Record<string, Value>>): Graph {
  const results = new Map(Object.entries(outputs));
  const inputs = new Map<string, Value>();
  for (const value of topologicalOrder([...results.values()])) {
    if (value.op.name !== inputOp.name) continue;
    const { name } = value.attrs as { name: string };
    if (inputs.has(name)) throw new RangeError(`graph: two different inputs are called "${name}"`);
    if (results.has(name)) throw new RangeError(`graph: "${name}" is the name of an input and of an output`);
    inputs.set(name, value);
  }
  return { inputs, outputs: results };
}

/**
 * Evaluates a graph in float64 by the ops' definitions: slow, for tests and for judging providers.
 *
 * @example
 * const g = graph({ y: add(input("x", [2]), 1) });
 * console.log(evaluateGraph(g, new Map([["x", [1, 2]]])).get("y")); // Float64Array(2) [ 2, 3 ]
 */
export function evaluateGraph(
  { outputs }: Graph,
  feeds: ReadonlyMap<string, ArrayLike<number>>,
): Map<string, Float64Array> {
  const known = new Map<Value, Float64Array>();
  for (const value of topologicalOrder([...outputs.values()])) {
    const fed = value.op.name === inputOp.name ? feeds.get((value.attrs as { name: string }).name) : undefined;
    known.set(
      value,
      fed === undefined
        ? value.op.evaluate(
            value.inputs.map((v) => known.get(v)!),
            value.attrs,
            value,
          )
        : Float64Array.from(fed),
    );
  }
  return new Map([...outputs].map(([name, value]) => [name, known.get(value)!]));
}
