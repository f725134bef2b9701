import { describe, expect, it } from "vitest";
import { buildReport } from "../../src/project/report/build.ts";
import { openModel } from "../../web/shared/parts/model.ts";
import { syntheticImages } from "../project/report/synthetic.ts";

describe("openModel()", async () => {
  const { tree, samples } = syntheticImages();
  const data = await buildReport({ title: "T", summary: "", command: "", facts: [], tree, samples });
  const model = await openModel(JSON.parse(JSON.stringify(data)));

  it("shows the tree's merged labels at every K", () => {
    for (const { k } of tree.steps) {
      const alive = model.hierarchy.aliveAt(k);
      expect([...model.idsAt(k, "merged")]).toEqual([...tree.labelsAt(k)].map((label) => alive[label]));
    }
  });

  it("shows the same SVM labels whichever way K was reached", () => {
    const down = tree.steps.map(({ k }) => model.idsAt(k, "argmax").slice());
    for (const [i, { k }] of [...tree.steps.entries()].reverse()) expect(model.idsAt(k, "argmax")).toEqual(down[i]);
  });

  it("carries what was explained at each K, and refuses that of another tree", async () => {
    const explained = tree.steps.map(({ k }) => ({ k, r2: k / 20, r2rel: k / 15 }));
    const input = { title: "T", summary: "", command: "", facts: [], tree, samples };
    const measured = await openModel(await buildReport({ ...input, explained }));
    expect(measured.figuresAt(9).explained).toEqual({ r2: 0.45, r2rel: 0.6 });
    await expect(buildReport({ ...input, explained: explained.toReversed() })).rejects.toThrow(/one entry per step/);
  });

  it("gives shares that sum to 1 in both modes", () => {
    for (const mode of ["merged", "argmax"] as const)
      expect([...model.sharesAt(5, mode).values()].reduce((a, b) => a + b)).toBeCloseTo(1, 4);
  });

  it("knows the figures of the steps", () => {
    const { iou } = tree.steps[3];
    expect(model.figuresAt(9).minIou).toBeCloseTo(Math.min(...iou), 3);
    expect(model.figuresAt(2).score).toBeNull();
    expect(model.figuresAt(2).explained).toBeNull();
  });
});
