import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { klishFixture } from "../../bench/fixtures.ts";
import {
  adjustedMutualInfo,
  adjustedRandIndex,
  completeness,
  contingency,
  fowlkesMallows,
  homogeneity,
  matchedMeanIou,
  randIndex,
  vMeasure,
} from "../../src/metrics/agreement.ts";
import { hasShared } from "../shared.ts";

const metrics = {
  adjustedMutualInfo,
  adjustedRandIndex,
  completeness,
  fowlkesMallows,
  homogeneity,
  randIndex,
  vMeasure,
};
const labelling = fc.array(fc.tuple(fc.nat(4), fc.nat(3)), { minLength: 2, maxLength: 40 });

describe("contingency", () => {
  it("counts pairs of labels", () => {
    const table = contingency([0, 0, 1, 2], [1, 1, 0, 1]);
    expect([...table.counts]).toEqual([0, 2, 1, 0, 0, 1]);
    expect([...table.classSizes]).toEqual([2, 1, 1]);
    expect([...table.clusterSizes]).toEqual([1, 3]);
  });

  it("rejects labellings of different length and labels that are no small integers", () => {
    expect(() => contingency([0, 1], [0])).toThrow(/2 true labels against 1/);
    expect(() => contingency([0, 1.5], [0, 0])).toThrow(/label 1.5 of pixel 1/);
    expect(() => contingency([0, 0], [-1, 0])).toThrow(/label -1 of pixel 0/);
  });
});

