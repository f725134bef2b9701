import { expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import { calledAlike } from "../../../src/project/edits/applyLabels.ts";
import { edit, freshRecipe, type LabelAction } from "../../../src/project/labels/recipe.ts";

it("calledAlike() calls a cluster as most of its pixels are called in the other run, or not at all", () => {
  const names = { ids: [0, 2, 3, 7, 9], colors: Array.from({ length: 10 }, (_, i) => `#00000${i}`) };
  const actions: LabelAction[] = [
    { type: "name", class: "part 2", name: "hair" },
    { type: "background", class: "part 0" },
    { type: "name", class: "part 0", name: "wall" },
    { type: "ignore", classes: ["part 9"] },
    { type: "name", class: "part 7", name: "mouth" },
  ];
  const { state } = actions.reduce(edit, freshRecipe(5, names));
  // Cluster by cluster here: all wall; half hair, half nobody's; two thirds ignored; nobody's; a third each.
  const here = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4];
  const there = [0, 0, 0, 1, 1, 2, 2, 4, 4, 0, 2, 2, 0, 1, 3];
  const hierarchy = hierarchyOf(
    6,
    [6, 5].map((k) => ({ k, kept: 0, removed: 5 })),
  );
  const found = calledAlike(state, there, here, { hierarchy, colors: names.colors });
  expect(found.k).toBe(5);
  expect(found.classes.map(({ name, clusters, background }) => [name, clusters, background])).toEqual([
    ["wall", [0], true],
    ["hair", [1], false],
    ["part 3", [3], false],
    ["part 4", [4], false],
  ]);
  expect(found.ignored).toEqual([2]);
});
