import { describe, expect, it } from "vitest";
import { toOnnx } from "../../src/graph/emit.ts";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { decodeOnnx, OnnxError, withExtraOutputs } from "../../src/graph/onnxModel.ts";
import {
  add,
  constant,
  conv,
  input,
  matmul,
  mul,
  reshape,
  slice,
  square,
  stopGradient,
  withGradient,
} from "../../src/graph/ops/index.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { roundToHalves } from "../../src/tensor/half.ts";
import { tensor } from "../../src/tensor/tensor.ts";

describe("shape rules", () => {
  it.each([
    [() => add(input("a", [2, 3]), input("b", [2])), "Add: cannot broadcast [2,3] with [2]"],
    [
      () => matmul(input("a", [2, 3]), input("b", [4, 5])),
      "MatMul: expected [...,m,k] and [...,k,n], got [2,3] and [4,5]",
    ],
    [() => reshape(input("a", [2, 3]), [5]), "Reshape: [2,3] does not fit [5]"],
    [
      () => conv(input("x", [1, 3, 8, 8]), input("w", [4, 5, 3, 3])),
      "Conv: input has 3 channels, weight [4,5,3,3] expects 5",
    ],
    [() => slice(input("x", [4]), [2], [3]), "Slice: a box of [3] at [2] is not inside [4]"],
  ])("refuse operands that do not fit (%#)", (build, message) => {
    expect(build).toThrow(new RangeError(message));
  });
});

describe("grad()", () => {
  it("of x^3 is 3 x^2, and of that 6 x", () => {
    const x = input("x", [3]);
    const [first] = grad(mul(square(x), x), [x]);
    const [second] = grad(first, [x]);
    const got = evaluateGraph(graph({ first, second }), new Map([["x", [1, -2, 0.5]]]));
    expect(Array.from(got.get("first")!)).toEqual([3, 12, 0.75]);
    expect(Array.from(got.get("second")!)).toEqual([6, -12, 3]);
  });

  it("is zero where y does not depend on x", () => {
    const [d] = grad(input("y", [2]), [input("x", [3])]);
    expect(Array.from(evaluateGraph(graph({ d }), new Map()).get("d")!)).toEqual([0, 0, 0]);
  });

  it("does not pass stopGradient()", () => {
    const x = input("x", [1]);
    const [d] = grad(mul(x, stopGradient(mul(x, 3))), [x]); // 3x as a constant
    expect(evaluateGraph(graph({ d }), new Map([["x", [5]]])).get("d")![0]).toBe(15);
  });

  it("follows the rule of withGradient(), once for all operands and at every order", () => {
    const [x, y] = [input("x", [1]), input("y", [1])];
    let asked = 0;
    const product = withGradient(mul(x, y), [x, y], (g) => {
      asked++;
      return [mul(g, mul(y, 10)), mul(g, x)];
    });
    const [dx, dy] = grad(product, [x, y]);
    expect(asked).toBe(1);
    const [dxdy] = grad(dx, [y]);
    const got = evaluateGraph(
      graph({ dx, dy, dxdy }),
      new Map([
        ["x", [2]],
        ["y", [3]],
      ]),
    );
    expect(["dx", "dy", "dxdy"].map((name) => got.get(name)![0])).toEqual([30, 2, 10]);
  });

  it("sums over every use of a value", () => {
    const x = input("x", [1]);
    const [d] = grad(add(mul(x, 3), mul(x, x)), [x]); // 3 + 2x
    expect(evaluateGraph(graph({ d }), new Map([["x", [5]]])).get("d")![0]).toBe(13);
  });
});

describe("graph()", () => {
  it("refuses two inputs of one name", () => {
    expect(() => graph({ y: add(input("x", [1]), input("x", [1])) })).toThrow('two different inputs are called "x"');
  });
});

