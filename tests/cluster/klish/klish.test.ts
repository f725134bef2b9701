import { describe, expect, it } from "vitest";
import { klishFixture } from "../../../bench/fixtures.ts";
import { type KlishOptions, klish } from "../../../src/cluster/klish/klish.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { ortBlas } from "../../../src/runtime/node/ortBlas.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";
import { hasShared } from "../../shared.ts";
import { svmReference } from "../svm/svmReference.ts";

const merges = (tree: MergeTree) => tree.steps.map(({ k, kept, removed }) => [k, kept, removed]);

/** The definition, the slow way: every SVM trained anew at every K. */
async function reference(
  features: MergeTree["pixels"] extends number ? ReturnType<typeof denseFeatures> : never,
  start: ArrayLike<number>,
  k0: number,
) {
  let labels = Array.from(start);
  const rows = await features.rows(Int32Array.from({ length: features.pixels }, (_, n) => n));
  const steps: { k: number; kept: number; removed: number; ecos: number; iou: number[] }[] = [];
  for (let k = k0; k >= 2; k--) {
    const iou: number[] = [];
    const maps: number[][] = [];
    for (let c = 0; c < k; c++) {
      const { weight, bias } = await svmReference(features, (n) => labels[n] === c, 5000);
      const scores = labels.map((_, n) => weight.reduce((s, w, d) => s + w * rows[n * weight.length + d], bias));
      const both = scores.filter((s, n) => s > 0 && labels[n] === c).length;
      const either = scores.filter((s, n) => s > 0 || labels[n] === c).length;
      iou.push(both / either);
      maps.push(scores.map((s) => (Math.max(-1, Math.min(1, s)) + 1) / 2));
    }
    const removed = iou.indexOf(Math.min(...iou));
    const dot = (a: number[], b: number[]) => a.reduce((sum, v, n) => sum + v * b[n], 0);
    const ecos = maps.map((map, c) =>
      c === removed ? -1 : dot(map, maps[removed]) / Math.sqrt(dot(map, map) * dot(maps[removed], maps[removed])),
    );
    const kept = ecos.indexOf(Math.max(...ecos));
    steps.push({ k, kept, removed, ecos: ecos[kept], iou });
    const target = kept > removed ? kept - 1 : kept;
    labels = labels.map((label) => (label === removed ? target : label > removed ? label - 1 : label));
  }
  return steps;
}

