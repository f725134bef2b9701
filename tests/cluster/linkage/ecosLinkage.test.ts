import { describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import { ecosLinkage } from "../../../src/cluster/linkage/ecosLinkage.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";

describe("ecosLinkage", () => {
  it("joins the classes whose confidence maps are most alike, worked by hand", async () => {
    // The points are the scores: v of the three classes is (1, 1, 0, 0), (1, .5, 0, 0) and (0, 0, 1, 1).
    const features = denseFeatures(tensor([4, 3], Float32Array.of(1, 1, -1, 1, 0, -1, -3, -1, 5, -1, -2, 1)));
    const weight = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const linkage = await ecosLinkage(features, { k: 3, channels: 3, weight, bias: new Float32Array(3) });
    expect([...linkage.namesAt(2)]).toEqual([0, 0, 1]);
    expect([...linkage.namesAt(3)]).toEqual([0, 1, 2]);
    expect([...linkage.namesAt(1, 1)]).toEqual([0, 0, 0]);
    expect(() => linkage.namesAt(4)).toThrow(/1 to the 3 classes/);
    expect(() => linkage.namesAt(2, 2)).toThrow(/lambda must be from 0 to 1/);
  });

  it("takes overlap by chance off: lambda = 1 is correlation", async () => {
    // Class 0 is sure of all pixels but one; it overlaps with both small ones, by chance alone with class 1.
    const v = [1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0, 0, 0];
    const scores = Float32Array.from({ length: 18 }, (_, i) => 2 * v[(i % 3) * 6 + Math.floor(i / 3)] - 1);
    const weight = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const features = denseFeatures(tensor([6, 3], scores));
    const linkage = await ecosLinkage(features, { k: 3, channels: 3, weight, bias: new Float32Array(3) });
    // ECoS: 0-1 2/sqrt(10) = .63, 0-2 1.5/sqrt(3.75) = .77, 1-2 1/sqrt(1.5) = .82.
    expect([...linkage.namesAt(2)]).toEqual([0, 1, 1]);
    expect([...linkage.namesAt(2, 1)]).toEqual([0, 1, 1]);
  });

  it("finds clouds that the start has split, without training a merge", async () => {
    const { features, truth } = blobs(600, 3, 4, 2, 10);
    const start = await klish(features, { initialClusters: 12, minClusters: 12 });
    expect(start.steps).toHaveLength(1);
    const names = (await ecosLinkage(features, start.classifierAt(12))).namesAt(4);
    expect(
      adjustedRandIndex(
        truth,
        start.initialLabels.map((label) => names[label]),
      ),
    ).toBeGreaterThan(0.99);
  });
});
