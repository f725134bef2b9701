import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import { linearSvm } from "../../../src/cluster/svm/linearSvm.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { mergeTreeFromData, mergeTreeToData } from "../../../src/cluster/tree/mergeTreeData.ts";
import {
  cutClassifier,
  cutLabels,
  cutTreeAt,
  lockCluster,
  mergeClusters,
  mergeKey,
  nameCluster,
  recut,
  splitCluster,
  type TreeCut,
  treeOnPixels,
  treeThrough,
} from "../../../src/cluster/tree/treeCut.ts";
import {
  applyTreeEdit,
  replayTreeEdits,
  type TreeEdit,
  transferTreeEdits,
} from "../../../src/cluster/tree/treeEdits.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import type { Pixels } from "../../../src/pixels/pixels.ts";
import { blobs } from "../../pixels/points.ts";
import { handTree } from "./handTree.ts";

let features: Pixels;
let tree: MergeTree;
beforeAll(async () => {
  ({ features } = blobs(600, 3, 6, 7, 3));
  tree = await klish(features, { initialClusters: 12, seed: 0, criterion: "pair", balance: 0 });
});

/** Every start cluster once. */
const holdsAll = (cut: TreeCut): void => {
  const members = cut.clusters.flatMap(({ node }) => node.members).sort((a, b) => a - b);
  expect(members).toEqual(Array.from({ length: cut.tree.initialClusters }, (_, i) => i));
};

describe("cutTreeAt", () => {
  it("has the labels and the classifiers of the tree at every K, in its order", () => {
    for (const { k } of tree.steps) {
      const cut = cutTreeAt(tree, k);
      expect([...cutLabels(cut)]).toEqual([...tree.labelsAt(k)]);
      expect(cutClassifier(cut)).toEqual(tree.classifierAt(k));
    }
    expect(() => cutTreeAt(tree, 99)).toThrow(/no K = 99/);
  });
});

