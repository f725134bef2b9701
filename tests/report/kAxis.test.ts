import { describe, expect, it } from "vitest";
import { kAtSlider, sliderAt } from "../../web/shared/parts/kAxis.ts";

describe("the slider", () => {
  it("kAtSlider() undoes sliderAt() for every K, up to a thousand", () => {
    const range = { minK: 2, maxK: 1000 };
    for (let k = 2; k <= 1000; k++) expect(kAtSlider(range, sliderAt(range, k))).toBe(k);
    expect([sliderAt(range, 2), sliderAt(range, 1000)]).toEqual([0, 1]);
  });

  it("sliderAt() gives equal room to equal ratios of K", () => {
    const range = { minK: 2, maxK: 32 };
    expect([2, 4, 8, 16, 32].map((k) => sliderAt(range, k))).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  it("stands still where there is but one K", () => {
    expect(sliderAt({ minK: 2, maxK: 2 }, 2)).toBe(0);
    expect(kAtSlider({ minK: 2, maxK: 2 }, 0)).toBe(2);
  });
});
