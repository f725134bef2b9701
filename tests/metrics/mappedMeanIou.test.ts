import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { imageContingency } from "../../src/metrics/contingency.ts";
import { imagesOf, mappedMeanIou, withoutClass } from "../../src/metrics/mappedMeanIou.ts";
import { matchedMeanIou } from "../../src/metrics/matchedMeanIou.ts";

/** Two images of four pixels; classes 0 (background), 1, 2; clusters 0, 1, 2, 3. */
const truth = [0, 0, 1, 1, 0, 2, 2, 2];
const labels = [0, 1, 1, 2, 0, 3, 3, 0];
const table = imageContingency(truth, labels, { pixelsPerImage: 4 });
/** Clusters 1 and 2 are class 1. */
const classOf = [0, 1, 1, 2];

describe("mappedMeanIou()", () => {
  it("is per image first, then per class, then over classes", () => {
    // Image 0: class 0 has 1 of 2, class 1 has 2 of 3. Image 1: class 0 has 1 of 2, class 2 has 2 of 3.
    const { perClass, mean, perImage } = mappedMeanIou(table, classOf);
    expect([...perClass]).toEqual([0.5, 2 / 3, 2 / 3].map((x) => expect.closeTo(x, 12)));
    expect(mean).toBeCloseTo((0.5 + 2 / 3 + 2 / 3) / 3, 12);
    expect([...perImage]).toEqual([7 / 12, 7 / 12].map((x) => expect.closeTo(x, 12)));
  });

  it("leaves out classes that the truth never has, and clusters that stand for none", () => {
    // Class 2 stands in no image of the first one; cluster 1 stands for nothing, so class 1 has 1 of 2.
    const { perClass } = mappedMeanIou(imagesOf(table, 0, 1), [0, -1, 1, 2]);
    expect([...perClass]).toEqual([0.5, 0.5, Number.NaN].map((x) => (Number.isNaN(x) ? x : expect.closeTo(x, 12))));
  });

  it("withoutClass() forgives what spills into a class", () => {
    // Without the background's pixels class 1 has 2 of 2 in image 0; class 2 has 2 of 3 still.
    const { perClass, mean } = mappedMeanIou(withoutClass(table, 0), classOf);
    expect([...perClass]).toEqual([Number.NaN, 1, expect.closeTo(2 / 3, 12)]);
    expect(mean).toBeCloseTo(5 / 6, 12);
  });

  it("equals matchedMeanIou() under the matching that this one finds", () => {
    const image = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 6,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), (images) => {
        const pixels = images.flat();
        const tables = imageContingency(
          pixels.map(([g]) => g),
          pixels.map(([, c]) => c),
          { pixelsPerImage: 6 },
        );
        const matched = matchedMeanIou(tables);
        const mapped = mappedMeanIou(tables, matched.classOf);
        expect(mapped.mean).toBeCloseTo(matched.mean, 10);
      }),
    );
  });
});
