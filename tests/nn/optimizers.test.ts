import { describe, expect, it } from "vitest";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/ops/index.ts";
import {
  type AdamOptions,
  adam,
  adamFeeds,
  adamInputs,
  momentumDescent,
  movingAverage,
} from "../../src/nn/optimizers.ts";

/** Adam as the paper writes it, with its two moments. */
function reference(gradients: readonly number[], lr: number, options: Required<AdamOptions>): number[] {
  const { beta1, beta2, epsilon, weightDecay } = options;
  let [p, m, v] = [1, 0, 0];
  return gradients.map((g, i) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const [mHat, vHat] = [m / (1 - beta1 ** (i + 1)), v / (1 - beta2 ** (i + 1))];
    p = p - lr * weightDecay * p - (lr * mHat) / (Math.sqrt(vHat) + epsilon);
    return p;
  });
}

function ours(gradients: readonly number[], lr: number, options: AdamOptions): number[] {
  const [p, g, mean, square] = ["p", "g", "m", "v"].map((name) => input(name, [1, 1]));
  const moments = options.beta1 === 0 ? { square } : { mean, square };
  const next = adam(p, g, moments, adamInputs(), options);
  const step = graph({ nextP: next.parameter, nextV: next.square, ...(next.mean && { nextM: next.mean }) });
  let [pNow, mNow, vNow] = [1, 0, 0];
  return gradients.map((gradient, i) => {
    const feeds = new Map([
      ["p", [pNow]],
      ["g", [gradient]],
      ["m", [mNow]],
      ["v", [vNow]],
      ...Object.entries(adamFeeds(i + 1, lr, options)).map(([name, value]): [string, number[]] => [name, [value]]),
    ] as [string, number[]][]);
    const result = evaluateGraph(step, feeds);
    [pNow, mNow, vNow] = ["nextP", "nextM", "nextV"].map((name) => result.get(name)?.[0] ?? 0);
    return pNow;
  });
}

describe("adam", () => {
  it.each<[string, Required<AdamOptions>]>([
    ["both moments", { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }],
    ["no mean, as StyleGAN2 has it", { beta1: 0, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 }],
    ["a large epsilon and decay of weights", { beta1: 0.5, beta2: 0.9, epsilon: 0.1, weightDecay: 0.2 }],
  ])("follows the paper's formulas: %s", (_, options) => {
    const gradients = [1, -3, 0.5, 0, 2];
    ours(gradients, 0.01, options).forEach((p, i) => {
      expect(p).toBeCloseTo(reference(gradients, 0.01, options)[i], 6);
    });
  });

  it("moves by the learning rate in its first step, whatever the gradient's size", () => {
    expect(ours([1e-3], 0.01, { beta1: 0, beta2: 0.99 })[0]).toBeCloseTo(0.99, 6);
  });

  it("refuses to leave out a mean that beta1 needs", () => {
    const [p, g, square] = ["p", "g", "v"].map((name) => input(name, [1]));
    expect(() => adam(p, g, { square }, adamInputs(), { beta1: 0.9 })).toThrow(/beta1/);
  });
});

describe("movingAverage", () => {
  it("keeps the share beta of the past", () => {
    const y = movingAverage(input("a", [2]), input("x", [2]), input("b", [1]));
    const feeds = new Map(Object.entries({ a: [4, 8], x: [0, 10], b: [0.75] }));
    expect([...(evaluateGraph(graph({ y }), feeds).get("y") ?? [])]).toEqual([3, 8.5]);
  });
});

it("momentumDescent() gathers speed, and pulls towards 0 by the weight decay", () => {
  const [p, step, v] = ["p", "step", "v"].map((name) => input(name, [1, 1]));
  const next = momentumDescent(p, step, v, { momentum: 0.5, decay: input("decay", [1]) });
  const g = graph({ nextP: next.parameter, nextV: next.velocity });
  const run = (feeds: Record<string, number>): number[] =>
    [...evaluateGraph(g, new Map(Object.entries(feeds).map(([name, x]) => [name, [x]]))).values()].map(([x]) => x);
  // v = 0.6 + 0.02 * 10, p = 10 - 0.8
  expect(run({ p: 10, step: 0.6, v: 0, decay: 0.02 })).toEqual([9.2, 0.8].map((x) => expect.closeTo(x, 9)));
  // v = 0.5 * 0.8 - 0.1 + 0.01 * 9.2
  expect(run({ p: 9.2, step: -0.1, v: 0.8, decay: 0.01 })).toEqual([8.808, 0.392].map((x) => expect.closeTo(x, 9)));
});
