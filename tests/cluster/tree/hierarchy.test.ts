import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import { syntheticImages } from "../../project/report/synthetic.ts";

/** Five clusters: 3 joins 0; then index 1 (id 1) joins index 3 (id 4); then index 0 (id 0) joins index 2 (id 4). */
const STEPS = [
  { k: 5, kept: 0, removed: 3 },
  { k: 4, kept: 3, removed: 1 },
  { k: 3, kept: 2, removed: 0 },
  { k: 2, kept: 0, removed: 1 },
];

describe("hierarchyOf()", () => {
  const tree = hierarchyOf(5, STEPS);

  it("names merges by start cluster and leaves the last step's out", () => {
    expect(tree.merges).toEqual([
      { k: 5, kept: 0, removed: 3 },
      { k: 4, kept: 4, removed: 1 },
      { k: 3, kept: 4, removed: 0 },
    ]);
    expect([tree.minK, tree.maxK]).toEqual([2, 5]);
  });

  it("knows who is alive and who owns whom at each K", () => {
    expect([...tree.aliveAt(4)]).toEqual([0, 1, 2, 4]);
    expect([...tree.aliveAt(2)]).toEqual([2, 4]);
    expect([...tree.ownersAt(5)]).toEqual([0, 1, 2, 3, 4]);
    expect([...tree.ownersAt(4)]).toEqual([0, 1, 2, 0, 4]);
    expect([...tree.ownersAt(2)]).toEqual([4, 4, 2, 4, 4]);
  });

  it("orders start clusters by how long they live", () => {
    expect(tree.bySurvival).toEqual([2, 4, 0, 1, 3]);
    expect([...tree.lastK]).toEqual([3, 4, 2, 5, 2]);
  });

  it("agrees with labelsAt() of the merge tree at every K", () => {
    const { tree: merged } = syntheticImages({ k0: 9 });
    const hierarchy = hierarchyOf(9, merged.steps);
    for (const { k } of merged.steps) {
      const owners = hierarchy.ownersAt(k);
      const alive = hierarchy.aliveAt(k);
      const byIndex = [...merged.labelsAt(k)].map((label) => alive[label]);
      expect([...merged.initialLabels].map((label) => owners[label])).toEqual(byIndex);
    }
  });

  it("places every cluster's leaves side by side, so that no branches cross", () => {
    const { tree: merged } = syntheticImages({ k0: 20, seed: 5 });
    const hierarchy = hierarchyOf(20, merged.steps);
    const place = new Map(hierarchy.leafOrder.map((id, i) => [id, i]));
    expect(place.size).toBe(20);
    for (const { k } of merged.steps) {
      const owners = hierarchy.ownersAt(k);
      for (const id of hierarchy.aliveAt(k)) {
        const places = [...owners.keys()].filter((leaf) => owners[leaf] === id).map((leaf) => place.get(leaf)!);
        expect(Math.max(...places) - Math.min(...places)).toBe(places.length - 1);
      }
    }
  });

  it("refuses steps that skip a K, merges of clusters that do not exist, and a K outside the tree", () => {
    expect(() => hierarchyOf(5, STEPS.slice(1))).toThrow("step 0 should be at K = 5, got 4");
    expect(() =>
      hierarchyOf(3, [
        { k: 3, kept: 3, removed: 0 },
        { k: 2, kept: 0, removed: 1 },
      ]),
    ).toThrow("cannot merge 0 into 3");
    expect(() => tree.aliveAt(6)).toThrow("expected K in [2, 5], got 6");
  });
});
