import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import { pixelAffine, regionAffine, regionMeans, resizedMask, spread } from "../../src/nn/regions.ts";

const evaluate = (y: Value, feeds: Record<string, number[]>): number[] => [
  ...evaluateGraph(graph({ y }), new Map(Object.entries(feeds))).get("y")!,
];

// Two regions on a picture of one row: left, right, right, and a pixel of none.
const mask = input("mask", [1, 2, 1, 4]);
const MASK = [1, 0, 0, 0, 0, 1, 1, 0];

describe("regions", () => {
  it("spread() gives a region's value to its pixels, 0 to those of none", () => {
    expect(evaluate(spread(input("v", [1, 1, 2]), mask), { mask: MASK, v: [5, 7] })).toEqual([5, 7, 7, 0]);
  });

  it("regionAffine() scales and shifts a pixel as its region says, and leaves others alone", () => {
    const y = regionAffine(input("x", [1, 1, 1, 4]), mask, {
      scale: input("s", [1, 1, 2]),
      shift: input("t", [1, 1, 2]),
    });
    expect(evaluate(y, { x: [1, 2, 3, 4], mask: MASK, s: [1, -1], t: [10, 20] })).toEqual([12, 20, 20, 4]);
  });

  it("pixelAffine() scales by the first planes and shifts by the others; its gradient is that of the products", () => {
    const [x, affine] = [input("x", [1, 2, 1, 2]), input("affine", [1, 4, 1, 2])];
    const y = pixelAffine(x, affine);
    const feeds = { x: [1, 2, 3, 4], affine: [2, 3, 5, 7, 10, 20, 30, 40] };
    expect(evaluate(y, feeds)).toEqual([12, 26, 45, 68]);
    const [dx, dAffine] = grad(y, [x, affine], input("g", y.shape));
    const g = [1, 10, 100, 1000];
    expect(evaluate(dx, { affine: feeds.affine, g })).toEqual([2, 30, 500, 7000]);
    expect(evaluate(dAffine, { x: feeds.x, g })).toEqual([1, 20, 300, 4000, ...g]);
  });

  it("regionMeans() averages over the pixels of each region; one that is not there has 0", () => {
    const y = regionMeans(input("x", [1, 2, 1, 4]), mask);
    const x = [1, 2, 4, 9, 10, 20, 40, 90];
    const close = (values: number[]): unknown[] => values.map((v) => expect.closeTo(v, 4));
    expect(evaluate(y, { x, mask: MASK })).toEqual(close([1, 10, 3, 30]));
    expect(evaluate(y, { x, mask: [0, 0, 0, 0, 0, 1, 1, 0] })).toEqual(close([0, 0, 3, 30]));
  });

  it("resizedMask() has the shares of the regions in larger pixels", () => {
    expect(evaluate(resizedMask(mask, [1, 2]), { mask: MASK })).toEqual([0.5, 0, 0.5, 0.5]);
    expect(resizedMask(mask, [1, 4])).toBe(mask);
  });
});
