/** Derivatives of every op against PyTorch in float64 (goldens.py, PyTorch 1.13). */
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../../src/graph/graph.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { goldenCases, goldenFeeds, goldenGraph } from "./goldenCases.ts";
import { goldenErrors, goldenSeeds, readGoldens, runGolden } from "./goldens.ts";

const goldens = readGoldens();

it("goldens.safetensors has every case of the op table and of nn", () => {
  expect([...goldenSeeds(goldens).keys()].sort()).toEqual(goldenCases.map((c) => c.name).sort());
});

describe.each(goldenCases)("$name", (goldenCase) => {
  it("agrees with PyTorch by its float64 definition, first and second derivative", () => {
    const g = goldenGraph(goldenCase);
    const got = evaluateGraph(g, goldenFeeds(goldenCase, g, goldenSeeds(goldens).get(goldenCase.name)!));
    expect(goldenErrors(goldens, goldenCase.name, got)).toEqual({
      first: expect.closeTo(0, 6),
      second: expect.closeTo(0, 6),
    });
  });

  it("agrees with PyTorch on the CPU: first derivative within 1e-5, second within 1e-4", async () => {
    const got = await runGolden(goldenCase, goldens, { runtime: ortNode, provider: "cpu" });
    const { first, second } = goldenErrors(goldens, goldenCase.name, got);
    expect(first).toBeLessThan(1e-5);
    expect(second).toBeLessThan(1e-4);
  });
});
