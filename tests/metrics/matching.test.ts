import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignedMeanIou, imageContingency, matchedMeanIou, meanIou, pooled } from "../../src/metrics/agreement.ts";
import { optimalAssignment } from "../../src/metrics/assignment.ts";

/** All ways to give each of `rows` its own column, by trying. */
function bestSum(gains: number[], rows: number, columns: number): number {
  if (rows > columns) {
    const turned = Array.from({ length: rows * columns }, (_, i) => gains[(i % rows) * columns + Math.floor(i / rows)]);
    return bestSum(turned, columns, rows);
  }
  const from = (row: number, taken: number): number => {
    if (row === rows) return 0;
    let best = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < columns; j++)
      if (!(taken & (1 << j))) best = Math.max(best, gains[row * columns + j] + from(row + 1, taken | (1 << j)));
    return best;
  };
  return from(0, 0);
}

describe("optimalAssignment", () => {
  it("gives up the best cell where the rest gains more, as worked by hand", () => {
    // 10 + 1 against 9 + 8.
    expect([...optimalAssignment([10, 9, 8, 1], 2, 2)]).toEqual([1, 0]);
    expect([...optimalAssignment([3, 5, 4], 3, 1)]).toEqual([-1, 0, -1]);
  });

  it("reaches the greatest sum of all assignments, whatever the shape and signs", () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }));
    const matrices = shape.chain(([rows, columns]) =>
      fc
        .array(fc.integer({ min: -9, max: 9 }), { minLength: rows * columns, maxLength: rows * columns })
        .map((gains) => ({ rows, columns, gains })),
    );
    fc.assert(
      fc.property(matrices, ({ rows, columns, gains }) => {
        const chosen = [...optimalAssignment(gains, rows, columns)];
        const used = chosen.filter((column) => column >= 0);
        expect(used).toHaveLength(Math.min(rows, columns));
        expect(new Set(used).size).toBe(used.length);
        const sum = chosen.reduce((total, column, row) => total + (column < 0 ? 0 : gains[row * columns + column]), 0);
        expect(sum).toBe(bestSum(gains, rows, columns));
      }),
    );
  });

  it("rejects a matrix of another size", () => {
    expect(() => optimalAssignment([1, 2, 3], 2, 2)).toThrow(/expected 4 gains, got 3/);
  });
});

describe("imageContingency", () => {
  it("counts each image by itself and leaves out what is to be ignored", () => {
    const table = imageContingency([0, 255, 1, 1], [0, 1, 0, 1], { pixelsPerImage: 2, ignore: 255 });
    expect(table).toMatchObject({ images: 2, classes: 2, clusters: 2 });
    expect([...table.counts]).toEqual([1, 0, 0, 0, 0, 0, 1, 1]);
    const all = pooled(table);
    expect([...all.counts]).toEqual([1, 0, 1, 1]);
    expect(all.total).toBe(3);
  });
});

describe("assignedMeanIou", () => {
  it("gives each class one cluster only, as worked by hand", () => {
    // Class 0 is split in clusters 0 (2 pixels) and 1 (1 pixel); greedy joins both, an assignment may not.
    const truth = [0, 0, 0, 1, 1];
    const labels = [0, 0, 1, 2, 2];
    expect(matchedMeanIou(truth, labels).mean).toBe(1);
    const assigned = assignedMeanIou(truth, labels);
    expect([...assigned.perClass]).toEqual([2 / 3, 1]);
    expect([...assigned.classOf]).toEqual([0, -1, 1]);
  });

  it("counts a class without a cluster as 0", () => {
    expect([...assignedMeanIou([0, 0, 1], [0, 0, 0]).perClass]).toEqual([2 / 3, 0]);
  });

  it("equals matchedMeanIou where the clusters are the classes, and both are 1", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 30 }), (truth) => {
        const labels = truth.map((label) => [3, 0, 4, 2, 1][label]);
        expect(assignedMeanIou(truth, labels).mean).toBe(1);
        expect(matchedMeanIou(truth, labels).mean).toBe(1);
      }),
    );
  });
});

describe("mean IoU", () => {
  it("per data set pools the pixels before it divides, per image afterwards", () => {
    // Image 0: class 1 has 1 of 4 pixels, found; image 1: 3 pixels, 1 found.
    const table = imageContingency([0, 0, 0, 1, 0, 1, 1, 1], [0, 0, 0, 1, 0, 1, 0, 0], { pixelsPerImage: 4 });
    expect(assignedMeanIou(table).perClass[1]).toBe((1 + 1 / 3) / 2);
    expect(assignedMeanIou(pooled(table)).perClass[1]).toBe(2 / 4);
    expect(matchedMeanIou(pooled(table)).perClass[1]).toBe(2 / 4);
  });

  it("without the background averages the other classes", () => {
    const { mean, perClass } = matchedMeanIou([0, 0, 0, 1, 1], [0, 0, 0, 0, 1]);
    expect(mean).toBe((3 / 4 + 1 / 2) / 2);
    expect(meanIou(perClass, 0)).toBe(1 / 2);
  });

  it("leaves out classes that never occur", () => {
    const { mean, perClass, classOf } = matchedMeanIou([0, 0, 2, 2], [0, 0, 1, 2]);
    expect(mean).toBe(1);
    expect(perClass[1]).toBeNaN();
    expect([...classOf]).toEqual([0, 2, 2]);
    expect(() => matchedMeanIou([], [])).toThrow(/no pixels/);
  });
});
