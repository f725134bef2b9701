import { describe, expect, it } from "vitest";
import { klishFixture } from "../../../bench/fixtures.ts";
import { type KMeansProgress, kMeans } from "../../../src/cluster/kmeans/kMeans.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { ortBlas } from "../../../src/runtime/node/ortBlas.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";
import { hasShared } from "../../shared.ts";

describe("kMeans", () => {
  it("finds separated clouds, numbered by size", async () => {
    const points = [0, 0.1, 0.2, 10, 10.1, 20];
    const features = denseFeatures(tensor([6, 1], Float32Array.from(points)));
    const result = await kMeans(features, { nClusters: 3, seed: 1 });
    expect([...result.labels]).toEqual([0, 0, 0, 1, 1, 2]);
    expect([...result.sizes]).toEqual([3, 2, 1]);
    expect(result.centroids[0]).toBeCloseTo(0.1, 5);
    expect(result.inertia).toBeCloseTo(0.01 + 0.01 + 2 * 0.05 ** 2, 3);
  });

  it("labels every pixel with its nearest centroid and reports the squared distances to them", async () => {
    const { features } = blobs(500, 5, 7, 3, 2);
    const { centroids, labels, inertia, sizes } = await kMeans(features, { nClusters: 6, seed: 4 });
    const rows = await features.rows(Int32Array.from({ length: 500 }, (_, n) => n));
    let total = 0;
    for (let n = 0; n < 500; n++) {
      const distances = Array.from({ length: 6 }, (_, c) => {
        let sum = 0;
        for (let d = 0; d < 5; d++) sum += (rows[n * 5 + d] - centroids[c * 5 + d]) ** 2;
        return sum;
      });
      const least = Math.min(...distances);
      expect(distances[labels[n]]).toBeCloseTo(least, 3);
      total += least;
    }
    expect(inertia / total).toBeCloseTo(1, 4);
    expect([...sizes]).toEqual([...sizes].sort((a, b) => b - a));
  });

  it("is right about a large common offset", async () => {
    const { features, truth } = blobs(300, 3, 3, 5);
    const data = (await features.rows(Int32Array.from({ length: 300 }, (_, n) => n))).map((x) => x + 2000);
    const moved = denseFeatures(tensor([300, 3], data));
    const { labels } = await kMeans(moved, { nClusters: 3, seed: 1 });
    expect(adjustedRandIndex(truth, labels)).toBe(1);
  });

  it("keeps the centroid of a cluster that gets no pixels, and numbers it last", async () => {
    const features = denseFeatures(tensor([4, 1], Float32Array.of(0, 0, 1, 1)));
    const initialCentroids = Float32Array.of(500, 0, 1);
    const { sizes, centroids } = await kMeans(features, { nClusters: 3, initialCentroids });
    expect([...sizes]).toEqual([2, 2, 0]);
    expect(centroids[2]).toBeCloseTo(500, 3);
  });

  it("continues from any iteration to the result of an uninterrupted run", async () => {
    const { features } = blobs(400, 4, 6, 1, 5);
    const options = { nClusters: 6, seed: 2, sampleSize: 60, iterations: 2 };
    const states: KMeansProgress[] = [];
    const whole = await kMeans(features, {
      ...options,
      onIteration: (state) => void states.push({ ...state, centroids: state.centroids.slice() }),
    });
    expect(states.map((state) => state.iterations)).toEqual([0, 1, 2]);
    for (const resume of states) {
      const { labels, centroids, inertia } = await kMeans(features, { ...options, resume });
      expect({ labels, centroids, inertia }).toEqual({
        labels: whole.labels,
        centroids: whole.centroids,
        inertia: whole.inertia,
      });
    }
  });

  it("survives pixels that are all the same", async () => {
    const { sizes, inertia } = await kMeans(denseFeatures(tensor([10, 2])), { nClusters: 3 });
    expect([...sizes]).toEqual([10, 0, 0]);
    expect(inertia).toBe(0);
  });

  it("rejects numbers of clusters that cannot be", async () => {
    const features = denseFeatures(tensor([3, 1]));
    for (const nClusters of [0, 1.5, 4, Number.NaN])
      await expect(kMeans(features, { nClusters })).rejects.toThrow(
        /nClusters must be an integer from 1 to the 3 pixels/,
      );
  });

  it.skipIf(!hasShared)("assigns pixels as a reference does from its centroids", async () => {
    const fixture = klishFixture("synth_small");
    const features = fixture.features(ortBlas({ threads: 1 }));
    const weight = fixture.floats("kmeans_centroids.f32");
    const { channels } = fixture;
    const bias = Float32Array.from({ length: fixture.k0 }, (_, k) => {
      let sum = 0;
      for (let d = 0; d < channels; d++) sum -= weight[k * channels + d] ** 2 / 2;
      return sum;
    });
    const labels = await predict(features, { k: fixture.k0, channels, weight, bias });
    const exact = fixture.bytes("init_labels.u8");
    // The reference's centroids are not in its clusters' order.
    expect(adjustedRandIndex(exact, labels)).toBeGreaterThan(0.9999);
  });
});
