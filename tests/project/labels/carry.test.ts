import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import type { ClusterIdentity } from "../../../src/project/cluster/identity.ts";
import { clusterOf } from "../../../src/project/cluster/identity.ts";
import { clusterColors, cssColor } from "../../../src/project/cluster/palette.ts";
import { carryLabels } from "../../../src/project/labels/carry.ts";
import { edit, freshRecipe, type LabelAction, type LabelRecipe, undo } from "../../../src/project/labels/recipe.ts";
import { classNamed } from "../../../src/project/labels/words.ts";
import { handTree } from "../../cluster/tree/handTree.ts";

/** Wall 40, hair 20, fringe 10, skin 16, mouth 4, clothes 10: mouth joins skin, fringe hair, clothes the wall, skin hair. */
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
const cut = (recipe: LabelRecipe, k: number): LabelRecipe =>
  edit(recipe, carryLabels(tree, identity, recipe, k).action);
/** Each cluster's class, by id. */
const classes = ({ state }: LabelRecipe): Record<number, string> =>
  Object.fromEntries(
    Array.from(hierarchy.aliveAt(state.k), (id, c) => [
      id,
      state.classes.find(({ clusters }) => clusters.includes(c))?.name ?? "ignored",
    ]),
  );

const NAMED = { 0: "wall", 1: "hair", 2: "fringe", 3: "skin", 4: "mouth", 5: "clothes" };
const all = Object.entries(NAMED).reduce((recipe, [id, called]) => name(recipe, Number(id), called), fresh(6));

describe("labels by cluster", () => {
  it("begin called after their ids and in their colours, at every K", () => {
    const { state } = fresh(4);
    expect(classes(fresh(4))).toEqual({ 0: "part 0", 1: "part 1", 3: "part 3", 5: "part 5" });
    expect(state.classes.map(({ color }) => color)).toEqual([0, 1, 3, 5].map((id) => identity.colors[id]));
  });

  it("are found by name and by any of their clusters, or say what became of it", () => {
    const recipe = edit(cut(all, 4), { type: "merge", classes: ["hair", "skin"], name: null });
    const { state } = recipe;
    expect(["hair", "3", "#1", "#5"].map((word) => classNamed(identity, state, word))).toEqual([
      ...["hair", "hair", "hair", "clothes"],
    ]);
    expect(() => classNamed(identity, state, "4")).toThrow(
      "at K = 4, #4 is a part of #3. It stands by itself down to K = 6.",
    );
    expect(() => classNamed(identity, state, "77")).toThrow("there is no cluster #77: the tree has #0 to #5.");
    expect(() => classNamed(identity, state, "hat")).toThrow('there are "wall" (#0), "hair" (#1 #3), "clothes" (#5).');
    const ignored = edit(recipe, { type: "ignore", classes: ["clothes"] });
    expect(() => classNamed(identity, ignored.state, "5")).toThrow("#5 is ignored.");
    expect(clusterOf(identity, 4, 5)).toBe(3);
  });
});

