import { describe, expect, it } from "vitest";
import { chosenPixels } from "../../../src/project/teach/teacher.ts";
import {
  paintedPixels,
  redoTeaching,
  type TeachAction,
  taught,
  undoTeaching,
} from "../../../src/project/teach/teaching.ts";

const add = (name: string): TeachAction => ({ type: "add", name, color: "#102030" });
const stroke = (seed: number, of: number | null, ...runs: [number, number][]): TeachAction => ({
  ...{ type: "stroke", seed, class: of, runs },
});
/** A name for each, and pixels as text. */
const said = (...actions: TeachAction[]) => {
  const { classes, labels } = taught(2, actions);
  return [
    classes.map(({ name }) => name).join(),
    ...[...labels].map(([seed, pixels]) => `${seed}: ${pixels.join(" ")}`),
  ];
};

describe("what is taught", () => {
  it("is the last word on each pixel, by the class's place in the list", () => {
    expect(said(add("hair"), add("sky"), stroke(7, 0, [0, 2]), stroke(3, 1, [3, 1]), stroke(7, 1, [1, 2]))).toEqual([
      "hair,sky",
      "3: 255 255 255 1",
      "7: 0 1 1 255",
    ]);
    // The eraser; a picture of which nothing is left is not there; runs that leave the picture end with it.
    expect(said(add("hair"), stroke(7, 0, [0, 4]), stroke(7, null, [1, 99]))).toEqual(["hair", "7: 0 255 255 255"]);
    expect(said(add("hair"), stroke(7, 0, [0, 1]), stroke(7, null, [0, 1]))).toEqual(["hair"]);
  });

  it("forgets a class with its pixels, and the others move up", () => {
    expect(
      said(add("hair"), add("sky"), stroke(0, 0, [0, 1]), stroke(0, 1, [2, 2]), { type: "remove", class: 0 }),
    ).toEqual(["sky", "0: 255 255 0 0"]);
    // An id is not given again.
    expect(said(add("hair"), { type: "remove", class: 0 }, add("sky"), stroke(0, 1, [0, 1]))).toEqual([
      "sky",
      "0: 0 255 255 255",
    ]);
  });

  it("has names once, and no class that is gone", () => {
    expect(() => said(add("hair"), add("hair"))).toThrow('there is a class "hair" already: choose another name.');
    expect(() => said(add("a"), add("b"), { type: "name", class: 1, name: "a" })).toThrow('a class "a" already');
    expect(said(add("a"), add("b"), { type: "name", class: 0, name: "c" }, add("a"))).toEqual(["c,b,a"]);
    expect(() => said(add("hair"), stroke(0, 1, [0, 1]))).toThrow("this class is not there any more.");
  });

  it("is undone and done again", () => {
    const actions = [add("hair"), stroke(0, 0, [0, 1])];
    const back = undoTeaching({ actions, undone: [] });
    expect(back).toEqual({ actions: [actions[0]], undone: [actions[1]] });
    expect(undoTeaching(back)).toEqual({ actions: [], undone: actions });
    expect(redoTeaching(back)).toEqual({ actions, undone: [] });
    expect(() => undoTeaching({ actions: [], undone: [] })).toThrow("there is nothing to undo.");
    expect(() => redoTeaching({ actions, undone: [] })).toThrow("there is nothing to redo.");
  });
});

describe("chosenPixels", () => {
  const teaching = (painted: number) =>
    taught(8, [add("much"), add("little"), add("none"), stroke(5, 0, [0, painted]), stroke(2, 1, [9, 3])]);

  it("takes all where there are few, in the order of seeds and pixels", () => {
    expect(paintedPixels(teaching(2))).toEqual([2, 3, 0]);
    expect(chosenPixels(teaching(2), 100)).toEqual([
      ...[9, 10, 11].map((pixel) => ({ seed: 2, pixel, label: 1 })),
      ...[0, 1].map((pixel) => ({ seed: 5, pixel, label: 0 })),
    ]);
  });

  it("shares the most among the classes that were painted; what was taken stays when more is painted", () => {
    const some = chosenPixels(teaching(40), 20);
    expect(some.filter(({ label }) => label === 0).length).toBe(10);
    expect(some.filter(({ label }) => label === 1).length).toBe(3);
    const more = chosenPixels(teaching(44), 20).map(({ pixel }) => pixel);
    expect(some.filter(({ pixel }) => more.includes(pixel)).length).toBeGreaterThanOrEqual(some.length - 4);
  });
});
