import { expect, it } from "vitest";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/ops/index.ts";
import { simplify } from "../../src/graph/simplify.ts";
import { topologicalOrder } from "../../src/graph/value.ts";
import { batchNorm, frozenBatchNorm, runningStatistics } from "../../src/nn/batchNorm.ts";

// Two samples, two channels, two pixels: channel 0 holds 1, 3, 5, 7 (mean 4, variance 5), channel 1 holds 2 four times.
const x = [1, 3, 2, 2, 5, 7, 2, 2];
const shape = [2, 2, 1, 2];
const scale = constant([2], [2, 3]);
const shift = constant([2], [10, 20]);

it("batchNorm() normalises each channel over samples and pixels, and gives its statistics", () => {
  const { y, mean, variance } = batchNorm(input("x", shape), { scale, shift }, 4);
  const got = evaluateGraph(graph({ y, mean, variance }), new Map([["x", x]]));
  // 1 / sqrt(5 + 4) = 1/3
  expect([...got.get("y")!]).toEqual([8, 10 - 2 / 3, 20, 20, 10 + 2 / 3, 12, 20, 20].map((v) => expect.closeTo(v, 9)));
  expect([...got.get("mean")!]).toEqual([4, 2]);
  expect([...got.get("variance")!]).toEqual([5, 0]);
});

it("frozenBatchNorm() uses given statistics, which fold into one factor and one summand", () => {
  const statistics = { mean: constant([2], [4, 0]), variance: constant([2], [5, 5]) };
  const g = graph({ y: frozenBatchNorm(input("x", shape), { scale, shift }, statistics, 4) });
  const expected = [8, 10 - 2 / 3, 22, 22, 10 + 2 / 3, 12, 22, 22];
  expect([...evaluateGraph(g, new Map([["x", x]])).get("y")!]).toEqual(expected.map((v) => expect.closeTo(v, 5)));
  const ops = topologicalOrder([...simplify(g).outputs.values()]).map((v) => v.op.name);
  expect(ops.filter((name) => name !== "Constant")).toEqual(["Input", "Mul", "Add"]);
});

it("runningStatistics() moves towards the batch, with the unbiased variance", () => {
  const [before, batch] = [0, 1].map((one) => ({
    mean: constant([1], [one * 10]),
    variance: constant([1], [1 + one * 2]),
  }));
  const { mean, variance } = runningStatistics(before, batch, { count: 4, momentum: 0.25 });
  const got = evaluateGraph(graph({ mean, variance }), new Map());
  expect(got.get("mean")![0]).toBeCloseTo(2.5, 6);
  expect(got.get("variance")![0]).toBeCloseTo(0.75 + 0.25 * 3 * (4 / 3), 6);
});
