import { describe, expect, it } from "vitest";
import type { Clustering } from "../../src/cluster/clustering.ts";
import { adjustedRandIndex } from "../../src/metrics/agreement.ts";
import { denseFeatures } from "../../src/pixels/denseFeatures.ts";
import type { Pixels } from "../../src/pixels/pixels.ts";
import { predict } from "../../src/pixels/predict.ts";
import type { JobOptions, Progress } from "../../src/tensor/progress.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { blobs } from "../pixels/points.ts";

export type Clusterer = (
  features: Pixels,
  options: JobOptions & { readonly nClusters: number; readonly seed: number },
) => Promise<Clustering>;

/** What every clusterer promises. */
export function clustererContract(name: string, cluster: Clusterer): void {
  describe(`${name} as a clusterer`, () => {
    const { features, truth } = blobs(600, 4, 3, 11);

    it("finds well separated clouds", async () => {
      const { labels } = await cluster(features, { nClusters: 3, seed: 1 });
      expect(adjustedRandIndex(truth, labels)).toBeGreaterThan(0.99);
    });

    it("gives each pixel a label below k, and sizes that count them, largest first", async () => {
      const { k, labels, sizes } = await cluster(features, { nClusters: 5, seed: 2 });
      expect(k).toBe(5);
      expect(labels).toHaveLength(600);
      const counted = new Float64Array(k);
      for (const label of labels) counted[label]++;
      expect([...sizes]).toEqual([...counted]);
      expect([...sizes]).toEqual([...sizes].sort((a, b) => b - a));
    });

    it("is deterministic for a seed", async () => {
      const a = await cluster(features, { nClusters: 5, seed: 3 });
      const b = await cluster(features, { nClusters: 5, seed: 3 });
      expect([...a.labels]).toEqual([...b.labels]);
    });

    it("predicts the clustered pixels' own labels where clouds are separate", async () => {
      const { labels, classifier } = await cluster(features, { nClusters: 3, seed: 4 });
      expect(adjustedRandIndex(labels, await predict(features, classifier))).toBeGreaterThan(0.99);
    });

    it("does not depend on the order of the channels", async () => {
      const rows = await features.rows(Int32Array.from({ length: 600 }, (_, n) => n));
      const reversed = tensor(
        [600, 4],
        rows.map((_, i) => rows[i - (i % 4) + 3 - (i % 4)]),
      );
      const a = await cluster(features, { nClusters: 3, seed: 5 });
      const b = await cluster(denseFeatures(reversed), { nClusters: 3, seed: 5 });
      expect(adjustedRandIndex(a.labels, b.labels)).toBeGreaterThan(0.99);
    });

    it("rejects more clusters than pixels", async () => {
      await expect(cluster(denseFeatures(tensor([3, 2])), { nClusters: 4, seed: 1 })).rejects.toThrow(RangeError);
    });

    it("reports progress up to its total and stops with the signal's reason", async () => {
      const reports: Progress[] = [];
      await cluster(features, { nClusters: 4, seed: 6, onProgress: (progress) => reports.push(progress) });
      expect(reports.length).toBeGreaterThan(0);
      for (const { done, total } of reports) expect(done).toBeLessThanOrEqual(total);
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await expect(cluster(features, { nClusters: 4, seed: 6, signal })).rejects.toBe(reason);
    });
  });
}
