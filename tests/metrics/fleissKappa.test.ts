import { expect, it } from "vitest";
import { fleissKappa } from "../../src/metrics/fleissKappa.ts";

it("fleissKappa() gives the figures of a case by hand", () => {
  // Three maps of four places, two classes: n_0 per place is 3, 2, 1, 0.
  const labels = [...[0, 0, 0, 1], ...[0, 0, 1, 1], ...[0, 1, 1, 1]];
  const { kappa, byClass } = fleissKappa(labels, 3, 2);
  // Places agree in 3, 1, 1, 3 of 3 pairs: A = 2/3; both classes have half of all: E = 1/2.
  expect(kappa).toBeCloseTo(1 / 3, 12);
  // 1 - (0 + 2 + 2 + 0) / (4 places * 6 * 1/2 * 1/2) = 1/3, for both.
  expect([...byClass].map((x) => Math.round(x * 1e12) / 1e12)).toEqual([0.333333333333, 0.333333333333]);
});

it("fleissKappa() gives the figures of Fleiss's own kind of table", () => {
  // Wikipedia's worked example: 14 raters, 10 subjects, 5 categories; kappa = 0.210.
  const counts = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
  ];
  const raters = counts.map((row) => row.flatMap((n, c) => new Array<number>(n).fill(c)));
  const labels = Array.from({ length: 14 }, (_, rater) => raters.map((row) => row[rater])).flat();
  expect(fleissKappa(labels, 14, 5).kappa).toBeCloseTo(0.21, 3);
});

it("fleissKappa() is 1 for maps that say only where, near 0 for maps that ignore the place, and NaN for a class that is nowhere", () => {
  const side = 8;
  const quadrant = (n: number): number => 2 * Number(n % side >= side / 2) + Number(n >= (side * side) / 2);
  const where = Array.from({ length: 5 * side * side }, (_, n) => quadrant(n % (side * side)));
  const same = fleissKappa(where, 5, 5);
  expect(same.kappa).toBe(1);
  expect([...same.byClass]).toEqual([1, 1, 1, 1, Number.NaN]);
  // Each map shifted by another amount: every class is at every place as often.
  const shifted = Array.from({ length: 4 * 16 }, (_, n) => (Math.floor(n / 16) + n) % 4);
  expect(fleissKappa(shifted, 4, 4).kappa).toBeCloseTo(-1 / 3, 12);
});

it("fleissKappa() refuses a single map, and labels that are no whole maps", () => {
  expect(() => fleissKappa([0, 1], 1, 2)).toThrow("expected at least two maps of one size, got 2 labels in 1 maps");
  expect(() => fleissKappa([0, 1, 0], 2, 2)).toThrow(RangeError);
});