describe("splitCluster", () => {
  it("undoes the tree's merges: splitting what was merged last gives the cut of one K more", () => {
    for (const { k } of tree.steps.slice(1)) {
      const { kept, removed } = tree.steps[tree.initialClusters - k - 1];
      const merged = kept > removed ? kept - 1 : kept;
      const split = splitCluster(cutTreeAt(tree, k), merged);
      expect([...cutLabels(split)]).toEqual([...tree.labelsAt(k + 1)]);
      expect(cutClassifier(split)).toEqual(tree.classifierAt(k + 1));
    }
  });

  it("refuses start clusters, locked clusters and those that are not there", () => {
    const all = cutTreeAt(tree, 12);
    expect(() => splitCluster(all, 3)).toThrow(/#3 is one of the start clusters/);
    expect(() => splitCluster(all, 12)).toThrow(/no cluster 12: the cut has 12, 0 to 11/);
    expect(() => splitCluster(lockCluster(cutTreeAt(tree, 2), 0), 0)).toThrow(/#\d+ is locked/);
    expect(splitCluster(lockCluster(lockCluster(cutTreeAt(tree, 2), 0), 0, false), 0).clusters).toHaveLength(3);
  });
});

describe("mergeClusters", () => {
  it("takes a merge of the tree from the tree", async () => {
    const { kept, removed } = tree.steps[4];
    const merged = await mergeClusters(features, cutTreeAt(tree, 8), kept, removed);
    expect([...cutLabels(merged)]).toEqual([...tree.labelsAt(7)]);
    expect(cutClassifier(merged)).toEqual(tree.classifierAt(7));
  });

  it("trains the SVM that a training of all would give, and leaves the others", async () => {
    const before = cutTreeAt(tree, 6);
    const { kept, removed } = tree.steps[6];
    const [a, b] = [0, 1, 2, 3, 4, 5]
      .flatMap((i) => [0, 1, 2, 3, 4, 5].map((j) => [i, j] as const))
      .find(([i, j]) => i < j && !(new Set([i, j, kept, removed]).size === 2))!;
    const cut = await mergeClusters(features, before, a, b, { tolerance: 1e-5 });
    expect(cut.clusters).toHaveLength(5);
    const labels = cutLabels(cut);
    const all = await linearSvm(features, { labels, nClasses: 5, tolerance: 1e-5 });
    const { node } = cut.clusters[a];
    expect(node.parts).not.toBeNull();
    expect(Math.abs(node.objective / all.objective[a] - 1)).toBeLessThan(1e-4);
    expect(node.gap).toBeLessThanOrEqual(1e-5);
    expect(node.size).toBe(labels.filter((label) => label === a).length);
    // Undone by a split.
    const back = splitCluster(cut, a);
    expect(cutClassifier(back)).toEqual(cutClassifier(before));
  });

  it("remembers what it trained, and goes on under the first one's name", async () => {
    const trained = new Map();
    const before = nameCluster(cutTreeAt(tree, 6), 1, "hair");
    const cut = await mergeClusters(features, before, 4, 1, { trained });
    const [key] = trained.keys();
    const merged = cut.clusters.find(({ node }) => mergeKey(node.members) === key)!;
    expect(merged.name).toBe("hair");
    // Other features would give another SVM: nothing is trained.
    const other = blobs(600, 3, 6, 99).features;
    expect(await mergeClusters(other, before, 4, 1, { trained })).toEqual(cut);
    expect(nameCluster(before, 1, "").clusters[1]).toEqual(cutTreeAt(tree, 6).clusters[1]);
  });

  it("refuses a cluster with itself, locked ones, the last two, and other features", async () => {
    const cut = cutTreeAt(tree, 4);
    await expect(mergeClusters(features, cut, 1, 1)).rejects.toThrow(/with itself/);
    await expect(mergeClusters(features, lockCluster(cut, 2), 1, 2)).rejects.toThrow(/#\d+ is locked/);
    await expect(mergeClusters(features, cutTreeAt(tree, 2), 0, 1)).rejects.toThrow(/last two/);
    await expect(mergeClusters(blobs(10, 3, 2, 1).features, cut, 0, 1)).rejects.toThrow(/600 pixels/);
  });
});

describe("clusters joined in another order", () => {
  it("are the tree's own cluster where their pixels are", async () => {
    const whole = cutTreeAt(tree, 2);
    let cut = splitCluster(
      whole,
      whole.clusters.findIndex(({ node }) => node.members.length > 2),
    );
    const grown = cut.clusters.findIndex(({ node }) => node.members.length > 1);
    cut = splitCluster(cut, grown);
    // Join back from the wrong side: the last two of the four first, then on.
    while (cut.clusters.length > 2) cut = await mergeClusters(features, cut, cut.clusters.length - 1, 0);
    holdsAll(cut);
    const through = mergeTreeFromData(mergeTreeToData(treeThrough(cut)));
    expect([...through.labelsAt(2)]).toEqual([...cutLabels(cut)]);
  });
});

describe("treeOnPixels", () => {
  it("is the same tree over other pixels: labels and sizes are theirs", () => {
    const some = Array.from({ length: 200 }, (_, n) => 3 * n);
    const small = treeOnPixels(
      tree,
      some.map((n) => tree.initialLabels[n]),
    );
    for (const { k, sizes } of small.steps) {
      const labels = tree.labelsAt(k);
      expect([...small.labelsAt(k)]).toEqual(some.map((n) => labels[n]));
      expect([...sizes]).toEqual(Array.from({ length: k }, (_, c) => some.filter((n) => labels[n] === c).length));
      expect(small.classifierAt(k)).toEqual(tree.classifierAt(k));
    }
    expect(() => treeOnPixels(tree, [12])).toThrow(RangeError);
  });
});

describe("recut", () => {
  it("is the tree's cut where nothing is locked", () => {
    expect(recut(cutTreeAt(tree, 9), 4)).toEqual(cutTreeAt(tree, 4));
  });

  it("keeps locked clusters, and cuts the rest around them", () => {
    const locked = lockCluster(cutTreeAt(tree, 9), 2);
    const { node } = locked.clusters[2];
    for (const k of [12, 6, 3, 2]) {
      const cut = recut(locked, k);
      holdsAll(cut);
      expect(cut.clusters.filter((cluster) => cluster.locked).map((cluster) => cluster.node)).toEqual([node]);
      for (const { node: rest, locked: isLocked } of cut.clusters)
        if (!isLocked) expect(rest.members.some((member) => node.members.includes(member))).toBe(false);
    }
  });
});

describe("treeThrough", () => {
  it("is a whole merge tree that ends at the cut, after any edits", async () => {
    const step = fc.tuple(fc.constantFrom("split", "merge", "lock", "cut"), fc.nat(20), fc.nat(20));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3, max: 10 }), fc.array(step, { maxLength: 8 }), async (k, steps) => {
        let cut = cutTreeAt(tree, k);
        for (const [type, a, b] of steps) {
          const i = a % cut.clusters.length;
          const edit: TreeEdit =
            type === "split"
              ? { type, cluster: i }
              : type === "merge"
                ? { type, clusters: [i, b % cut.clusters.length] }
                : type === "lock"
                  ? { type, cluster: i, locked: b % 2 === 0 }
                  : { type: "cut", k: 2 + (b % 10) };
          try {
            cut = await applyTreeEdit(features, cut, edit);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
        holdsAll(cut);
        const through = treeThrough(cut);
        const stored = mergeTreeFromData(mergeTreeToData(through));
        const last = cut.clusters.length;
        expect(stored.steps.at(-1)?.k).toBe(last);
        expect([...stored.labelsAt(last)]).toEqual([...cutLabels(cut)]);
        expect(stored.classifierAt(last)).toEqual(cutClassifier(cut));
      }),
      { numRuns: 60 },
    );
  });
});

describe("treeEdits", () => {
  const edits: TreeEdit[] = [
    { type: "split", cluster: 0 },
    { type: "merge", clusters: [1, 3] },
    { type: "lock", cluster: 1, locked: true },
    { type: "cut", k: 4 },
  ];

  it("replay to the same cut, and undo is a replay without the last", async () => {
    const recipe = { k: 5, edits };
    const cut = await replayTreeEdits(features, tree, recipe);
    const stored = JSON.parse(JSON.stringify(recipe));
    expect(cutClassifier(await replayTreeEdits(features, tree, stored))).toEqual(cutClassifier(cut));
    const undone = await replayTreeEdits(features, tree, { k: 5, edits: edits.slice(0, -1) });
    expect(recut(undone, 4)).toEqual(cut);
  });

  it("transfer to the same tree unchanged", async () => {
    const { recipe, cut, skipped } = await transferTreeEdits(features, tree, { k: 5, edits }, tree);
    expect(recipe).toEqual({ k: 5, edits });
    expect(skipped).toEqual([]);
    expect(cut).toEqual(await replayTreeEdits(features, tree, { k: 5, edits }));
  });

  describe("transfer to the tree of another seed", () => {
    const apart = blobs(600, 3, 6, 7, 12);
    const merge: TreeEdit = { type: "merge", clusters: [0, 3] };
    let trees: MergeTree[];
    beforeAll(async () => {
      // The same clouds under other names, one pixel in twenty astray.
      const renamed = apart.truth.map((label, n) => (n % 20 === 0 ? 0 : 5 - label));
      trees = await Promise.all(
        [apart.truth, renamed].map((initialLabels) =>
          klish(apart.features, { initialLabels, criterion: "pair", balance: 0 }),
        ),
      );
    });

    it("finds clusters by the overlap of their pixels", async () => {
      const [tree, other] = trees;
      expect(adjustedRandIndex(tree.labelsAt(6), other.labelsAt(6))).toBeGreaterThan(0.8);
      expect([...tree.labelsAt(6)]).not.toEqual([...other.labelsAt(6)]);
      const here = await replayTreeEdits(apart.features, tree, { k: 6, edits: [merge] });
      const { recipe, cut, skipped } = await transferTreeEdits(apart.features, tree, { k: 6, edits: [merge] }, other);
      expect(skipped).toEqual([]);
      expect(recipe.edits).toEqual([{ type: "merge", clusters: [5, 2] }]);
      expect(adjustedRandIndex(cutLabels(here), cutLabels(cut))).toBeGreaterThan(0.8);
    });

    it("leaves out what has no counterpart or cannot be done there, and says so", async () => {
      const [tree, other] = trees;
      const { recipe, skipped } = await transferTreeEdits(apart.features, tree, { k: 6, edits: [merge] }, other, {
        minIou: 1.1,
      });
      expect(recipe.edits).toEqual([]);
      expect(skipped[0].reason).toMatch(/has no counterpart: the most like it has an IoU of/);
      // A tree that begins where the other one is cut: nothing in it can be split.
      const coarse = await klish(apart.features, { initialLabels: tree.labelsAt(3) });
      const splittable = cutTreeAt(tree, 3).clusters.findIndex(({ node }) => node.parts !== null);
      const split: TreeEdit = { type: "split", cluster: splittable };
      const refused = await transferTreeEdits(apart.features, tree, { k: 3, edits: [split] }, coarse);
      expect(refused.skipped).toEqual([{ edit: split, reason: expect.stringMatching(/one of the start clusters/) }]);
    });
  });

  it("transfer needs trees of the same pixels", async () => {
    const small = blobs(60, 3, 4, 1).features;
    const shorter = await klish(small, { initialClusters: 4, seed: 0 });
    await expect(transferTreeEdits(features, tree, { k: 5, edits }, shorter)).rejects.toThrow(/600 and 60 pixels/);
  });
});

describe("names of clusters", () => {
  /** Wall 40, hair 20, fringe 10, skin 16, mouth 4, clothes 10: mouth joins skin, fringe hair, clothes the wall, skin hair. */
  const hand = handTree({ sizes: [40, 20, 10, 16, 4, 10] }, [
    [3, 4],
    [1, 2],
    [0, 5],
    [1, 3],
  ]);
  const names = (cut: TreeCut): Record<number, string | undefined> =>
    Object.fromEntries(cut.clusters.map(({ node, name }) => [node.name, name]));
  const all = ["wall", "hair", "fringe", "skin", "mouth", "clothes"].reduce(
    (cut, name, c) => nameCluster(cut, c, name),
    cutTreeAt(hand, 6),
  );

  it("are those of most pixels at a coarser cut, and come back at a finer one", () => {
    const coarse = recut(all, 3);
    expect(names(coarse)).toEqual({ 0: "wall", 1: "hair", 3: "skin" });
    expect(names(recut(coarse, 6))).toEqual(names(all));
    // Renamed meanwhile; what slept in it did not.
    expect(names(recut(nameCluster(coarse, 1, "head"), 6))).toEqual({ ...names(all), 1: "head" });
    expect(names(recut(lockCluster(coarse, 0), 5))).toMatchObject({ 0: "wall" });
  });

  it("stay with the larger part of a split, whichever keeps the id", () => {
    expect(names(splitCluster(recut(all, 5), 3))).toMatchObject({ 3: "skin", 4: undefined });
    // Of the same merge, where the one that is absorbed is the larger.
    const other = handTree({ sizes: [5, 20, 10] }, [[0, 1]]);
    const split = splitCluster(nameCluster(cutTreeAt(other, 2), 0, "hair"), 0);
    expect(names(split)).toEqual({ 0: undefined, 1: "hair", 2: undefined });
    expect(names(recut(split, 2))).toEqual({ 0: "hair", 2: undefined });
  });

  it("are taken away by an empty one, and given to nothing that was never named", () => {
    expect(names(recut(nameCluster(all, 1, ""), 4))).toEqual({ 0: "wall", 1: undefined, 3: "skin", 5: "clothes" });
    expect(names(recut(nameCluster(cutTreeAt(hand, 6), 4, "mouth"), 3))).toEqual({
      0: undefined,
      1: undefined,
      3: undefined,
    });
  });
});