describe("klish", () => {
  it("makes the merges of the definition, which trains every SVM anew at every K", async () => {
    const { features } = blobs(150, 3, 4, 21, 2);
    const tree = await klish(features, { initialClusters: 7, seed: 3, tolerance: 1e-7 });
    const exact = await reference(features, tree.initialLabels, tree.initialClusters);
    for (const [i, step] of exact.entries()) {
      expect(merges(tree)[i]).toEqual([step.k, step.kept, step.removed]);
      expect(tree.steps[i].ecos).toBeCloseTo(step.ecos, 3);
      for (let c = 0; c < step.k; c++) expect(tree.steps[i].iou[c]).toBeCloseTo(step.iou[c], 6);
    }
  });

  it("finds separated clouds at their number, by merged labels and by its classifiers", async () => {
    const { features, truth } = blobs(600, 4, 3, 11);
    const tree = await klish(features, { initialClusters: 12, seed: 1 });
    expect(tree.steps.map(({ k }) => k)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect(adjustedRandIndex(truth, tree.labelsAt(3))).toBe(1);
    expect(adjustedRandIndex(truth, await predict(features, tree.classifierAt(3)))).toBe(1);
  });

  it("certifies every SVM of every step", async () => {
    const { features } = blobs(400, 3, 4, 5, 1);
    const tree = await klish(features, { initialClusters: 8, tolerance: 1e-4 });
    for (const { gap } of tree.steps) expect(Math.max(...gap)).toBeLessThanOrEqual(1e-4);
  });

  it("keeps sizes, members and the indices of kept clusters in step with the merges", async () => {
    const { features } = blobs(300, 3, 4, 6, 2);
    const { steps, ...tree } = await klish(features, { initialClusters: 8 });
    for (const [i, step] of steps.entries()) {
      const labels = tree.labelsAt(step.k);
      const sizes = new Float64Array(step.k);
      for (const label of labels) sizes[label]++;
      expect([...step.sizes]).toEqual([...sizes]);
      const next = steps[i + 1];
      if (next === undefined) continue;
      const position = step.kept - (step.removed < step.kept ? 1 : 0);
      expect(next.sizes[position]).toBe(step.sizes[step.kept] + step.sizes[step.removed]);
      expect(next.members[position]).toBe(8 + i);
    }
  });

  it("continues from any checkpoint to the same tree, bit for bit", async () => {
    const { features } = blobs(500, 4, 5, 8, 1.5);
    for (const settings of [{}, { criterion: "pair", balance: 1 }] as const) {
      const options: KlishOptions = { initialClusters: 9, seed: 2, ...settings };
      const checkpoints: MergeTree[] = [];
      const whole = await klish(features, { ...options, onCheckpoint: (tree) => void checkpoints.push(tree) });
      expect(checkpoints).toHaveLength(8);
      for (const resume of checkpoints) {
        const rest = await klish(features, { ...options, resume });
        expect(merges(rest)).toEqual(merges(whole));
        expect([...rest.weight]).toEqual([...whole.weight]);
        expect(rest.steps.map(({ iou, ecos }) => [ecos, ...iou])).toEqual(
          whole.steps.map(({ iou, ecos }) => [ecos, ...iou]),
        );
      }
    }
  });

  it("refuses to continue a tree of other features or another criterion", async () => {
    const { features } = blobs(300, 3, 3, 9, 2);
    const resume = await klish(features, { initialClusters: 6, minClusters: 4 });
    await expect(klish(blobs(300, 3, 3, 10, 2).features, { resume })).rejects.toThrow(/does not fit these features/);
    await expect(klish(blobs(299, 3, 3, 9).features, { resume })).rejects.toThrow(/300 pixels and 3 channels/);
    await expect(klish(features, { resume, criterion: "pair" })).rejects.toThrow(/criterion paper/);
  });

  it("stops at minClusters, and where every IoU reaches minIou", async () => {
    const { features } = blobs(600, 4, 3, 11);
    const early = await klish(features, { initialClusters: 8, minClusters: 5 });
    expect(early.steps.at(-1)?.k).toBe(5);
    const separated = await klish(features, { initialClusters: 8, minIou: 0.999 });
    expect(separated.steps.at(-1)?.k).toBe(3);
  });

  it("the pair criterion joins the most similar pair, the smaller into the larger", async () => {
    const { features } = blobs(400, 3, 4, 12, 2);
    const tree = await klish(features, { initialClusters: 8, criterion: "pair", balance: 0.5 });
    expect([tree.criterion, tree.balance]).toEqual(["pair", 0.5]);
    for (const { sizes, kept, removed } of tree.steps) expect(sizes[removed]).toBeLessThanOrEqual(sizes[kept]);
  });

  it("the filter drops start clusters of exceptionally low IoU", async () => {
    const { features } = blobs(600, 2, 3, 11);
    // A cluster scattered over all clouds is not separable.
    const initialLabels = Array.from({ length: 600 }, (_, n) => (n % 7 === 0 ? 3 : n % 3));
    const plain = await klish(features, { initialLabels });
    const filtered = await klish(features, { initialLabels, filter: true });
    expect([plain.initialClusters, filtered.initialClusters]).toEqual([4, 3]);
    expect(Math.min(...filtered.steps[0].iou)).toBeGreaterThan(Math.min(...plain.steps[0].iou));
  });

  it("reports phases and stops with the signal's reason", async () => {
    const { features } = blobs(300, 3, 3, 13, 2);
    const phases = new Set<string>();
    await klish(features, { initialClusters: 6, onProgress: ({ phase }) => phases.add(phase) });
    expect([...phases]).toEqual(["group the pixels", "train classifiers", "merge clusters"]);
    const reason = new Error("stop");
    await expect(klish(features, { initialClusters: 6, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("rejects options and labels that do not fit", async () => {
    const features = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 2, 3)));
    const run = (options: KlishOptions) => klish(features, options);
    await expect(run({ initialClusters: 5 })).rejects.toThrow(/exceeds the 4 pixels/);
    await expect(run({ initialClusters: 1 })).rejects.toThrow(/at least 2, got 1/);
    await expect(run({ initialLabels: [0, 1, 2] })).rejects.toThrow(/4 pixels, got 3/);
    await expect(run({ initialLabels: [0, 1, 2, 1.5] })).rejects.toThrow(/label 1.5 of pixel 3/);
    await expect(run({ initialLabels: [0, 1, 2, -1] })).rejects.toThrow(/label -1 of pixel 3/);
    await expect(run({ initialLabels: [0, 1, 2, 3], initialClusters: 3 })).rejects.toThrow(/label 3 of pixel 3/);
    await expect(run({ minClusters: 1 })).rejects.toThrow(/minClusters/);
    await expect(run({ criterion: "pair", balance: 2 })).rejects.toThrow(/balance/);
    await expect(klish(denseFeatures(tensor([9, 2])), { initialClusters: 3 })).rejects.toThrow(
      /all pixels have the same/,
    );
  });
});

describe.skipIf(!hasShared)("klish against certified references", () => {
  it.each(["toy_small", "toyhard_small", "synth_small"])("makes the merges of the reference on %s", async (name) => {
    const fixture = klishFixture(name);
    const features = fixture.features(ortBlas({ threads: 1 }));
    const initialLabels = fixture.bytes("init_labels.u8");
    const tree = await klish(features, { initialLabels, initialClusters: fixture.k0, tolerance: 1e-5 });
    const { steps, initialObjectivePerClass, initialIoU } = fixture.oracle.exact;
    expect(merges(tree)).toEqual(steps.map(({ K, q, p }) => [K, q, p]));
    for (const [i, { ecos, iouMin, objectiveSum }] of steps.entries()) {
      const step = tree.steps[i];
      expect(step.ecos).toBeCloseTo(ecos, 3);
      expect(Math.abs(step.iou[step.removed] - iouMin)).toBeLessThan(0.01);
      const sum = step.objective.reduce((total, f) => total + f, 0);
      expect(sum / objectiveSum).toBeCloseTo(1, 4);
    }
    for (const [k, f] of initialObjectivePerClass.entries()) expect(tree.steps[0].objective[k] / f).toBeCloseTo(1, 4);
    for (const [k, iou] of initialIoU.entries()) expect(Math.abs(tree.steps[0].iou[k] - iou)).toBeLessThan(0.02);
  });

  it.each(["toy_small", "toyhard_small", "synth_small"])(
    "is within 0.1 % of every optimum at the default tolerance on %s",
    async (name) => {
      const fixture = klishFixture(name);
      const features = fixture.features(ortBlas({ threads: 1 }));
      const initialLabels = fixture.bytes("init_labels.u8");
      const tree = await klish(features, { initialLabels, initialClusters: fixture.k0, minClusters: fixture.k0 });
      for (const [k, f] of fixture.oracle.exact.initialObjectivePerClass.entries())
        expect(tree.steps[0].objective[k] / f).toBeLessThanOrEqual(1.001);
    },
  );
});
