import { describe, expect, it } from "vitest";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import { averagePool } from "../../src/nn/pooling.ts";
import { areaMatrix, bilinearMatrix, nearestMatrix, resize } from "../../src/nn/resample.ts";

const rows = (matrix: Value): number[][] => {
  const data = [...evaluateGraph(graph({ matrix }), new Map()).get("matrix")!];
  const [to, from] = matrix.shape;
  return Array.from({ length: to }, (_, i) => data.slice(i * from, (i + 1) * from));
};

describe("matrices of one axis", () => {
  it("bilinearMatrix() interpolates between pixel centres, the border repeated", () => {
    // Centres of 4 in 2: -0.25, 0.25, 0.75, 1.25.
    expect(rows(bilinearMatrix(2, 4))).toEqual([
      [1, 0],
      [0.75, 0.25],
      [0.25, 0.75],
      [0, 1],
    ]);
  });

  it("bilinearMatrix() with aligned corners keeps the first and last sample", () => {
    expect(rows(bilinearMatrix(2, 3, { alignCorners: true }))).toEqual([
      [1, 0],
      [0.5, 0.5],
      [0, 1],
    ]);
    expect(rows(bilinearMatrix(3, 1, { alignCorners: true }))).toEqual([[1, 0, 0]]);
  });

  it("areaMatrix() takes means of shares that may overlap", () => {
    expect(rows(areaMatrix(3, 2))).toEqual([
      [0.5, 0.5, 0],
      [0, 0.5, 0.5],
    ]);
  });

  it("nearestMatrix() repeats or skips samples", () => {
    expect(rows(nearestMatrix(2, 3))).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
  });

  it("refuse sizes that are no sizes", () => {
    expect(() => areaMatrix(0, 2)).toThrow("resampling from 0 to 2 samples: both must be whole and positive");
  });
});

it("resize() treats rows and columns alike, each by its own matrix", () => {
  const y = resize(input("x", [1, 1, 2, 2]), [1, 4], nearestMatrix);
  expect([...evaluateGraph(graph({ y }), new Map([["x", [1, 2, 3, 4]]])).get("y")!]).toEqual([1, 1, 2, 2]);
});

it("averagePool() counts the padding as zeros, or not at all", () => {
  const x = input("x", [1, 1, 2, 2]);
  const pooled = (countPadding: boolean) =>
    evaluateGraph(
      graph({ y: averagePool(x, { kernel: 2, stride: 2, padding: 1, countPadding }) }),
      new Map([["x", [1, 2, 3, 4]]]),
    ).get("y")!;
  expect([...pooled(true)]).toEqual([0.25, 0.5, 0.75, 1]);
  expect([...pooled(false)]).toEqual([1, 2, 3, 4]);
});
