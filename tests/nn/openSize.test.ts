import { describe, expect, it } from "vitest";
import { toOnnx } from "../../src/graph/emit.ts";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input, mul } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import { halved, meanOfMap, resizeLike } from "../../src/nn/openSize.ts";
import { averagePool, globalAveragePool } from "../../src/nn/pooling.ts";
import { bilinearMatrix, resize } from "../../src/nn/resample.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

const numbers = (shape: readonly number[]): Tensor => {
  const t = tensor(shape);
  t.data.forEach((_, i) => {
    t.data[i] = Math.sin(i * 1.7 + shape.length);
  });
  return t;
};

/** Ops of open size, and what they compute at one. The second operand only gives a size. */
const cases: readonly [string, (x: Value, like: Value) => Value, (x: Value, like: Value) => Value][] = [
  ["resizeLike()", resizeLike, (x, like) => resize(x, [like.shape[2], like.shape[3]], bilinearMatrix)],
  ["halved()", halved, (x) => averagePool(x, { kernel: 2 })],
  ["meanOfMap()", meanOfMap, globalAveragePool],
];

describe.each(cases)("%s", (_, open, same) => {
  const x = input("x", [1, 2, 5, 4]);
  const like = input("like", [1, 1, 7, 9]);
  const feeds = new Map(["x", "like"].map((name) => [name, numbers(name === "x" ? x.shape : like.shape).data]));

  it("computes and differentiates as at a fixed size", () => {
    for (const build of [
      (f: typeof open) => f(x, like),
      (f: typeof open) => {
        const y = f(x, like);
        return grad(mul(y, y), [x])[0];
      },
    ]) {
      const [got, expected] = [open, same].map((f) => evaluateGraph(graph({ y: build(f) }), feeds).get("y")!);
      expect(got.length).toBe(expected.length);
      got.forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i], 12);
      });
    }
  });

  it("runs at other sizes than it was written at", async () => {
    const model = toOnnx(graph({ y: open(x, mul(like, 1)), z: mul(like, 1) }), {
      dynamicBatch: true,
      dynamicSize: true,
    });
    const session = await ortNode.createSession(model, {});
    for (const [H, W, P, Q] of [
      [5, 4, 7, 9],
      [6, 8, 3, 11],
      [1, 1, 4, 2],
    ]) {
      if (open === halved && H < 2) continue;
      const [a, b] = [numbers([3, 2, H, W]), numbers([3, 1, P, Q])];
      const got = (await session.run({ x: a, like: b }))["y"] as Tensor;
      const fixed = same(input("x", a.shape), input("like", b.shape));
      const expected = evaluateGraph(
        graph({ y: fixed }),
        new Map([
          ["x", a.data],
          ["like", b.data],
        ]),
      ).get("y")!;
      expect(got.shape).toEqual(fixed.shape);
      got.data.forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i], 5);
      });
    }
    await session.dispose();
  });
});
