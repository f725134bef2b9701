import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import type { ClusterIdentity } from "../../../src/project/cluster/identity.ts";
import { clusterColors, cssColor } from "../../../src/project/cluster/palette.ts";
import { takeApart } from "../../../src/project/labels/apart.ts";
import { carriedNames, carryLabels, IGNORED } from "../../../src/project/labels/carry.ts";
import { edit, freshRecipe, type LabelRecipe } from "../../../src/project/labels/recipe.ts";
import { classNamed } from "../../../src/project/labels/words.ts";
import { handTree } from "../../cluster/tree/handTree.ts";

/** At 6: 0 1 2 3 4 5. 4 joins 3, 2 joins 1, 5 joins 0, 3 joins 1. */
const tree = handTree({ sizes: [40, 20, 10, 16, 4, 10] }, [
  [3, 4],
  [1, 2],
  [0, 5],
  [1, 3],
]);
const hierarchy = hierarchyOf(6, tree.steps);
const identity: ClusterIdentity = { hierarchy, colors: clusterColors(hierarchy).map(cssColor) };

const fresh = (k: number): LabelRecipe => freshRecipe(k, { ids: hierarchy.aliveAt(k), colors: identity.colors });
const name = (recipe: LabelRecipe, id: number, called: string): LabelRecipe =>
  edit(recipe, { type: "name", class: classNamed(identity, recipe.state, String(id)), name: called });
const apart = (recipe: LabelRecipe, of: string): LabelRecipe =>
  edit(recipe, takeApart(tree, identity, recipe.state, of));
const cut = (recipe: LabelRecipe, k: number): LabelRecipe =>
  edit(recipe, carryLabels(tree, identity, recipe, k).action);
/** K, and the ids of each class's clusters, in the classes' order. */
const parts = ({ state }: LabelRecipe): [number, Record<string, number[]>] => {
  const ids = hierarchy.aliveAt(state.k);
  return [state.k, Object.fromEntries(state.classes.map((c) => [c.name, c.clusters.map((cluster) => ids[cluster])]))];
};

describe("takeApart()", () => {
  it("raises K to where the cluster is two; all other classes hold what they held", () => {
    const recipe = name(fresh(3), 1, "hair");
    expect(parts(recipe)).toEqual([3, { "part 0": [0], hair: [1], "part 3": [3] }]);
    // 1 absorbed 2 at K = 5; 5 is in 0 until K = 4.
    expect(parts(apart(recipe, "hair"))).toEqual([5, { "part 0": [0, 5], hair: [1], "part 2": [2], "part 3": [3] }]);
    expect(parts(apart(recipe, "part 3"))[0]).toBe(6);
  });

  it("gives each cluster of a merged class back, at the same K", () => {
    const merged = edit(fresh(3), { type: "merge", classes: ["part 3", "part 0"], name: "skin" });
    expect(parts(apart(merged, "skin"))).toEqual([3, { "part 1": [1], skin: [0], "part 3": [3] }]);
  });

  it("leaves what is ignored ignored, in all its clusters", () => {
    const recipe = apart(edit(fresh(3), { type: "ignore", classes: ["part 0"] }), "part 1");
    expect(recipe.state.ignored.map((c) => hierarchy.aliveAt(recipe.state.k)[c])).toEqual([0, 5]);
  });

  it("says where the tree knows of no parts", () => {
    expect(() => apart(fresh(6), "part 2")).toThrow('"part 2" is one cluster, #2, that nothing was merged into');
  });

  it("is remembered at every K: the new part is not called like the old one, and keeps a name of its own", () => {
    const recipe = apart(name(fresh(3), 1, "hair"), "hair");
    expect(parts(cut(recipe, 6))[1]).toMatchObject({ hair: [1], "part 2": [2] });
    const named = name(recipe, 2, "fringe");
    expect(parts(cut(cut(named, 3), 6))[1]).toMatchObject({ hair: [1], fringe: [2] });
  });
});

describe("a locked class", () => {
  const lock = (recipe: LabelRecipe, id: number): LabelRecipe =>
    edit(recipe, { type: "lock", class: classNamed(identity, recipe.state, String(id)), locked: true });

  it("goes with its pixels to every K that has them alone, named or not, and lets no other K be chosen", () => {
    // At K = 4 hair and fringe are one cluster.
    const hair = lock(fresh(4), 1);
    expect(parts(cut(hair, 6))[1]).toMatchObject({ "part 1": [1, 2] });
    expect(cut(hair, 6).state.classes.find(({ locked }) => locked)?.name).toBe("part 1");
    expect(parts(cut(hair, 3))[1]).toMatchObject({ "part 1": [1] });
    expect(() => cut(hair, 2)).toThrow('"part 1" is locked, and K = 2 would join it with others: unlock it first.');
    const fringe = lock(fresh(6), 2);
    expect(() => cut(fringe, 4)).toThrow('"part 2" is locked');
    expect(() => apart(hair, "part 1")).toThrow("locked");
    // What others are taken apart into is not its concern.
    expect(parts(apart(hair, "part 3"))[1]).toMatchObject({ "part 1": [1, 2], "part 3": [3], "part 4": [4] });
  });
});

describe("carriedNames()", () => {
  it("are what a cut to each K would give", () => {
    const recipe = edit(name(name(fresh(5), 1, "hair"), 2, "fringe"), { type: "ignore", classes: ["part 5"] });
    const { classes, at } = carriedNames(tree, recipe);
    expect(classes.map((c) => c.name)).toEqual(["hair", "fringe"]);
    expect(at).toEqual([
      { k: 6, names: [null, "hair", "fringe", null, null, IGNORED] },
      { k: 5, names: [null, "hair", "fringe", null, IGNORED] },
      { k: 4, names: [null, "hair", null, IGNORED] },
      { k: 3, names: [null, "hair", null] },
      { k: 2, names: [null, "hair"] },
    ]);
    expect(carriedNames(tree, fresh(4)).at).toEqual([]);
  });
});
