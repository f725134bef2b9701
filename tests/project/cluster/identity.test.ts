import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import { clusterIndex, labelBorders, parseClusterId } from "../../../src/project/cluster/identity.ts";
import { clusterColors, distinctColors, type Rgb } from "../../../src/project/cluster/palette.ts";
import { handTree } from "../../cluster/tree/handTree.ts";

it("labelBorders() counts the edges between pixels of two clusters, within an image only", () => {
  // Two images of 2 x 3 pixels.
  const initialLabels = Uint16Array.from([...[0, 0, 1], ...[0, 2, 1], ...[1, 1, 1], ...[2, 2, 2]]);
  const borders = labelBorders({ initialLabels, initialClusters: 3 }, 2, 3);
  expect(Array.from({ length: 3 }, (_, a) => [...borders.subarray(3 * a, 3 * a + 3)])).toEqual([
    [0, 1, 2],
    [1, 0, 1 + 3],
    [2, 4, 0],
  ]);
});

describe("clusterColors()", () => {
  const distance = (a: Rgb, b: Rgb): number => Math.hypot(...a.map((v, i) => v - b[i]));

  it("gives the first dozen colours to the dozen that live longest, whatever borders what", () => {
    const k0 = 30;
    // #29 joins #28, #28 joins #27, ...: #0 and #1 survive.
    const steps = Array.from({ length: k0 - 1 }, (_, i) => ({ k: k0 - i, kept: k0 - i - 2, removed: k0 - i - 1 }));
    const hierarchy = hierarchyOf(k0, steps);
    const borders = new Float64Array(k0 * k0).fill(1);
    const dozen = new Set(distinctColors(12).map(String));
    for (const colors of [clusterColors(hierarchy), clusterColors(hierarchy, borders)]) {
      expect(new Set(colors.slice(0, 12).map(String))).toEqual(dozen);
      expect(new Set(colors.map(String)).size).toBe(k0);
    }
  });

  it("gives neighbours colours that are farther apart than their turn would", () => {
    const k0 = 12;
    const steps = Array.from({ length: k0 - 1 }, (_, i) => ({ k: k0 - i, kept: k0 - i - 2, removed: k0 - i - 1 }));
    const hierarchy = hierarchyOf(k0, steps);
    // Pairs 0-1, 2-3, ... share a border; nothing else does, until merged.
    const borders = new Float64Array(k0 * k0);
    for (let a = 0; a < k0; a += 2) borders[a * k0 + a + 1] = borders[(a + 1) * k0 + a] = 100;
    const nearest = (colors: readonly Rgb[]): number =>
      Math.min(...Array.from({ length: k0 / 2 }, (_, i) => distance(colors[2 * i], colors[2 * i + 1])));
    const chosen = clusterColors(hierarchy, borders);
    expect(nearest(chosen)).toBeGreaterThanOrEqual(nearest(distinctColors(k0)));
    expect(nearest(chosen)).toBeGreaterThan(90);
    expect(clusterColors(hierarchy, borders)).toEqual(chosen);
  });

  it("without borders tells a cluster from the one that it merges into", () => {
    const tree = handTree({ sizes: [5, 5, 5, 5] }, [
      [0, 3],
      [1, 2],
    ]);
    const colors = clusterColors(hierarchyOf(4, tree.steps));
    expect(distance(colors[0], colors[3])).toBeGreaterThan(90);
    expect(distance(colors[1], colors[2])).toBeGreaterThan(90);
  });
});

it("parseClusterId() reads 47 and #47", () => {
  expect(["47", "#47", "0", "hair", "#", "4.7", "-1", ""].map(parseClusterId)).toEqual([
    47,
    47,
    0,
    ...Array.from({ length: 5 }, () => undefined),
  ]);
});

it("clusterIndex() finds a cluster by its id, or says what became of it", () => {
  const owners = [0, 0, 2, 5, 2, 5];
  expect([0, 2, 5].map((id) => clusterIndex(owners, id))).toEqual([0, 1, 2]);
  expect(() => clusterIndex(owners, 4)).toThrow("#4 is a part of #2 here: name that one, or take it apart first.");
  expect(() => clusterIndex(owners, 9)).toThrow("there is no cluster #9: the tree has #0 to #5.");
});
