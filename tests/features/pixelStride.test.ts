import { describe, expect, it } from "vitest";
import { gridPixels, stratifiedPixels, stridedPixels } from "../../src/features/pixelStride.ts";

/** Image, row and column of pixel n. */
const place = (n: number, resolution: number) => [
  Math.floor(n / resolution ** 2),
  Math.floor(n / resolution) % resolution,
  n % resolution,
];

describe("stridedPixels", () => {
  it("takes one pixel of each cell, the last cells being smaller", () => {
    const index = stridedPixels(2, 7, 3, 5);
    const cells = Array.from(index, (n) => {
      const [image, row, column] = place(n, 7);
      return [image, Math.floor(row / 3), Math.floor(column / 3)].join();
    });
    expect(cells).toHaveLength(2 * 9);
    expect(new Set(cells).size).toBe(2 * 9);
  });
});

describe("stratifiedPixels", () => {
  it.each([
    [4, 16, 4 * 25, 100],
    [4, 16, 4 * 30, 120],
    [3, 10, 1, 3],
    [3, 10, 10_000, 300],
    [5, 9, 5 * 7, 30],
  ])("%i images of %i pixels a side, about %i pixels: %i", (images, resolution, count, expected) => {
    const index = stratifiedPixels(images, resolution, count, 1);
    expect(index).toHaveLength(expected);
    expect(gridPixels(images, resolution, count)).toBe(expected);
    expect([...index]).toEqual([...new Set(index)]);
    // As many of every image, and within 20 % of what was asked for.
    const perImage = new Array<number>(images).fill(0);
    for (const n of index) perImage[place(n, resolution)[0]]++;
    expect(new Set(perImage).size).toBe(1);
    const possible = Math.min(Math.max(count, images), images * resolution ** 2);
    expect(Math.abs(expected / possible - 1)).toBeLessThan(0.2);
  });

  it("takes one pixel of each of nearly equal cells, at a random place", () => {
    const index = stratifiedPixels(50, 10, 50 * 12, 3);
    const places = new Set<string>();
    for (const [i, n] of index.entries()) {
      const [image, row, column] = place(n, 10);
      // 3 rows of 4 columns: bounds 0 3 6 10 and 0 2 5 7 10.
      const cell = [row < 3 ? 0 : row < 6 ? 1 : 2, column < 2 ? 0 : column < 5 ? 1 : column < 7 ? 2 : 3];
      expect([image, ...cell]).toEqual([Math.floor(i / 12), Math.floor((i % 12) / 4), i % 4]);
      places.add(`${row},${column}`);
    }
    expect(places.size).toBe(100);
  });

  it("is the same for a seed, another for another", () => {
    expect(stratifiedPixels(2, 20, 60, 1)).toEqual(stratifiedPixels(2, 20, 60, 1));
    expect(stratifiedPixels(2, 20, 60, 1)).not.toEqual(stratifiedPixels(2, 20, 60, 2));
  });
});
