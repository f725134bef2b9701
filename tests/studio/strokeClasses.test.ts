import { describe, expect, it } from "vitest";
import { lockedLabels, strokeClasses, strokeEdit } from "../../web/studio/strokes/strokeClasses.ts";

const classOf = (name: string, parts: number[], maskIds: string) => ({
  ...{ name, parts, maskIds, color: "#101010", named: true, background: false, split: null, locked: name === "eyes" },
  painted: null,
});
const labels = { classes: [classOf("wall", [3], "0"), classOf("eyes", [5, 9], "1-2"), classOf("hair", [7], "3")] };

describe("strokeClasses", () => {
  it("has an entry for every id of masks: the halves of a split class are one class", () => {
    expect(strokeClasses(labels).map(({ name, part }) => [name, part])).toEqual([
      ["wall", 3],
      ["eyes 1", 5],
      ["eyes 2", 5],
      ["hair", 7],
    ]);
    expect(lockedLabels(labels)).toEqual([1, 2]);
  });
});

describe("strokeEdit", () => {
  const points = [
    { x: 4, y: 8, pressure: 0.5 },
    { x: 16, y: 8, pressure: 0.5 },
  ];
  const picture = { seed: 11, side: 16 };

  it("says places and radius as shares of the side, and the class by a cluster of it", () => {
    expect(strokeEdit({ label: 2, radius: 4, points }, strokeClasses(labels), picture)).toEqual({
      ...{ type: "stroke", seed: 11, part: 5, radius: 0.25 },
      points: [
        [0.25, 0.5],
        [1, 0.5],
      ],
    });
  });

  it("leaves what is erased to the classifier, and sends no more places than the server takes, the last among them", () => {
    const many = Array.from({ length: 20_000 }, (_, x) => ({ x, y: 0, pressure: 0.5 }));
    const edit = strokeEdit({ label: 255, radius: 99, points: many }, strokeClasses(labels), { seed: 0, side: 1 });
    if (edit.type !== "stroke") throw new Error("expected a stroke");
    expect([edit.part, edit.radius]).toEqual([null, 1]);
    expect(edit.points.length).toBeLessThanOrEqual(10_000);
    expect(edit.points.at(-1)).toEqual([19_999, 0]);
  });
});