describe("toOnnx()", () => {
  it("writes equal nodes and constants once", () => {
    const x = input("x", [2]);
    const { graph: model } = decodeOnnx(toOnnx(graph({ y: add(mul(x, 2), mul(x, 2)) })));
    expect(model.nodes.map((n) => n.opType)).toEqual(["Mul", "Add"]);
    expect(model.initializers).toHaveLength(1);
  });

  it("gives results their names without copies, but for inputs, constants and results of two names", async () => {
    const x = input("x", [2]);
    const y = mul(x, 2);
    const g = graph({ y, again: y, later: add(y, 1), same: x, known: constant([1], [5]) });
    expect(decodeOnnx(toOnnx(g)).graph.nodes.map((n) => n.opType)).toEqual([
      "Mul",
      "Add",
      "Identity",
      "Identity",
      "Identity",
    ]);
    const session = await compile(g, { runtime: ortNode });
    const got = await session.run({ x: tensor([2], Float32Array.of(1, 2)) });
    const numbers = Object.entries(got).map(([name, t]) => [name, Array.from(t.data as Float32Array)]);
    expect(Object.fromEntries(numbers)).toEqual({ y: [2, 4], again: [2, 4], later: [3, 5], same: [1, 2], known: [5] });
    await session.dispose();
  });

  it("runs a graph that was built for one sample on any batch", async () => {
    const x = input("x", [1, 2, 2]);
    const y = matmul(reshape(mul(x, 2), [1, 4]), constant([4, 1], [1, 1, 1, 1]));
    const session = await compile(graph({ y }), { runtime: ortNode, dynamicBatch: true });
    const { y: sums } = await session.run({
      x: tensor(
        [3, 2, 2],
        Float32Array.from({ length: 12 }, (_, i) => i),
      ),
    });
    expect(sums.shape).toEqual([3, 1]);
    expect(Array.from(sums.data as Float32Array)).toEqual([12, 44, 76]);
    await session.dispose();
  });

  it("takes inputs in half precision where asked to", async () => {
    const g = graph({ y: mul(input("x", [3], { half: true }), 2) });
    const session = await compile(g, { runtime: ortNode });
    expect(session.inputs[0].dtype).toBe("float16");
    const x = { dtype: "float16", shape: [3], data: roundToHalves(Float32Array.of(1, -0.5, 1 / 3)) } as const;
    const { y } = await session.run({ x });
    expect(Array.from(y.data as Float32Array)).toEqual([2, -1, 0.66650390625]);
    await session.dispose();
  });

  it("pads the channels of convolutions that WebGPU computes wrongly when asked to be portable", () => {
    const x = input("x", [1, 6, 4, 4]);
    const y = conv(x, input("w", [2, 6, 3, 3]), { padding: 1 });
    const ops = (portable: boolean) => decodeOnnx(toOnnx(graph({ y }), { portable })).graph.nodes.map((n) => n.opType);
    expect(ops(false)).toEqual(["Conv"]);
    expect(ops(true)).toEqual(["Pad", "Pad", "Conv"]);
  });
});

describe("decodeOnnx()", () => {
  const model = toOnnx(graph({ y: add(mul(input("x", [1, 2]), 3), 1) }), { dynamicBatch: true });

  it("calls nothing inside by the name of an input or output", async () => {
    const [t0, t1] = [input("t0", [2]), input("t1", [2])];
    const session = await compile(graph({ t2: add(mul(t0, 3), mul(t1, 5)), _t0: mul(t0, t1) }), { runtime: ortNode });
    const pair = (...data: number[]) => tensor([2], Float32Array.from(data));
    const { t2, _t0 } = await session.run({ t0: pair(1, 2), t1: pair(3, 4) });
    expect([[...t2.data], [..._t0.data]]).toEqual([
      [18, 26],
      [3, 8],
    ]);
    await session.dispose();
  });

  it("reads back what toOnnx wrote", () => {
    const { producer, graph: read } = decodeOnnx(model);
    expect(producer).toBe("klish");
    expect(read.inputs).toEqual([{ name: "x", elementType: 1, shape: ["batch", 2] }]);
    expect(read.outputs).toEqual([{ name: "y", elementType: 1, shape: ["batch", 2] }]);
  });

  it("refuses every prefix of a model and other bytes with OnnxError", () => {
    for (let length = 0; length < model.length; length++) {
      const prefix = model.subarray(0, length);
      try {
        decodeOnnx(prefix);
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxError);
      }
    }
    expect(() => decodeOnnx(new TextEncoder().encode("<!doctype html>"))).toThrow(OnnxError);
    expect(() => decodeOnnx(new Uint8Array())).toThrow(OnnxError);
  });

  it("withExtraOutputs() turns an inner tensor into an output", async () => {
    const inner = decodeOnnx(model).graph.nodes[0].outputs[0];
    const session = await ortNode.createSession(withExtraOutputs(model, [inner]));
    expect(session.outputs.map((o) => o.name)).toEqual(["y", inner]);
    const got = await session.run({ x: tensor([1, 2], Float32Array.of(1, 2)) });
    expect(Array.from(got[inner].data as Float32Array)).toEqual([3, 6]);
    await session.dispose();
  });
});