describe("agreement metrics", () => {
  // Truth {0,0,1,1} against {0,0,1,2}: joint pairs 1, pairs by class 2, by cluster 1, of 6.
  it("randIndex, adjustedRandIndex and fowlkesMallows count pairs as worked by hand", () => {
    expect(randIndex([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(5 / 6, 12);
    expect(adjustedRandIndex([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(4 / 7, 12);
    expect(fowlkesMallows([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it("homogeneity, completeness and vMeasure are entropies' ratios as worked by hand", () => {
    // MI = H(truth) = ln 2; H(clusters) = 1.5 ln 2.
    expect(homogeneity([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(1, 12);
    expect(completeness([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(2 / 3, 12);
    expect(vMeasure([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(0.8, 12);
  });

  it("adjustedMutualInfo subtracts the expectation over random labellings, worked by hand", () => {
    // Sizes (2,2) and (2,1,1): of the 6 ways to place cluster 0, 2 give MI = ln 2, 4 give MI = ln 2 / 2 ... E[MI] = 2/3 ln 2.
    const expected = (2 / 3) * Math.LN2;
    const exact = (Math.LN2 - expected) / (1.25 * Math.LN2 - expected);
    expect(adjustedMutualInfo([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(exact, 12);
  });

  it("are 1 for equal partitions under other names", () => {
    for (const metric of Object.values(metrics)) expect(metric([0, 0, 1, 1, 2], [3, 3, 0, 0, 1])).toBeCloseTo(1, 12);
  });

  it("follow scikit-learn where a labelling is one cluster or all singletons", () => {
    expect(adjustedMutualInfo([0, 0], [0, 0])).toBe(1);
    expect(adjustedRandIndex([0, 0], [0, 0])).toBe(1);
    expect(adjustedRandIndex([0, 1], [0, 1])).toBe(1);
    expect(adjustedRandIndex([0, 0, 0, 0], [0, 1, 2, 3])).toBe(0);
    expect(adjustedMutualInfo([0, 0, 0, 0], [0, 1, 2, 3])).toBeCloseTo(0, 12);
    expect(homogeneity([0, 0, 0], [0, 1, 2])).toBe(1);
    expect(completeness([0, 0, 0], [0, 1, 2])).toBe(0);
    expect(fowlkesMallows([0, 1, 2], [0, 0, 0])).toBe(0);
  });

  it("do not depend on the clusters' names", () => {
    fc.assert(
      fc.property(labelling, (pairs) => {
        const truth = pairs.map(([t]) => t);
        const labels = pairs.map(([, l]) => l);
        const renamed = labels.map((l) => [7, 0, 3, 2][l]);
        for (const metric of Object.values(metrics))
          expect(metric(truth, renamed)).toBeCloseTo(metric(truth, labels), 9);
      }),
    );
  });

  it("are symmetric where they should be, and at most 1", () => {
    fc.assert(
      fc.property(labelling, (pairs) => {
        const truth = pairs.map(([t]) => t);
        const labels = pairs.map(([, l]) => l);
        for (const metric of [adjustedMutualInfo, adjustedRandIndex, randIndex, fowlkesMallows, vMeasure]) {
          expect(metric(truth, labels)).toBeCloseTo(metric(labels, truth), 9);
          expect(metric(truth, labels)).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(homogeneity(truth, labels)).toBeCloseTo(completeness(labels, truth), 12);
      }),
    );
  });

  it("adjustedMutualInfo's expectation equals the mean over all rearrangements", () => {
    const truth = [0, 0, 0, 1, 1, 2];
    const labels = [0, 1, 1, 0, 2, 2];
    const h = (x: number[]) => {
      let sum = 0;
      for (const v of new Set(x)) {
        const p = x.filter((y) => y === v).length / x.length;
        sum -= p * Math.log(p);
      }
      return sum;
    };
    const mi = (x: number[], y: number[]) => h(x) + h(y) - h(x.map((v, i) => v * 10 + y[i]));
    const permutations = (x: number[]): number[][] =>
      x.length < 2 ? [x] : x.flatMap((v, i) => permutations(x.toSpliced(i, 1)).map((rest) => [v, ...rest]));
    const all = permutations(labels).map((order) => mi(truth, order));
    const expected = all.reduce((sum, v) => sum + v, 0) / all.length;
    const exact = (mi(truth, labels) - expected) / ((h(truth) + h(labels)) / 2 - expected);
    expect(adjustedMutualInfo(truth, labels)).toBeCloseTo(exact, 10);
  });
});

describe("matchedMeanIou", () => {
  it("joins clusters to the class that gains most, worked by hand", () => {
    // Class 0 = clusters 0 and 1 exactly; class 1 = cluster 2.
    const result = matchedMeanIou([0, 0, 0, 1, 1], [0, 0, 1, 2, 2]);
    expect(result.mean).toBe(1);
    expect([...result.classOf]).toEqual([0, 0, 1]);
    // Cluster 0 covers 2 of class 0's 3 pixels; the last pixel of class 0 is in cluster 1 with class 1's two.
    const mixed = matchedMeanIou([0, 0, 0, 1, 1], [0, 0, 1, 1, 1]);
    expect([...mixed.perClass]).toEqual([2 / 3, 2 / 3]);
  });

  it("averages a class over the images where it or its clusters occur", () => {
    // Image 0 holds class 0 alone; image 1 classes 0 and 1, of which the cluster of class 1 misses half.
    const result = matchedMeanIou([0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1, 0], 4);
    expect([...result.perClass]).toEqual([(1 + 2 / 3) / 2, 1 / 2]);
  });

  it("rejects labels that do not fill images", () => {
    expect(() => matchedMeanIou([0, 0, 0], [0, 0, 0], 2)).toThrow(RangeError);
  });
});

describe.skipIf(!hasShared)("metrics on reference clusterings", () => {
  it.each(["toy_small", "toyhard_small", "synth_small", "gen_small"])("equal the reference's figures on %s", (name) => {
    const fixture = klishFixture(name);
    const truth = fixture.bytes("truth.u8");
    const pixelsPerImage = fixture.resolution ? fixture.resolution ** 2 : truth.length;
    for (const [k, { exact }] of Object.entries(fixture.oracle.results)) {
      const labels = fixture.bytes(`exact_labels_K${k}.u8`);
      expect(adjustedMutualInfo(truth, labels)).toBeCloseTo(exact.AMI, 9);
      expect(adjustedRandIndex(truth, labels)).toBeCloseTo(exact.ARI, 9);
      expect(matchedMeanIou(truth, labels, pixelsPerImage).mean).toBeCloseTo(exact.MIoU, 9);
    }
  });
});
