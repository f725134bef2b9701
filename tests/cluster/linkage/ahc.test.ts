import { describe, expect, it } from "vitest";
import { klishFixture } from "../../../bench/fixtures.ts";
import { ahc } from "../../../src/cluster/linkage/ahc.ts";
import { cutTree, linkageTree, pairIndex } from "../../../src/cluster/linkage/linkage.ts";
import { adjustedRandIndex, contingency } from "../../../src/metrics/agreement.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { ortBlas } from "../../../src/runtime/node/ortBlas.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";
import { hasShared } from "../../shared.ts";

/** The definition: always join the two clusters whose distance, computed anew from their members, is least. */
function agglomerate(points: number[][], k: number, distance: (a: number[][], b: number[][]) => number): number[] {
  let clusters = points.map((_, i) => [i]);
  while (clusters.length > k) {
    let best = { i: 0, j: 1, d: Number.POSITIVE_INFINITY };
    for (let i = 0; i < clusters.length; i++)
      for (let j = i + 1; j < clusters.length; j++) {
        const d = distance(
          clusters[i].map((n) => points[n]),
          clusters[j].map((n) => points[n]),
        );
        if (d < best.d) best = { i, j, d };
      }
    const { i, j } = best;
    clusters = [...clusters.filter((_, c) => c !== i && c !== j), [...clusters[i], ...clusters[j]]];
  }
  return points.map((_, n) => clusters.findIndex((members) => members.includes(n)));
}

const mean = (points: number[][]) => points[0].map((_, d) => points.reduce((sum, p) => sum + p[d], 0) / points.length);
const squared = (a: number[], b: number[]) => a.reduce((sum, x, d) => sum + (x - b[d]) ** 2, 0);
const cosine = (a: number[], b: number[]) =>
  1 - a.reduce((sum, x, d) => sum + x * b[d], 0) / (Math.hypot(...a) * Math.hypot(...b));
const average = (metric: (a: number[], b: number[]) => number) => (a: number[][], b: number[][]) => {
  let sum = 0;
  for (const x of a) for (const y of b) sum += metric(x, y);
  return sum / (a.length * b.length);
};
/** Growth of the sum of squared distances to the mean. */
const ward = (a: number[][], b: number[][]) =>
  ((a.length * b.length) / (a.length + b.length)) * squared(mean(a), mean(b));

describe("linkageTree and cutTree", () => {
  it("join the nearest first, as worked by hand", () => {
    // Points 0, 1, 3, 7 on a line, average linkage: {0,1} at 1, {0,1,3} at 2.5, all at (7+6+4)/3.
    const points = [0, 1, 3, 7];
    const distances = new Float32Array(6);
    for (let i = 0; i < 4; i++) for (let j = 0; j < i; j++) distances[pairIndex(i, j)] = points[i] - points[j];
    const unions = linkageTree(distances, 4, "average");
    expect(unions.map(({ height }) => height)).toEqual([1, 2.5, Math.fround(17 / 3)]);
    expect([...cutTree(unions, 4, 2)]).toEqual([0, 0, 0, 1]);
    expect([...cutTree(unions, 4, 4)]).toEqual([0, 1, 2, 3]);
  });
});

describe("ahc", () => {
  const cases = [
    ["ward", "euclidean", ward],
    ["average", "euclidean", average((a, b) => Math.sqrt(squared(a, b)))],
    ["average", "cosine", average(cosine)],
  ] as const;

  it.each(cases)("%s linkage of %s distances equals the definition", async (linkage, metric, distance) => {
    const random = new RandomState(7);
    const points = Array.from({ length: 60 }, () => [random.randn() + 1, random.randn(), random.randn()]);
    const features = denseFeatures(tensor([60, 3], Float32Array.from(points.flat())));
    for (const nClusters of [2, 5, 20]) {
      const { labels } = await ahc(features, { nClusters, linkage, metric });
      expect(adjustedRandIndex(agglomerate(points, nClusters, distance), labels)).toBe(1);
    }
  });

  it("clusters a sample and labels all pixels by a linear classifier where pixels are many", async () => {
    const { features, truth } = blobs(900, 4, 3, 11);
    const { labels } = await ahc(features, { nClusters: 3, sample: 200 });
    expect(adjustedRandIndex(truth, labels)).toBe(1);
  });

  it("rejects Ward linkage of cosine distances, and more clusters than sampled pixels", async () => {
    const { features } = blobs(50, 2, 2, 1);
    await expect(ahc(features, { nClusters: 2, metric: "cosine" })).rejects.toThrow(/Ward linkage needs/);
    await expect(ahc(features, { nClusters: 12, sample: 10 })).rejects.toThrow(/1 to the 10 pixels/);
  });

  it.skipIf(!hasShared)("equals SciPy's Ward clusters on toy_small", async () => {
    const fixture = klishFixture("toy_small");
    const features = fixture.features(ortBlas({ threads: 1 }));
    const { labels } = await ahc(features, { nClusters: 3 });
    // scipy.cluster.hierarchy.fcluster(linkage(points, "ward"), 3, "maxclust") against the truth.
    expect([...contingency(labels, fixture.bytes("truth.u8")).counts]).toEqual([507, 0, 599, 692, 0, 0, 1, 400, 1]);
  });
});
