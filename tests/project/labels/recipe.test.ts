import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  edit,
  freshRecipe,
  idTexts,
  type LabelAction,
  type LabelRecipe,
  labelState,
  redo,
  replay,
  undo,
} from "../../../src/project/labels/recipe.ts";
import { labeller } from "../../../src/project/labels/recipeLabels.ts";

const edited = (...actions: LabelAction[]): LabelRecipe => actions.reduce(edit, freshRecipe(5));
const summary = ({ state }: LabelRecipe): unknown =>
  Object.fromEntries([...state.classes.map((c) => [c.name, c.clusters]), ["ignored", state.ignored]]);

describe("label edits", () => {
  it("begin with a class for every cluster", () => {
    expect(summary(freshRecipe(3))).toEqual({ "part 0": [0], "part 1": [1], "part 2": [2], ignored: [] });
  });

  it("name, merge, ignore, take and put the background first", () => {
    const recipe = edited(
      { type: "name", class: "3", name: "sky" },
      { type: "merge", classes: ["part 4", "part 1"], name: "hair" },
      { type: "ignore", classes: ["part 2"] },
      { type: "background", class: "sky" },
      { type: "take", clusters: [2, 4], name: "ear" },
    );
    expect(summary(recipe)).toEqual({ sky: [3], "part 0": [0], hair: [1], ear: [2, 4], ignored: [] });
    expect(recipe.state.classes[0]).toMatchObject({ name: "sky", background: true });
    expect(new Set(recipe.state.classes.map((c) => c.color)).size).toBe(4);
  });

  it("take clusters in the colour that is given, and leave the ids of others where they were", () => {
    const { state } = edited({
      type: "take",
      clusters: [3, 1],
      name: "hair",
      color: freshRecipe(5).state.classes[3].color,
    });
    expect(state.classes.map(({ name, clusters }) => [name, clusters])).toEqual([
      ["part 0", [0]],
      ["part 2", [2]],
      ["hair", [1, 3]],
      ["part 4", [4]],
    ]);
    expect(state.classes[2].color).toBe(freshRecipe(5).state.classes[3].color);
    // The class keeps its colour while it keeps a cluster; the new one gets another.
    const apart = edit(
      { state, base: state, actions: [] },
      { type: "take", clusters: [3], name: "ear", color: state.classes[2].color },
    );
    expect(new Set(apart.state.classes.map(({ color }) => color)).size).toBe(5);
    expect(apart.state.classes.at(-1)?.name).toBe("ear");
  });

  it("leave what is locked as it is, but for its name and colour, until it is unlocked", () => {
    const lock = (locked: boolean): LabelAction => ({ type: "lock", class: "part 1", locked });
    const held = edited(lock(true));
    expect(held.state.classes[1]).toMatchObject({ name: "part 1", locked: true });
    const refused: LabelAction[] = [
      { type: "merge", classes: ["part 0", "part 1"], name: null },
      { type: "take", clusters: [1], name: "x" },
      { type: "take", clusters: [2], name: "part 1" },
      { type: "ignore", classes: ["part 1"] },
      { type: "split", class: "part 1", split: { kind: "left-right" } },
      { type: "recut", labels: freshRecipe(5).state, fresh: true },
      { type: "stroke", seed: 0, side: 4, runs: [[0, 1]], clusters: [1], spared: [1] },
    ];
    for (const action of refused) expect(() => edit(held, action)).toThrow("locked");
    const named = edit(held, { type: "name", class: "part 1", name: "hair" });
    expect(edit(named, { type: "merge", classes: ["part 0", "part 2"], name: null }).state.classes).toHaveLength(4);
    const open = edit(held, lock(false));
    expect(open.state).toEqual(freshRecipe(5).state);
    expect(undo(open).state).toEqual(held.state);
    expect(redo(undo(open)).state).toEqual(open.state);
    for (const action of refused.slice(0, 5)) expect(edit(open, action).state).not.toEqual(open.state);
  });

  it("have names on one line, without what is not seen", () => {
    const named = (name: string): string =>
      edited({ type: "name", class: "part 0", name }).state.classes.at(0)?.name ?? "";
    expect(named(" left\u202e\teye\u0000\n\u2066 ")).toBe("left eye");
    expect(named("\ufeffhair\u200b\u001b")).toBe("hair");
    // Persian for "I want", and a family: their joiners are letters.
    for (const name of ["می\u200cخواهم", "👩\u200d👧"]) expect(named(name)).toBe(name);
    expect(() => named("\u202e \u200b")).toThrow("name: expected at least 1 characters, got 0");
    // Another name that looks the same is the same.
    expect(() =>
      edited({ type: "name", class: "0", name: "hair" }, { type: "name", class: "1", name: "ha\u200bir" }),
    ).toThrow("two classes have the same name");
  });

  it("leave at least one class", () => {
    const all = [0, 1, 2, 3, 4].map((c) => `part ${c}`);
    expect(() => edited({ type: "ignore", classes: all })).toThrow("every part would be ignored. Keep at least one");
    expect(edited({ type: "ignore", classes: all.slice(1) }).state.classes).toHaveLength(1);
  });

  it("carry names to another K", () => {
    const named = edited({ type: "name", class: "1", name: "hair" }, { type: "ignore", classes: ["part 2"] });
    const finer = edit(named, { type: "cut", k: 7, from: [0, 1, 1, 2, 3, 4, 2] });
    expect(summary(finer)).toMatchObject({ hair: [1, 2], ignored: [3, 6] });
    expect(summary(edit(finer, { type: "cut", k: 2, from: null }))).toEqual({
      "part 0": [0],
      "part 1": [1],
      ignored: [],
    });
  });

  it.each<[LabelAction, string]>([
    [{ type: "name", class: "hat", name: "x" }, 'no class is called "hat"; there are 0 "part 0", 1 "part 1"'],
    [{ type: "name", class: "0", name: "part 1" }, "two classes have the same name"],
    [
      { type: "name", class: "0", name: " " },
      "invalid labels: classes, entry 1, name: expected at least 1 characters, got 0.",
    ],
    [{ type: "color", class: "0", color: "red" }, "expected a colour #rrggbb"],
    [{ type: "merge", classes: ["0", "part 0"], name: null }, "at least two different classes"],
    [{ type: "take", clusters: [9], name: "x" }, "there is no cluster 9: K = 5"],
    [{ type: "cut", k: 3, from: [0] }, "K = 3 needs 3 origins"],
  ])("refuse %j", (action, message) => {
    expect(() => edited(action)).toThrow(message);
  });

  const anAction = fc.oneof(
    fc.record({
      type: fc.constant("name" as const),
      class: fc.constantFrom("0", "1"),
      name: fc.constantFrom("a", "b"),
    }),
    fc.record({
      type: fc.constant("merge" as const),
      classes: fc.array(fc.constantFrom("0", "1", "2", "3"), { minLength: 2, maxLength: 3 }),
      name: fc.constantFrom(null, "m"),
    }),
    fc.record({ type: fc.constant("ignore" as const), classes: fc.tuple(fc.constantFrom("0", "2")) }),
    fc.record({ type: fc.constant("background" as const), class: fc.constantFrom(null, "1") }),
    fc.record({
      type: fc.constant("take" as const),
      clusters: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
      name: fc.constantFrom("a", "t"),
    }),
    fc.record({
      type: fc.constant("split" as const),
      class: fc.constant("0"),
      split: fc.constant({ kind: "left-right" as const }),
    }),
  );

  it("always leave each cluster in one place, and undo takes exactly one back", () => {
    fc.assert(
      fc.property(fc.array(anAction, { maxLength: 8 }), (actions) => {
        let recipe = freshRecipe(5);
        for (const action of actions) {
          const before = recipe;
          try {
            recipe = edit(recipe, action);
          } catch {
            continue;
          }
          expect(labelState.safeParse(recipe.state).success).toBe(true);
          expect(undo(recipe).state).toEqual(before.state);
          expect(redo(undo(recipe)).state).toEqual(recipe.state);
        }
        expect(replay(recipe.base, recipe.actions)).toEqual(recipe);
      }),
    );
  });

  it("have nothing to undo at the start, and nothing to redo after an edit", () => {
    expect(() => undo(freshRecipe(3))).toThrow("nothing to undo");
    const twice = edited({ type: "name", class: "0", name: "a" }, { type: "name", class: "a", name: "b" });
    const undone = undo(undo(twice));
    expect(summary(redo(undone))).toMatchObject({ a: [0] });
    expect(redo(redo(undone))).toEqual(twice);
    expect(() => redo(edit(undone, { type: "name", class: "1", name: "c" }))).toThrow("nothing to redo");
  });

  it("keep strokes at every K, until labels begin afresh", () => {
    const stroke = { seed: 3, side: 8, runs: [[9, 2]] as [number, number][], clusters: [4] };
    const painted = edited({ type: "name", class: "0", name: "hair" }, { type: "stroke", ...stroke });
    expect(painted.state.strokes).toEqual([stroke]);
    const other = freshRecipe(3).state;
    expect(edit(painted, { type: "recut", labels: other, fresh: false }).state.strokes).toEqual([stroke]);
    expect(edit(painted, { type: "recut", labels: other, fresh: true }).state.strokes).toBeUndefined();
    expect(undo(painted).state.strokes).toBeUndefined();
  });
});

