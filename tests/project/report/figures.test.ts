import { describe, expect, it } from "vitest";
import { cssColor, distinctColors, oklchToRgb, type Rgb } from "../../../src/project/cluster/palette.ts";
import { type ClusterFigures, openingK, suggestStops } from "../../../src/project/report/stops.ts";

const figures = (k: number, lowest: number, largest = 1 / k): ClusterFigures => ({
  k,
  iou: Array.from({ length: k }, (_, i) => (i === 0 ? lowest : 0.95)),
  share: Array.from({ length: k }, (_, i) => (i === 0 ? largest : (1 - largest) / (k - 1))),
});

describe("suggestStops()", () => {
  it("suggests the K whose lowest IoU rises furthest above that of every larger K, the best first", () => {
    const lowest: [number, number][] = [
      [40, 0.1],
      [20, 0.12],
      [18, 0.3],
      [17, 0.2],
      [16, 0.31],
      [10, 0.6],
      [9, 0.5],
      [2, 0.9],
    ];
    expect(suggestStops(lowest.map(([k, iou]) => figures(k, iou)))).toEqual([10, 18]);
  });

  it("suggests neither a K above half of K0, nor K = 2, nor a K at which one cluster holds over 80 % of the pixels", () => {
    expect(
      suggestStops([figures(9, 0.3), figures(5, 0.5), figures(4, 0.6, 0.81), figures(3, 0.61), figures(2, 0.9)]),
    ).toEqual([3]);
    expect(suggestStops([figures(8, 0.5), figures(4, 0.6, 0.9), figures(3, 0.7, 0.9), figures(2, 0.9)])).toEqual([]);
  });
});

describe("openingK()", () => {
  it("is the suggestion nearest to a dozen, or else a dozen as far as the tree allows", () => {
    expect(openingK([48, 19, 5], 2, 100)).toBe(19);
    expect(openingK([], 2, 100)).toBe(12);
    expect(openingK([], 2, 8)).toBe(8);
    expect(openingK([], 30, 100)).toBe(30);
  });
});

describe("palette", () => {
  it("oklchToRgb() gives white, black, sRGB red (Ottosson's figures), and null outside the gamut", () => {
    expect(oklchToRgb(1, 0, 0)).toEqual([255, 255, 255]);
    expect(oklchToRgb(0, 0, 0)).toEqual([0, 0, 0]);
    expect(oklchToRgb(0.62, 0.25, 29)).not.toBeNull();
    const [r, g, b] = oklchToRgb(0.62, 0.25, 29)!;
    expect(r).toBeGreaterThan(240);
    expect(g).toBeLessThan(40);
    expect(b).toBeLessThan(40);
    expect(oklchToRgb(0.62, 0.4, 29)).toBeNull();
  });

  it("distinctColors() gives 128 different colours, and the first ten are far apart", () => {
    const colors = distinctColors(128);
    expect(new Set(colors.map(cssColor)).size).toBe(128);
    const distance = (a: Rgb, b: Rgb): number => Math.hypot(...a.map((v, i) => v - b[i]));
    for (let i = 0; i < 10; i++) for (let j = 0; j < i; j++) expect(distance(colors[i], colors[j])).toBeGreaterThan(50);
  });

  it("distinctColors() of fewer colours is a prefix of that of more", () => {
    expect(distinctColors(40).slice(0, 12)).toEqual(distinctColors(12));
  });
});
