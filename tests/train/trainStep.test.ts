import { describe, expect, it } from "vitest";
import { add, input, matmul, mul, reduceSum, reshape, sub } from "../../src/graph/ops/index.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { trainStep, variables } from "../../src/train/trainStep.ts";

describe("a training step", () => {
  const numbers = (...values: number[]) => tensor([1, values.length], Float32Array.from(values));

  it("writes over what has been read by then, and over nothing else", async () => {
    const [weight, mean, told, x] = ["weight", "mean", "told", "x"].map((name) => input(name, [1, 2]));
    const used = matmul(weight, reshape(x, [2, 1])); // [1,1]
    const nextMean = add(mul(mean, 0.5), x);
    const step = await trainStep({
      updates: new Map([
        ["weight", sub(weight, nextMean)],
        ["mean", nextMean],
        ["told", add(told, x)],
      ]),
      // Read after the next values may have been written.
      reports: { used, sum: reduceSum(mul(told, nextMean)) },
      runtime: ortNode,
      threads: 1,
    });
    const state = variables(
      new Map([
        ["weight", numbers(1, 2)],
        ["mean", numbers(0, 4)],
        ["told", numbers(10, 20)],
      ]),
    );
    const arrays = () => ["weight", "mean", "told"].map((name) => state.tensors.get(name)!.data);
    const before = arrays();
    const first = await step.run(state, { x: numbers(3, 5) });
    expect([first["used"].data[0], first["sum"].data[0]]).toEqual([13, 10 * 3 + 20 * 7]);
    expect(arrays().map((data) => Array.from(data))).toEqual([
      [-2, -5],
      [3, 7],
      [13, 25],
    ]);
    expect(arrays().map((data, i) => data === before[i])).toEqual([false, true, false]);
    const second = await step.run(state, { x: numbers(1, 1) });
    expect([second["used"].data[0], second["sum"].data[0]]).toEqual([-7, 13 * 2.5 + 25 * 4.5]);
    expect(arrays().map((data) => Array.from(data))).toEqual([
      [-4.5, -9.5],
      [2.5, 4.5],
      [14, 26],
    ]);
    await step.dispose();
  });
});