describe("carryLabels()", () => {
  it("keeps names through a coarser K and back, and says what that K cannot show", () => {
    const { lost } = carryLabels(tree, identity, all, 3);
    expect(lost).toEqual([
      { name: "fringe", share: 0.1, whole: true, into: { id: 1, name: "hair" }, backAt: 6 },
      { name: "mouth", share: 0.04, whole: true, into: { id: 3, name: "skin" }, backAt: 6 },
      { name: "clothes", share: 0.1, whole: true, into: { id: 0, name: "wall" }, backAt: 6 },
    ]);
    const coarse = cut(all, 3);
    expect(classes(coarse)).toEqual({ 0: "wall", 1: "hair", 3: "skin" });
    expect(cut(coarse, 6).state).toEqual(all.state);
    expect(undo(coarse).state).toEqual(all.state);
    expect(carryLabels(tree, identity, coarse, 6).lost).toEqual([]);
  });

  it("says at which K the first of what was lost comes back", () => {
    const recipe = name(name(fresh(6), 0, "wall"), 5, "clothes");
    expect(carryLabels(tree, identity, recipe, 3).lost).toMatchObject([{ name: "clothes", backAt: 4 }]);
  });

  it("keeps what was changed at the coarse K, and what slept meanwhile", () => {
    let recipe = name(cut(all, 3), 1, "head");
    recipe = edit(recipe, { type: "background", class: "wall" });
    recipe = edit(recipe, { type: "color", class: "head", color: "#123456" });
    expect(classes(cut(recipe, 6))).toEqual({ ...NAMED, 1: "head" });
    expect(cut(recipe, 6).state.classes[0]).toMatchObject({ name: "wall", background: true });
    expect(cut(recipe, 6).state.classes.find((c) => c.name === "head")?.color).toBe("#123456");
  });

  it("leaves a cluster unnamed where most of it was never named", () => {
    // 16 pixels of skin, 4 of mouth; 40 of wall, 10 of clothes.
    const recipe = name(name(fresh(6), 4, "mouth"), 0, "wall");
    expect(classes(cut(recipe, 3))).toEqual({ 0: "wall", 1: "part 1", 3: "part 3" });
    expect(carryLabels(tree, identity, recipe, 3).lost).toMatchObject([{ name: "mouth", into: { id: 3, name: "#3" } }]);
    expect(classes(cut(cut(recipe, 3), 5))).toEqual({ 0: "wall", 1: "part 1", 2: "part 2", 3: "part 3", 5: "part 5" });
    // Named while it sleeps, the rest of the cluster is called so, and the mouth is still the mouth.
    expect(classes(cut(name(cut(recipe, 3), 3, "face"), 6))).toMatchObject({ 3: "face", 4: "mouth" });
  });

  it("carries merges, ignored clusters and clusters that were moved", () => {
    let recipe = edit(all, { type: "merge", classes: ["hair", "fringe"], name: null });
    recipe = edit(recipe, { type: "ignore", classes: ["wall"] });
    recipe = edit(recipe, { type: "take", clusters: [4, 5], name: "red", color: identity.colors[4] });
    expect(classes(recipe)).toEqual({ 0: "ignored", 1: "hair", 2: "hair", 3: "skin", 4: "red", 5: "red" });
    expect(classes(cut(recipe, 4))).toEqual({ 0: "ignored", 1: "hair", 3: "skin", 5: "red" });
    expect(carryLabels(tree, identity, recipe, 4).lost).toEqual([
      { name: "red", share: 0.04, whole: false, into: { id: 3, name: "skin" }, backAt: 6 },
    ]);
    expect(classes(cut(cut(recipe, 2), 6))).toEqual(classes(recipe));
  });

  it("begins anew after --fresh, and refuses a K that the tree has not", () => {
    const begun: LabelAction = { type: "recut", labels: fresh(4).state, fresh: true };
    expect(classes(cut(edit(all, begun), 6))).toEqual(classes(fresh(6)));
    expect(() => carryLabels(tree, identity, all, 9)).toThrow("the project has no K = 9; it holds 2 to 6.");
  });

  it("comes back to the same labels over any other K, whatever was named", () => {
    const names = fc.array(fc.record({ id: fc.nat(5), name: fc.constantFrom("a", "b", "c", "d") }), { maxLength: 8 });
    fc.assert(
      fc.property(names, fc.array(fc.integer({ min: 2, max: 6 }), { maxLength: 4 }), (given, ks) => {
        let recipe = fresh(6);
        for (const { id, name: called } of given)
          recipe = edit(recipe, { type: "take", clusters: [id], name: called, color: identity.colors[id] });
        const before = classes(recipe);
        for (const k of ks) recipe = cut(recipe, k);
        expect(classes(cut(recipe, 6))).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});