describe("labeller()", () => {
  const pixels = (...rows: string[]): [Uint8Array, number, number] => [
    Uint8Array.from(rows.join(""), Number),
    rows[0].length,
    rows.length,
  ];

  it("gives merged clusters one id, ignored ones and uncertain pixels 255", () => {
    const recipe = edited({ type: "merge", classes: ["0", "3"], name: null }, { type: "ignore", classes: ["part 1"] });
    const { classes, label } = labeller(recipe.state);
    expect(classes.map((c) => c.name)).toEqual(["part 0", "part 2", "part 4"]);
    expect([...label(...pixels("01234")).data]).toEqual([0, 255, 1, 0, 2]);
    expect([...label(...pixels("01234"), (p) => p === 4).data]).toEqual([0, 255, 1, 0, 255]);
  });

  it("splits a class by the side of the picture, about the middle of what is no background", () => {
    const recipe = edited(
      { type: "background", class: "0" },
      { type: "split", class: "part 1", split: { kind: "left-right" } },
    );
    const { classes, label } = labeller(recipe.state);
    expect(classes.map((c) => c.name)).toEqual(["part 0", "part 1 left", "part 1 right", "part 2", "part 3", "part 4"]);
    // The subject is in the left half: its right ear is left of the picture's middle.
    expect([...label(...pixels("1212000000", "0222000000")).data]).toEqual([
      ...[1, 3, 2, 3, 0, 0, 0, 0, 0, 0],
      ...[0, 3, 3, 3, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it("splits a class into its largest areas from left to right, crumbs joining the nearest", () => {
    const recipe = edited({ type: "split", class: "1", split: { kind: "components", count: 2 } });
    const { label } = labeller(recipe.state);
    expect([...label(...pixels("1101001110", "1100000110")).data]).toEqual([
      ...[1, 1, 0, 1, 0, 0, 2, 2, 2, 0],
      ...[1, 1, 0, 0, 0, 0, 0, 2, 2, 0],
    ]);
  });
});

it("idTexts() and names by id count every part of a class that is taken apart", () => {
  let recipe = edit(freshRecipe(4), { type: "split", class: "1", split: { kind: "components", count: 3 } });
  expect(idTexts(recipe.state.classes)).toEqual(["0", "1-3", "4", "5"]);
  expect(labeller(recipe.state).classes.map((c) => c.name)).toEqual([
    "part 0",
    "part 1 1",
    "part 1 2",
    "part 1 3",
    "part 2",
    "part 3",
  ]);
  recipe = edit(recipe, { type: "name", class: "3", name: "ears" });
  recipe = edit(recipe, { type: "name", class: "4", name: "nose" });
  expect(recipe.state.classes.map((c) => c.name)).toEqual(["part 0", "ears", "nose", "part 3"]);
  expect(() => edit(recipe, { type: "ignore", classes: ["6"] })).toThrow('1-3 "ears", 4 "nose", 5 "part 3"');
});

it("edit() refuses parts that would be called like another class, before anything is saved", () => {
  const split = edited({ type: "split", class: "1", split: { kind: "left-right" } });
  expect(() => edit(split, { type: "name", class: "0", name: "part 1 left" })).toThrow(
    "two classes have the same name",
  );
});

it("labelState tells a K or a count of parts out of bounds, and does not count up to it", () => {
  const { state } = freshRecipe(3);
  const [first, ...others] = state.classes;
  const parts = { ...state, classes: [{ ...first, split: { kind: "components", count: 2 ** 31 } }, ...others] };
  for (const [damaged, path] of [
    [{ ...state, k: 2 ** 31 }, ["k"]],
    [parts, ["classes", 0, "split", "count"]],
  ] as const)
    expect(labelState.safeParse(damaged).error?.issues).toMatchObject([{ code: "too_big", path }]);
});
