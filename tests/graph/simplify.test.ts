import { describe, expect, it } from "vitest";
import { toOnnx } from "../../src/graph/emit.ts";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { decodeOnnx } from "../../src/graph/onnxModel.ts";
import {
  add,
  constant,
  conv,
  div,
  exp,
  expand,
  input,
  matmul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  square,
  sub,
  transpose,
  withGradient,
} from "../../src/graph/ops/index.ts";
import { simplify } from "../../src/graph/simplify.ts";
import { topologicalOrder, type Value } from "../../src/graph/value.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const simplified = (y: Value): Value => simplify(graph({ result: y })).outputs.get("result")!;
/** The ops of a simplified value, inputs and constants left out. */
const opsOf = (y: Value): string[] =>
  topologicalOrder([simplified(y)])
    .map((v) => v.op.name)
    .filter((name) => name !== "Input" && name !== "Constant");
const dataOf = (y: Value): number[] => {
  const value = simplified(y);
  expect(value.op.name).toBe("Constant");
  return Array.from((value.attrs as { data: Float32Array }).data);
};

const x = input("x", [2, 3]);

describe("simplify()", () => {
  it.each<[string, Value, string[]]>([
    ["x * 1", mul(x, 1), []],
    ["1 * x", mul(1, x), []],
    ["x / 1", div(x, 1), []],
    ["x + 0 and x - 0", sub(add(x, 0), 0), []],
    ["x * 1 that stretches x", mul(x, constant([4, 1, 1], [1, 1, 1, 1])), ["Mul"]],
    ["0 - x", sub(0, x), ["Sub"]],
    ["-(-x)", neg(neg(x)), []],
    ["-(2 x)", neg(mul(x, 2)), ["Mul"]],
    ["x + (-y)", add(x, neg(input("y", [3]))), ["Sub"]],
    ["(-x) + y", add(neg(x), input("y", [3])), ["Sub"]],
    ["x - (-y)", sub(x, neg(input("y", [3]))), ["Add"]],
    ["a reshape of a reshape", reshape(reshape(x, [6]), [3, 2]), ["Reshape"]],
    ["a reshape and back", reshape(reshape(x, [6]), [2, 3]), []],
    ["a transpose and back", transpose(transpose(x, [1, 0]), [1, 0]), []],
    ["two transposes", transpose(transpose(input("t", [2, 3, 4]), [1, 2, 0]), [0, 2, 1]), ["Transpose"]],
    ["an expand of an expand", expand(expand(input("e", [1, 3]), [2, 3]), [4, 2, 3]), ["Expand"]],
    ["an expand that broadcasting does anyway", mul(expand(input("e", [1, 3]), [2, 3]), x), ["Mul"]],
    ["an expand that decides the shape", mul(expand(input("e", [1, 3]), [2, 3]), 2), ["Mul", "Expand"]],
    ["two expands", mul(expand(input("e", [1, 3]), [2, 3]), expand(input("f", [2, 1]), [2, 3])), ["Mul"]],
    ["a derivative of one's own", withGradient(exp(x), [x], (g) => [g]), ["Exp"]],
    ["equal expressions", sub(mul(exp(x), 2), mul(exp(x), 2)), ["Exp", "Mul", "Sub"]],
    ["x * y and y * x, which are not looked into", sub(mul(x, exp(x)), mul(exp(x), x)), ["Exp", "Mul", "Mul", "Sub"]],
  ])("rewrites %s", (_, y, ops) => {
    expect(opsOf(y)).toEqual(ops);
    const feeds = new Map([...graph({ result: y }).inputs].map(([name, v]) => [name, numbers(v.shape)]));
    expect(evaluateGraph(simplify(graph({ result: y })), feeds)).toEqual(evaluateGraph(graph({ result: y }), feeds));
  });

  it("composes transposes in the right order", () => {
    const t = input("t", [2, 3, 4]);
    expect(simplified(transpose(transpose(t, [1, 2, 0]), [0, 2, 1])).attrs).toEqual({ perm: [1, 0, 2] });
  });

  it("leaves of the gradient of a mean one factor per element", () => {
    expect(opsOf(grad(reduceMean(square(x)), [x])[0])).toEqual(["Mul", "Add"]); // (x/6) + (x/6)
  });

  it("keeps what no output needs out of the model", () => {
    const used = mul(x, 2);
    exp(used);
    const { graph: model } = decodeOnnx(toOnnx(graph({ used })));
    expect(model.nodes.map((n) => n.opType)).toEqual(["Mul"]);
  });

  it("keeps large constants apart that are equal by chance, and shares one that is used twice", () => {
    const one = constant([32], new Float32Array(32).fill(2));
    const other = constant([32], new Float32Array(32).fill(2));
    const y = input("y", [32]);
    expect(opsOf(add(mul(y, one), mul(y, one)))).toEqual(["Mul", "Add"]);
    expect(opsOf(add(mul(y, one), mul(y, other)))).toEqual(["Mul", "Mul", "Add"]);
  });
});

