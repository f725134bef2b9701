import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { caseFeeds, caseGraph, opCases } from "../../src/graph/opCases.ts";
import { add, input, mul, reduceSum, reshape, square } from "../../src/graph/ops/index.ts";
import { type Graph, topologicalOrder } from "../../src/graph/value.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { selfTest } from "../../src/runtime/selfTest.ts";

/** Central differences of sum(output) with respect to one fed input, in float64. */
function differences(g: Graph, output: string, feeds: Map<string, ArrayLike<number>>, name: string): number[] {
  const step = 1e-5;
  const base = Float64Array.from(feeds.get(name)!);
  const total = (at: number, delta: number): number => {
    const moved = base.slice();
    moved[at] += delta;
    return evaluateGraph(g, new Map(feeds).set(name, moved))
      .get(output)!
      .reduce((a, b) => a + b, 0);
  };
  return Array.from(base, (_, i) => (total(i, step) - total(i, -step)) / (2 * step));
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i] - expected[i]) / scale;
    if (!(error <= tolerance))
      expect.fail(`element ${i} is ${got[i]}, expected ${expected[i]} (relative error ${error})`);
  }
}

describe.each(opCases)("op case $name", (opCase) => {
  it("has a first derivative that agrees with central differences", () => {
    const g = caseGraph(opCase);
    const feeds = caseFeeds(opCase, g);
    const inputs = opCase.shapes.map((shape, i) => input(`x${i}`, shape));
    const y = opCase.build(...inputs);
    const weighted = graph({ loss: reduceSum(mul(y, input("r", y.shape))) });
    const got = evaluateGraph(g, feeds);
    for (let i = 0; i < opCase.shapes.length; i++)
      expectClose(got.get(`d${i}`)!, differences(weighted, "loss", feeds, `x${i}`), 1e-8);
  });

  it("has a second derivative that agrees with central differences of the first", () => {
    const inputs = opCase.shapes.map((shape, i) => input(`x${i}`, shape));
    const y = opCase.build(...inputs);
    const first = grad(y, inputs, input("r", y.shape));
    // Half the squared norm of all first derivatives: the shape of R1 and path-length penalties.
    const penalty = first
      .map((d) => reshape(reduceSum(mul(square(d), 0.5)), [1]))
      .reduce((sum, term) => add(sum, term));
    const second = grad(penalty, inputs);
    const g = graph({ penalty, ...Object.fromEntries(second.map((d, i) => [`dd${i}`, d])) });
    const base = caseGraph(opCase);
    const feeds = caseFeeds(opCase, base);
    const got = evaluateGraph(g, feeds);
    for (let i = 0; i < inputs.length; i++)
      expectClose(got.get(`dd${i}`)!, differences(g, "penalty", feeds, `x${i}`), 1e-7);
  });
});

describe("the op table", () => {
  it("has a case for every op, its derivative included", async () => {
    const covered = new Set(
      opCases.flatMap((c) => topologicalOrder([...caseGraph(c).outputs.values()]).map((v) => v.op.name)),
    );
    const folder = resolve(import.meta.dirname, "../../src/graph/ops");
    for (const file of readdirSync(folder)) {
      const module = (await import(resolve(folder, file))) as Record<string, unknown>;
      for (const value of Object.values(module))
        if (typeof value === "object" && value !== null && "evaluate" in value && "name" in value)
          expect(covered, `${file}: ${String(value.name)}`).toContain(value.name);
    }
  });

  it("computes the same on onnxruntime's CPU provider as its float64 definitions", async () => {
    const results = await selfTest(ortNode, "cpu");
    expect(results.filter((r) => !r.ok)).toEqual([]);
    expect(results).toHaveLength(opCases.length);
  });
});
