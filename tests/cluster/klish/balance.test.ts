import { describe, expect, it } from "vitest";
import { explainedVariance } from "../../../src/cluster/klish/balance.ts";
import { type KlishOptions, klish } from "../../../src/cluster/klish/klish.ts";
import { kMeans } from "../../../src/cluster/kmeans/kMeans.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";

const merges = (tree: MergeTree) => tree.steps.map(({ k, kept, removed }) => [k, kept, removed]);

describe("explainedVariance", () => {
  it("is the share between clusters, as worked by hand", async () => {
    // Mean 3; squares about it 9 + 1 + 1 + 9 = 20; between {0,2} and {4,6}: 4 * 2^2 = 16.
    const features = denseFeatures(tensor([4, 1], Float32Array.of(0, 2, 4, 6)));
    expect(await explainedVariance(features, [0, 0, 1, 1], 2)).toBeCloseTo(16 / 20, 6);
    expect(await explainedVariance(features, [0, 0, 0, 0], 1)).toBeCloseTo(0, 6);
    expect(await explainedVariance(features, [0, 1, 2, 3], 4)).toBeCloseTo(1, 6);
  });
});

describe('klish with balance "auto"', () => {
  const options: KlishOptions = { initialClusters: 24, seed: 1, criterion: "pair" };

  it("gives the tree of the lambda that it chose, and one that explains enough unless that is 1", async () => {
    for (const distance of [0.3, 1, 3]) {
      const { features } = blobs(800, 6, 6, 31, distance);
      const tree = await klish(features, { ...options, balance: "auto" });
      const same = await klish(features, { ...options, balance: tree.balance });
      expect(merges(tree)).toEqual(merges(same));
      const own = await explainedVariance(features, await predict(features, tree.classifierAt(6)), 6);
      const best = await explainedVariance(features, (await kMeans(features, { nClusters: 6, seed: 1 })).labels, 6);
      if (tree.balance < 1) expect(own).toBeGreaterThan(0.65 * best);
    }
  });

  it("continues from its checkpoints to the same tree", async () => {
    const { features } = blobs(800, 6, 6, 31, 1);
    const checkpoints: MergeTree[] = [];
    const whole = await klish(features, { ...options, onCheckpoint: (tree) => void checkpoints.push(tree) });
    for (const resume of [checkpoints[3], checkpoints[checkpoints.length - 2]]) {
      const rest = await klish(features, { ...options, resume });
      expect([rest.balance, merges(rest)]).toEqual([whole.balance, merges(whole)]);
    }
  });

  it("keeps the lambda of a checkpoint, whatever it is", async () => {
    const { features } = blobs(200, 3, 3, 2);
    const resume = await klish(features, { ...options, initialClusters: 6, balance: 0.3, minClusters: 5 });
    expect((await klish(features, { ...options, resume })).balance).toBe(0.3);
  });
});
