import { constantOp } from "./ops/constant.ts";
import { inputOp } from "./ops/input.ts";
import { type Graph, topologicalOrder, type Value } from "./value.ts";

/** Constants of up to this many elements are shown by value. */
const SHOWN = 4;

/**
 * A graph as text, one node per line in the order of computation: `%3 [2,4] = Mul(%2, 0.5)`. Attributes follow the op
 * where shapes do not tell them; small constants stand where they are used, large ones are lines of their own. Equal
 * graphs give equal text. Print `simplify(graph)` to see what will run.
 *
 * @example
 * console.log(printGraph(graph({ y: neg(input("x", [1])) })).split("\n").length > 1); // true
 */
export function printGraph({ outputs }: Graph): string {
  const names = new Map<Value, string>();
  const lines: string[] = [];
  let nodes = 0;
  let constants = 0;
  let stored = 0;
  for (const value of topologicalOrder([...outputs.values()])) {
    if (value.op.name === inputOp.name) {
      const { name } = value.attrs as { name: string };
      names.set(value, name);
      lines.push(`${name} [${value.shape}] = Input`);
      continue;
    }
    if (value.op.name === constantOp.name) {
      const { data } = value.attrs as { data: Float32Array };
      stored += data.length;
      if (data.length <= SHOWN) {
        const numbers = Array.from(data, short).join(", ");
        names.set(value, data.length === 1 ? numbers : `{${numbers}}`);
      } else {
        const name = `#${++constants}`;
        names.set(value, name);
        lines.push(`${name} [${value.shape}] = Constant`);
      }
      continue;
    }
    const name = `%${++nodes}`;
    names.set(value, name);
    const operands = value.inputs.map((v) => names.get(v)).join(", ");
    lines.push(`${name} [${value.shape}] = ${value.op.name}(${operands})${attributes(value)}`);
  }
  for (const [name, value] of outputs) lines.push(`${name} [${value.shape}] = Output(${names.get(value)})`);
  lines.push(`${nodes} nodes; constants: ${constants} large, ${stored} numbers in all`);
  return `${lines.join("\n")}\n`;
}

/** A float32 in the digits that tell it from its neighbours. */
const short = (x: number): string => String(Number(x.toPrecision(8)));

/** ` {name=value, ...}` without what repeats a shape of the result or of an operand. */
function attributes({ attrs, shape, inputs }: Value): string {
  const told = new Set([shape, ...inputs.map((v) => v.shape)].map(String));
  const list = Object.entries((attrs ?? {}) as Record<string, unknown>).flatMap(([key, x]) => {
    if (Array.isArray(x)) return told.has(String(x)) ? [] : [`${key}=[${x}]`];
    if (typeof x === "object" && x !== null && "shape" in x) return [`${key}=[${String(x.shape)}]`];
    return [`${key}=${String(x)}`];
  });
  return list.length === 0 ? "" : ` {${list.join(", ")}}`;
}
