import { describe, expect, it } from "vitest";
import { explainedVariance } from "../../../src/cluster/klish/balance.ts";
import { klish } from "../../../src/cluster/klish/klish.ts";
import { kMeans } from "../../../src/cluster/kmeans/kMeans.ts";
import { explainedByTree } from "../../../src/cluster/tree/treeVariance.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";

describe("explainedByTree", () => {
  it("is R2 of the merged labels at every K, and relative to K-means' where that was run", async () => {
    const { features } = blobs(500, 4, 5, 3, 2);
    const tree = await klish(features, { initialClusters: 12, criterion: "pair", balance: 0 });
    const steps = await explainedByTree(features, tree, tree.initialLabels);
    expect(steps.map(({ k }) => k)).toEqual(tree.steps.map(({ k }) => k));
    for (const { k, r2 } of steps) expect(r2).toBeCloseTo(await explainedVariance(features, tree.labelsAt(k), k), 5);
    // K-means runs at 2, 3, 5, 8 and 12.
    for (const k of [2, 3, 5, 8, 12]) {
      const { labels } = await kMeans(features, { nClusters: k, sampleIterations: 10 });
      const { r2, r2rel } = steps[12 - k];
      expect(r2rel).toBeCloseTo(r2 / (await explainedVariance(features, labels, k)), 3);
    }
  });

  it("is small for a giant beside crumbs, worked by hand", async () => {
    // 0, 0, 4, 4 as {0, 0, 4} and {4}: mean 2; squares 16; between 3 (4/3 - 2)^2 + 4 = 16/3. K-means: everything.
    const features = denseFeatures(tensor([4, 1], Float32Array.of(0, 0, 4, 4)));
    const steps = [{ k: 2, members: Int32Array.of(0, 1), kept: 0, removed: 1 }] as never;
    const [{ r2, r2rel }] = await explainedByTree(features, { initialClusters: 2, steps }, [0, 0, 0, 1]);
    expect(r2).toBeCloseTo(1 / 3, 6);
    expect(r2rel).toBeCloseTo(1 / 3, 6);
  });

  it("refuses labels of other pixels, and counts constant features as explained", async () => {
    const features = denseFeatures(tensor([3, 1], Float32Array.of(2, 2, 2)));
    const steps = [{ k: 2, members: Int32Array.of(0, 1), kept: 0, removed: 1 }] as never;
    await expect(explainedByTree(features, { initialClusters: 2, steps }, [0, 1])).rejects.toThrow(/2 labels of 3 pix/);
    expect(await explainedByTree(features, { initialClusters: 2, steps }, [0, 1, 1])).toEqual([
      { k: 2, r2: 0, r2rel: 1 },
    ]);
  });
});
