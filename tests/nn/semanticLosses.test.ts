import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { add, input } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import {
  codeDivergence,
  colourDistance,
  cutTogether,
  featureMatching,
  hingeGenerator,
  hingePainted,
  hingeReal,
  labelLoss,
  labelMixLoss,
  magnitude,
  paintedLoss,
} from "../../src/nn/semanticLosses.ts";
import { randn } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";

const evaluate = (y: Value, feeds: Record<string, ArrayLike<number>>): number[] => [
  ...evaluateGraph(graph({ y }), new Map(Object.entries(feeds))).get("y")!,
];

describe("losses of OASIS", () => {
  // Two pixels, two classes and "painted". Softmax of (0, ln 2, 0) is (1, 2, 1) / 4, of (ln 3, 0, 0) it is (3, 1, 1) / 5.
  const logits = input("l", [1, 3, 1, 2]);
  const mask = input("m", [1, 2, 1, 2]);
  const weights = input("w", [1, 2, 1, 1]);
  const l = [0, Math.log(3), Math.log(2), 0, 0, 0];

  it("labelLoss() is the mean of weight times -log softmax at the mask's class", () => {
    // The first pixel is of class 1 with weight 3, the second of class 0.
    const value = evaluate(labelLoss(logits, mask, weights), { l, m: [0, 1, 1, 0], w: [1, 3] });
    expect(value).toEqual([expect.closeTo((-3 * Math.log(2 / 4) - Math.log(3 / 5)) / 2, 9)]);
  });

  it("labelLoss() leaves out pixels of no class", () => {
    const value = evaluate(labelLoss(logits, mask, weights), { l, m: [0, 1, 0, 0], w: [1, 3] });
    expect(value).toEqual([expect.closeTo(-Math.log(3 / 5) / 2, 9)]);
  });

  it("paintedLoss() is the mean of -log softmax at the last class", () => {
    expect(evaluate(paintedLoss(logits), { l })).toEqual([expect.closeTo((Math.log(4) + Math.log(5)) / 2, 9)]);
  });

  it("labelMixLoss() compares with logits that are cut like the pictures", () => {
    const [a, b, mixed, cut] = [..."abmc"].map((name) => input(name, [1, 1, 1, 2]));
    const feeds = { a: [1, 2], b: [10, 20], c: [1, 0], m: [3, 17] };
    expect(evaluate(cutTogether(a, b, cut), feeds)).toEqual([1, 20]);
    expect(evaluate(labelMixLoss(mixed, a, b, cut), feeds)).toEqual([(4 + 9) / 2]);
  });
});

describe("losses of GauGAN", () => {
  const logits = input("l", [1, 1, 1, 3]);
  it("hinge losses end at the margin", () => {
    const l = [-2, 0.5, 3];
    expect(evaluate(hingeReal(logits), { l })).toEqual([expect.closeTo((3 + 0.5) / 3, 6)]);
    expect(evaluate(hingePainted(logits), { l })).toEqual([expect.closeTo((1.5 + 4) / 3, 6)]);
    expect(evaluate(hingeGenerator(logits), { l })).toEqual([expect.closeTo(-0.5, 6)]);
  });

  it("featureMatching() adds the layers' mean distances, weighed by picture, and holds the real ones still", () => {
    const [r, p] = ["r", "p"].map((name) => input(name, [2, 1, 1, 2]));
    const weight = input("w", [2, 1, 1, 1]);
    const loss = featureMatching([r, r], [p, p], weight);
    const feeds = { r: [0, 0, 1, 1], p: [1, -3, 5, 5], w: [2, 0] };
    expect(evaluate(loss, feeds)).toEqual([2 * ((2 * 1 + 2 * 3) / 4)]);
    expect(evaluate(grad(loss, [r])[0], feeds)).toEqual([0, 0, 0, 0]);
    expect(evaluate(colourDistance(p, r, weight), feeds)).toEqual([2]);
  });

  it("codeDivergence() is 0 for N(0,1), and the textbook's for others", () => {
    const [mean, log] = ["m", "v"].map((name) => input(name, [1, 1, 2]));
    const loss = codeDivergence(mean, log);
    expect(evaluate(loss, { m: [0, 0], v: [0, 0] })[0]).toBeCloseTo(0, 9);
    // 1/2 (m^2 + v - 1 - ln v), for m = 2 and v = 4, and for m = 1 and v = 1.
    const expected = (4 + 4 - 1 - Math.log(4)) / 2 + 0.5;
    expect(evaluate(loss, { m: [2, 1], v: [Math.log(4), 0] })[0]).toBeCloseTo(expected, 9);
  });
});

describe("gradients against differences in float64", () => {
  const shapes: Record<string, number[]> = { l: [2, 4, 2, 2], p: [2, 3, 2, 2], x: [1, 2, 3] };
  const [l, p, x] = ["l", "p", "x"].map((name) => input(name, shapes[name]));
  const mask = [0, 1, 2, 1, 2, 2, 0, 0].reduce((planes, id, i) => {
    planes[Math.floor(i / 4) * 12 + id * 4 + (i % 4)] = 1;
    return planes;
  }, Array<number>(24).fill(0));
  const fed = { m: mask, w: [0.5, 2, 1], r: [...randn(5, 24)], c: [1, 0, 0, 1, 1, 1, 0, 0], o: [2, 0.5] };
  const real = input("r", [2, 3, 2, 2]);
  const each = input("o", [2, 1, 1, 1]);
  const cases: [string, Value, Value][] = [
    ["labelLoss", labelLoss(l, input("m", [2, 3, 2, 2]), input("w", [1, 3, 1, 1])), l],
    ["paintedLoss", paintedLoss(l), l],
    ["labelMixLoss", labelMixLoss(p, real, p, input("c", [2, 1, 2, 2])), p],
    ["hinge losses", add(hingeReal(l), add(hingePainted(l), hingeGenerator(l))), l],
    ["featureMatching", featureMatching([real], [p], each), p],
    ["colourDistance", colourDistance(p, real, each), p],
    ["codeDivergence", codeDivergence(x, x), x],
    ["magnitude", magnitude(x), x],
  ];
  it.each(cases)("%s", (_, loss, at) => {
    const { name } = at.attrs as { name: string };
    const values = [...randn(3, sizeOf(at.shape))];
    const gradient = evaluate(grad(loss, [at])[0], { ...fed, [name]: values });
    const sum = (v: number[]): number => evaluate(loss, { ...fed, [name]: v }).reduce((a, b) => a + b, 0);
    for (const [i, g] of gradient.entries()) {
      const [up, down] = [1e-5, -1e-5].map((step) => sum(values.with(i, values[i] + step)));
      expect((up - down) / 2e-5).toBeCloseTo(g, 5);
    }
  });
});
