import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input, matmul, mul, reduceSum, reshape } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import {
  fakeLoss,
  generatorLoss,
  pathLengths,
  pathPenalty,
  realLoss,
  softplus,
  squaredGradient,
} from "../../src/nn/losses.ts";
import { randn } from "../../src/tensor/random.ts";

const evaluate = (y: Value, feeds: Record<string, ArrayLike<number>>): number[] => [
  ...(evaluateGraph(graph({ y }), new Map(Object.entries(feeds))).get("y") as Float64Array),
];

describe("softplus", () => {
  const x = input("x", [6]);
  const at = [-100, -1, 0, 1, 20, 1000];

  it("is log(1 + e^x) where that would overflow, too", () => {
    const expected = at.map((v) => (v > 30 ? v : Math.log1p(Math.exp(v))));
    evaluate(softplus(x), { x: at }).forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 6);
    });
  });

  it("has the slope sigmoid(x), 1/2 at 0", () => {
    const slopes = evaluate(grad(softplus(x), [x])[0], { x: at });
    slopes.forEach((v, i) => {
      expect(v).toBeCloseTo(1 / (1 + Math.exp(-at[i])), 6);
    });
  });
});

describe("losses of GANs", () => {
  const logits = input("l", [2, 1]);
  it("are means of softplus with the sign that each side wants", () => {
    const [a, b] = [Math.log1p(Math.exp(2)), Math.log1p(Math.exp(-1))];
    const [c, d] = [Math.log1p(Math.exp(-2)), Math.log1p(Math.exp(1))];
    expect(evaluate(fakeLoss(logits), { l: [2, -1] })[0]).toBeCloseTo((a + b) / 2, 6);
    expect(evaluate(realLoss(logits), { l: [2, -1] })[0]).toBeCloseTo((c + d) / 2, 6);
    expect(evaluate(generatorLoss(logits), { l: [2, -1] })[0]).toBeCloseTo((c + d) / 2, 6);
  });

  it("squaredGradient of a linear D is its squared weight, of a quadratic one the mean over samples", () => {
    const x = input("x", [2, 1, 1, 3]);
    const w = input("w", [3, 1]);
    const flat = reshape(x, [2, 3]);
    const feeds = { x: [1, 2, 3, 0, 1, 0], w: [1, -2, 0.5] };
    expect(evaluate(squaredGradient(matmul(flat, w), x), feeds)).toEqual([5.25]);
    // D = |x|^2: gradient 2x.
    expect(evaluate(squaredGradient(reduceSum(mul(flat, flat), [1]), x), feeds)).toEqual([(4 * 14 + 4) / 2]);
  });

  it("pathLengths is the norm of J^T y: mean over layers of sums over features", () => {
    // image = A (w of layer 0) + 2 A (w of layer 1), so J^T y is A^T y and 2 A^T y.
    const ws = input("ws", [2, 2, 3]);
    const a = randn(1, 12);
    const A = input("A", [3, 4]);
    const layers = matmul(reshape(ws, [2, 2, 3]), A);
    const weighted = mul(layers, input("two", [1, 2, 1]));
    const images = reshape(reduceSum(weighted, [1]), [2, 1, 2, 2]);
    const noise = randn(2, 8);
    const lengths = evaluate(pathLengths(images, ws, input("noise", [2, 1, 2, 2])), {
      ws: randn(3, 12),
      A: a,
      two: [1, 2],
      noise,
    });
    lengths.forEach((length, n) => {
      let sum = 0;
      for (let i = 0; i < 3; i++) {
        let v = 0;
        for (let j = 0; j < 4; j++) v += a[i * 4 + j] * noise[n * 4 + j];
        sum += (v * v + 4 * v * v) / 2;
      }
      expect(length).toBeCloseTo(Math.sqrt(sum), 5);
    });
  });

  it("pathPenalty compares with the average that has taken in the new mean", () => {
    const { penalty, average } = pathPenalty(input("p", [2]), input("a", [1]), 0.5);
    const feeds = { p: [2, 4], a: [1] };
    expect(evaluate(average, feeds)).toEqual([2]);
    expect(evaluate(penalty, feeds)).toEqual([2]);
  });
});
