/**
 * Exact clean-up of a graph before it is written: equal nodes become one, nodes that change nothing go, and what is
 * known beforehand is computed beforehand. Layers and gradients may thus be written for the reader, with gains as
 * factors, reshapes in pairs and broadcasts spelled out, and still run as if written by hand.
 */
import { sameShape } from "../tensor/tensor.ts";
import { foldConstants } from "./fold.ts";
import { addOp } from "./ops/add.ts";
import { constant, constantOp } from "./ops/constant.ts";
import { divOp } from "./ops/div.ts";
import { expand, expandOp } from "./ops/expand.ts";
import { mulOp } from "./ops/mul.ts";
import { negOp } from "./ops/neg.ts";
import { reshape, reshapeOp } from "./ops/reshape.ts";
import { subOp } from "./ops/sub.ts";
import { transpose, transposeOp } from "./ops/transpose.ts";
import { withGradientOp } from "./ops/withGradient.ts";
import { apply, type Graph, type Op, topologicalOrder, type Value, withInputs } from "./value.ts";

/**
 * The same results from fewer nodes. Every rule is exact in floating point (up to the sign of a zero) and holds for any
 * batch size, so a graph that was built for one sample still runs on many. Inputs and outputs keep their names.
 */
export function simplify({ inputs, outputs }: Graph): Graph {
  const share = sharer();
  const made = new Map<Value, Value>();
  for (const value of topologicalOrder([...outputs.values()])) {
    let current = share(
      withInputs(
        value,
        value.inputs.map((v) => made.get(v)!),
      ),
    );
    // A rule's result is made of nodes that are simple already, so it ends; it may itself fall under a rule.
    for (let next = rewrite(current); next !== undefined; next = rewrite(current)) current = share(next);
    made.set(value, current);
  }
  return foldConstants({ inputs, outputs: new Map([...outputs].map(([name, value]) => [name, made.get(value)!])) });
}

/** Returns the first node that was equal: same op, same inputs, same attributes. */
function sharer(): (value: Value) => Value {
  const known = new Map<string, Value>();
  const numbers = new Map<object, number>();
  const numberOf = (thing: object): number => {
    const n = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, n);
    return n;
  };
  const replacer = (_: string, x: unknown): unknown => {
    // Small arrays are equal by content, large ones by identity: comparing megabytes would not pay.
    if (x instanceof Float32Array) return x.length <= 16 ? Array.from(x, exactly) : `#${numberOf(x)}`;
    return typeof x === "number" ? exactly(x) : x;
  };
  return (value) => {
    const key = `${value.op.name}(${value.inputs.map(numberOf)})${JSON.stringify(value.attrs, replacer)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, value);
    return value;
  };
}

/** JSON has no infinities, no NaN and no negative zero. */
const exactly = (x: number): number | string => (Number.isFinite(x) && !Object.is(x, -0) ? x : `${1 / x}:${x}`);

/** One step of clean-up; undefined when no rule fits. */
function rewrite(value: Value): Value | undefined {
  return rules.get(value.op.name)?.(value);
}

type Rule = (value: Value) => Value | undefined;

/** Written as a function because an op's own attributes are only known to it. */
const attrsOf = <A>(value: Value, _op: Op<A>): A => value.attrs as A;
const is = (value: Value, { name }: { name: string }): boolean => value.op.name === name;

/** Whether this is a constant, not a long one, with every element equal to `number`. */
function isAll(value: Value, number: number): boolean {
  if (!is(value, constantOp)) return false;
  const { data } = attrsOf(value, constantOp);
  return data.length <= 4096 && data.every((x) => x === number);
}

/** a op e = a, where that does not shrink the result. */
const dropRight =
  (neutral: number): Rule =>
  (y) =>
    isAll(y.inputs[1], neutral) && sameShape(y.inputs[0].shape, y.shape) ? y.inputs[0] : undefined;
const dropLeft =
  (neutral: number): Rule =>
  (y) =>
    isAll(y.inputs[0], neutral) && sameShape(y.inputs[1].shape, y.shape) ? y.inputs[1] : undefined;

/**
 * Elementwise ops broadcast by themselves: an operand's `expand` goes to the result, or away when the other operand has
 * the full shape. Ranks must agree: ONNX Runtime broadcasts slowly over a lower rank.
 */
const raiseExpand: Rule = (y) => {
  const i = y.inputs.findIndex((x) => is(x, expandOp) && x.inputs[0].shape.length === y.shape.length);
  if (i < 0) return undefined;
  const operands = y.inputs.map((x, k) => (k === i ? x.inputs[0] : x));
  return expand(withInputs(y, operands), y.shape);
};

const negative: Rule = (y) => {
  const [x] = y.inputs;
  if (is(x, negOp)) return x.inputs[0];
  if (!is(x, mulOp)) return undefined;
  // -(x c) = x (-c)
  const factor = x.inputs.findIndex((f) => is(f, constantOp) && attrsOf(f, constantOp).data.length === 1);
  if (factor < 0) return undefined;
  const { shape, data } = attrsOf(x.inputs[factor], constantOp);
  const negated = constant(shape, [-data[0]]);
  return withInputs(
    x,
    x.inputs.map((f, i) => (i === factor ? negated : f)),
  );
};

/** a + (-b) = a - b and a - (-b) = a + b. */
const signRight =
  (opposite: Op): Rule =>
  (y) =>
    is(y.inputs[1], negOp) ? apply(opposite, [y.inputs[0], y.inputs[1].inputs[0]], undefined) : undefined;
const signLeft: Rule = (y) =>
  is(y.inputs[0], negOp) ? apply(subOp, [y.inputs[1], y.inputs[0].inputs[0]], undefined) : undefined;

const reshaped: Rule = (y) => {
  const [x] = y.inputs;
  if (sameShape(x.shape, y.shape)) return x;
  return is(x, reshapeOp) ? reshape(x.inputs[0], y.shape) : undefined;
};

const transposed: Rule = (y) => {
  const { perm } = attrsOf(y, transposeOp);
  const [x] = y.inputs;
  if (perm.every((p, i) => p === i)) return x;
  if (!is(x, transposeOp)) return undefined;
  const inner = attrsOf(x, transposeOp).perm;
  return transpose(
    x.inputs[0],
    perm.map((p) => inner[p]),
  );
};

const expanded: Rule = (y) => {
  const [x] = y.inputs;
  if (sameShape(x.shape, y.shape)) return x;
  return is(x, expandOp) ? expand(x.inputs[0], y.shape) : undefined;
};

const firstOf =
  (...list: readonly Rule[]): Rule =>
  (y) => {
    for (const rule of list) {
      const result = rule(y);
      if (result !== undefined) return result;
    }
    return undefined;
  };

const rules: ReadonlyMap<string, Rule> = new Map([
  [addOp.name, firstOf(dropRight(0), dropLeft(0), raiseExpand, signRight(subOp), signLeft)],
  [subOp.name, firstOf(dropRight(0), raiseExpand, signRight(addOp))],
  [mulOp.name, firstOf(dropRight(1), dropLeft(1), raiseExpand)],
  [divOp.name, firstOf(dropRight(1), raiseExpand)],
  [negOp.name, negative],
  [reshapeOp.name, reshaped],
  [transposeOp.name, transposed],
  [expandOp.name, expanded],
  // Says how to differentiate; that is done.
  [withGradientOp.name, (y) => y.inputs[0]],
]);
