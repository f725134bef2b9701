import { describe, expect, it } from "vitest";
import { cosineKMeans } from "../../src/cluster/kmeans/cosineKMeans.ts";
import { kMeans } from "../../src/cluster/kmeans/kMeans.ts";
import { kasp } from "../../src/cluster/linkage/kasp.ts";
import { adjustedRandIndex } from "../../src/metrics/agreement.ts";
import { denseFeatures } from "../../src/pixels/denseFeatures.ts";
import { predict } from "../../src/pixels/predict.ts";
import { unitFeatures } from "../../src/pixels/unitFeatures.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { blobs } from "../pixels/points.ts";

describe("unitFeatures", () => {
  it("has rows, scores and gradient of the scaled matrix, a zero row staying zero", async () => {
    const points = tensor([3, 2], Float32Array.of(3, 4, 0, 0, 0, -2));
    const scaled = tensor([3, 2], Float32Array.of(0.6, 0.8, 0, 0, 0, -1));
    const unit = await unitFeatures(denseFeatures(points));
    const expected = denseFeatures(scaled);
    const all = Int32Array.of(2, 0, 1);
    expect(await unit.rows(all)).toEqual(await expected.rows(all));
    const weight = Float32Array.of(1, 2, -1, 1);
    const bias = Float32Array.of(0.5, -0.25);
    for (const pixels of [undefined, { start: 1, end: 3 }]) {
      const scores = await unit.scores(weight, bias, undefined, pixels);
      for (const [i, score] of (await expected.scores(weight, bias, undefined, pixels)).entries())
        expect(scores[i]).toBeCloseTo(score, 6);
    }
    const gradient = await unit.gradient(Float32Array.of(1, 2, 3, 4, 5, 6));
    for (const [i, g] of (await expected.gradient(Float32Array.of(1, 2, 3, 4, 5, 6))).entries())
      expect(gradient[i]).toBeCloseTo(g, 5);
  });
});

describe("cosineKMeans", () => {
  it("clusters by direction whatever the length", async () => {
    const random = new RandomState(1);
    const points = tensor([300, 2]);
    const truth = Array.from({ length: 300 }, (_, n) => n % 3);
    for (const [n, c] of truth.entries()) {
      const angle = 2 * c + 0.2 * random.randn();
      const length = 1 + 100 * random.randomSample();
      points.data.set([length * Math.cos(angle), length * Math.sin(angle)], 2 * n);
    }
    const features = denseFeatures(points);
    const found = await cosineKMeans(features, { nClusters: 3, seed: 0 });
    expect(adjustedRandIndex(truth, found.labels)).toBe(1);
    expect(adjustedRandIndex(truth, (await kMeans(features, { nClusters: 3, seed: 0 })).labels)).toBeLessThan(0.9);
    // Its classifier is its own rule, not an approximation.
    expect([...(await predict(features, found.classifier))]).toEqual([...found.labels]);
    for (let c = 0; c < 3; c++) expect(Math.hypot(...found.centroids.subarray(2 * c, 2 * c + 2))).toBeCloseTo(1, 6);
  });

  it("never lowers the mean cosine by iterating", async () => {
    const { features } = blobs(400, 5, 6, 3, 1);
    const rows = await features.rows(Int32Array.from({ length: 400 }, (_, n) => n));
    const meanCosine = async (iterations: number): Promise<number> => {
      const { labels, centroids } = await cosineKMeans(features, { nClusters: 6, seed: 1, iterations });
      let sum = 0;
      for (const [n, label] of labels.entries()) {
        const x = rows.subarray(5 * n, 5 * n + 5);
        const c = centroids.subarray(5 * label, 5 * label + 5);
        sum += x.reduce((total, value, d) => total + value * c[d], 0) / Math.hypot(...x);
      }
      return sum / 400;
    };
    let before = await meanCosine(0);
    for (const iterations of [1, 2, 4]) {
      const now = await meanCosine(iterations);
      expect(now).toBeGreaterThanOrEqual(before - 1e-7);
      before = now;
    }
  });
});

describe("kasp", () => {
  it("finds two rings, which no linear rule separates", async () => {
    const random = new RandomState(2);
    const points = tensor([600, 2]);
    const truth = Array.from({ length: 600 }, (_, n) => n % 2);
    for (const [n, ring] of truth.entries()) {
      const angle = 2 * Math.PI * random.randomSample();
      const radius = (ring === 0 ? 1 : 3) + 0.1 * random.randn();
      points.data.set([radius * Math.cos(angle), radius * Math.sin(angle)], 2 * n);
    }
    const features = denseFeatures(points);
    const { labels } = await kasp(features, { nClusters: 2, seed: 0, nCentroids: 80 });
    expect(adjustedRandIndex(truth, labels)).toBe(1);
  });

  it("takes fewer distinct points than centroids, and rejects more clusters than centroids", async () => {
    const points = tensor(
      [40, 1],
      Float32Array.from({ length: 40 }, (_, n) => n % 4),
    );
    const features = denseFeatures(points);
    const { sizes } = await kasp(features, { nClusters: 2, nCentroids: 30 });
    expect(sizes[0] + sizes[1]).toBe(40);
    await expect(kasp(features, { nClusters: 9, nCentroids: 8 })).rejects.toThrow(/1 to the 8 centroids/);
  });
});
