import { describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import {
  clusterNamesAt,
  effectiveClusters,
  largestShare,
  type MergeTree,
  mergeTree,
} from "../../../src/cluster/tree/mergeTree.ts";
import { type MergeTreeData, mergeTreeFromData, mergeTreeToData } from "../../../src/cluster/tree/mergeTreeData.ts";
import { blobs } from "../../pixels/points.ts";

/** Four start clusters; at K = 4, 3 joins 0, then (names 0, 1, 2) 0 joins 2. */
function worked(): MergeTree {
  const step = (k: number, members: number[], kept: number, removed: number, sizes: number[]) => ({
    k,
    kept,
    removed,
    ecos: 0.5,
    members: Int32Array.from(members),
    iou: new Float64Array(k).fill(0.5),
    objective: new Float64Array(k),
    gap: new Float64Array(k),
    sizes: Float64Array.from(sizes),
  });
  return mergeTree({
    pixels: 5,
    channels: 1,
    initialClusters: 4,
    criterion: "paper",
    balance: 0,
    initialLabels: Uint16Array.of(0, 1, 2, 3, 3),
    weight: Float32Array.of(10, 11, 12, 13, 14, 15),
    bias: Float32Array.of(0, 1, 2, 3, 4, 5),
    steps: [
      step(4, [0, 1, 2, 3], 0, 3, [1, 1, 1, 2]),
      step(3, [4, 1, 2], 2, 0, [3, 1, 1]),
      step(2, [1, 5], 0, 1, [1, 4]),
    ],
  });
}

describe("mergeTree", () => {
  it("merges start labels down to any K, as worked by hand", () => {
    const tree = worked();
    expect([...tree.labelsAt(4)]).toEqual([0, 1, 2, 3, 3]);
    expect([...tree.labelsAt(3)]).toEqual([0, 1, 2, 0, 0]);
    expect([...tree.labelsAt(2)]).toEqual([1, 0, 1, 1, 1]);
    expect([...clusterNamesAt(tree, 2)]).toEqual([1, 0, 1, 1]);
  });

  it("gathers each K's classifiers from the rows", () => {
    const { weight, bias, k } = worked().classifierAt(3);
    expect([k, [...weight], [...bias]]).toEqual([3, [14, 11, 12], [4, 1, 2]]);
    expect([...worked().steps[2].weight]).toEqual([11, 15]);
  });

  it("says which K it holds when asked for another", () => {
    expect(() => worked().labelsAt(5)).toThrow(/no K = 5; it holds K = 2 to 4/);
    expect(() => worked().classifierAt(1)).toThrow(RangeError);
  });
});

describe("mergeTreeToData and mergeTreeFromData", () => {
  it("bring a tree back whole, through JSON", async () => {
    const tree = await klish(blobs(200, 3, 3, 1, 2).features, { initialClusters: 6 });
    const { json, tensors } = mergeTreeToData(tree);
    const back = mergeTreeFromData({ json: JSON.parse(JSON.stringify(json)), tensors });
    expect(back.steps.map((step) => ({ ...step }))).toEqual(tree.steps.map((step) => ({ ...step })));
    expect([...back.labelsAt(2)]).toEqual([...tree.labelsAt(2)]);
    expect(back.classifierAt(3)).toEqual(tree.classifierAt(3));
  });

  const broken = (change: (data: { json: Record<string, unknown>; tensors: Record<string, unknown> }) => unknown) => {
    const data = mergeTreeToData(worked());
    const copy = {
      json: JSON.parse(JSON.stringify(data.json)),
      tensors: { ...data.tensors } as Record<string, unknown>,
    };
    change(copy);
    return () => mergeTreeFromData(copy as unknown as MergeTreeData);
  };

  it("accepts the worked tree", () => {
    expect(broken(() => undefined)).not.toThrow();
  });

  it("reject data that are no whole and consistent tree, and say why", () => {
    expect(() => mergeTreeFromData({ json: null, tensors: {} })).toThrow(/expected a JSON object/);
    expect(broken(({ json }) => Object.assign(json, { version: 2 }))).toThrow(
      /version 1, got "klish merge tree" version 2/,
    );
    expect(broken(({ json }) => Object.assign(json, { pixels: 1.5 }))).toThrow(/pixels must be an integer/);
    expect(broken(({ json }) => Object.assign(json, { steps: [] }))).toThrow(/at least one/);
    expect(broken(({ json }) => Object.assign((json.steps as object[])[1], { k: 2 }))).toThrow(
      /step 1 has K = 2, expected 3/,
    );
    expect(broken(({ json }) => Object.assign((json.steps as object[])[0], { kept: 4 }))).toThrow(
      /merges 3 into 4 of 4/,
    );
    expect(broken(({ json }) => Object.assign((json.steps as object[])[0], { removed: 2 }))).toThrow(
      /members do not follow/,
    );
    expect(broken(({ tensors }) => delete tensors.bias)).toThrow(/tensor bias is missing/);
    expect(
      broken(({ tensors }) =>
        Object.assign(tensors, { bias: { dtype: "float32", shape: [5], data: new Float32Array(5) } }),
      ),
    ).toThrow(/bias must be float32 \[6\], it is float32 \[5\]/);
    const labels = { dtype: "uint16", shape: [5], data: Uint16Array.of(0, 1, 2, 3, 4) };
    expect(broken(({ tensors }) => Object.assign(tensors, { initialLabels: labels }))).toThrow(/label 4 of pixel 4/);
    const others = { dtype: "uint16", shape: [5], data: Uint16Array.of(0, 1, 2, 3, 2) };
    expect(broken(({ tensors }) => Object.assign(tensors, { initialLabels: others }))).toThrow(/sizes do not follow/);
    const weight = { dtype: "float32", shape: [6, 1], data: new Float32Array(6).fill(Number.NaN) };
    expect(broken(({ tensors }) => Object.assign(tensors, { weight: weight }))).toThrow(
      /weight has values that are not finite/,
    );
  });
});

describe("effectiveClusters and largestShare", () => {
  it("are K and 1/K for equal clusters, and 1 for a single one", () => {
    expect(effectiveClusters([5, 5, 5, 5])).toBeCloseTo(4, 12);
    expect(largestShare([5, 5, 5, 5])).toBe(0.25);
    expect(effectiveClusters([7, 0, 0])).toBe(1);
    expect(largestShare([7, 0, 0])).toBe(1);
  });
});