describe("foldConstants()", () => {
  it("computes what depends on no input, in float64 until the end", () => {
    const third = constant([1], [1 / 3]);
    expect(dataOf(mul(mul(third, 3), 1e8))).toEqual([Math.fround(Math.fround(1 / 3) * 3 * 1e8)]);
  });

  it("brings a modulated convolution's weights to what is written by hand: no op on weights is left", () => {
    const [O, I] = [4, 5];
    const weight = mul(constant([O, I, 3, 3], numbers([O, I, 3, 3])), 0.5);
    const style = input("style", [1, I]);
    const energy = transpose(reshape(reduceSum(square(weight), [2, 3]), [O, I]), [1, 0]);
    const y = conv(mul(input("x", [1, I, 4, 4]), reshape(style, [1, I, 1, 1])), weight, { padding: 1 });
    expect(opsOf(mul(y, reshape(matmul(square(style), energy), [1, O, 1, 1])))).toEqual([
      "Reshape",
      "Mul",
      "Conv",
      "Mul",
      "MatMul",
      "Reshape",
      "Mul",
    ]);
  });

  it("does not store a small constant that is repeated to a large array", () => {
    const wide = exp(expand(constant([1, 1], [2]), [100, 200]));
    const { graph: model } = decodeOnnx(toOnnx(graph({ y: add(wide, input("z", [100, 1])) })));
    expect(model.initializers.reduce((n, t) => n + t.rawData.length, 0)).toBeLessThan(100);
    expect(model.nodes.map((n) => n.opType)).toContain("Expand");
    // A sum over it is small again.
    expect(dataOf(reduceSum(wide))[0]).toBeCloseTo(20000 * Math.exp(2), 1);
  });

  it("leaves long sums of products to the runtime", () => {
    const square1024 = constant([1024, 1024], new Float32Array(1024 * 1024));
    expect(opsOf(matmul(square1024, square1024))).toEqual(["MatMul"]);
  });

  it("stores an output that is constant, and runs on any batch", async () => {
    const one = input("x", [1, 3]);
    const weights = transpose(mul(constant([2, 3], [1, 2, 3, 4, 5, 6]), 2), [1, 0]);
    const session = await compile(graph({ y: matmul(one, weights), w: weights }), {
      runtime: ortNode,
      dynamicBatch: true,
    });
    const got = await session.run({ x: tensor([2, 3], Float32Array.of(1, 0, 0, 0, 1, 0)) });
    expect(Array.from(got["y"].data as Float32Array)).toEqual([2, 8, 4, 10]);
    expect(Array.from(got["w"].data as Float32Array)).toEqual([2, 8, 4, 10, 6, 12]);
    await session.dispose();
  });
});

/** Distinct numbers of both signs. */
function numbers(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 11) - 5.5);
}
