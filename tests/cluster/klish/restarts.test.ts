import { describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import type { KlishStart } from "../../../src/cluster/klish/klishOptions.ts";
import { bestStart, mergeRestarted, treeObjective } from "../../../src/cluster/klish/restarts.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { adjustedRandIndex } from "../../../src/metrics/agreement.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";

const merges = (tree: MergeTree) => tree.steps.map(({ k, kept, removed }) => [k, kept, removed]);

describe("treeObjective", () => {
  it("is the mean over K from K0/8 to K0/2 of the mean objective, worked by hand", () => {
    const steps = Array.from({ length: 15 }, (_, i) => ({
      k: 16 - i,
      objective: new Float64Array(16 - i).fill(16 - i),
    }));
    // K = 2 ... 8, whose mean objectives are 2 ... 8.
    expect(treeObjective({ initialClusters: 16, steps } as never)).toBe(5);
    // A tree that stopped above K0/2 is judged by what it has.
    expect(treeObjective({ initialClusters: 16, steps: steps.slice(0, 2) } as never)).toBe(15.5);
  });
});

describe("bestStart", () => {
  const candidate = (objective: number, guarded: boolean) => ({ tree: {} as MergeTree, objective, guarded });

  it("passes over a collapsed tree, whose loss is little, unless all are", () => {
    const [collapsed, good, better] = [candidate(1, false), candidate(5, true), candidate(4, true)];
    expect(bestStart([collapsed, good, better])).toBe(better);
    expect(bestStart([candidate(2, false), collapsed])).toBe(collapsed);
  });
});

describe("klish with restarts", () => {
  const { features } = blobs(500, 3, 5, 4, 1.5);
  const options = { initialClusters: 16, criterion: "pair", balance: 0 } as const;

  it("is the tree of the seed whose objective is least", async () => {
    const trees = await Promise.all([3, 4, 5].map((seed) => klish(features, { ...options, seed })));
    const least = trees.reduce((a, b) => (treeObjective(b) < treeObjective(a) ? b : a));
    const best = await klish(features, { ...options, seed: 3, restarts: 3 });
    expect(merges(best)).toEqual(merges(least));
    expect([...best.initialLabels]).toEqual([...least.initialLabels]);
    expect(new Set(trees.map((tree) => merges(tree).join()))).toHaveProperty("size", 3);
  });

  it("begins once where a start is given, and continues a tree that has one", async () => {
    const initialLabels = (await klish(features, { ...options, seed: 9 })).initialLabels;
    const given = await klish(features, { criterion: "pair", balance: 0, initialLabels, restarts: 4 });
    expect([...given.initialLabels]).toEqual([...initialLabels]);
    const checkpoints: MergeTree[] = [];
    const whole = await klish(features, { ...options, restarts: 2, onCheckpoint: (t) => void checkpoints.push(t) });
    const resumed = await klish(features, { ...options, restarts: 2, resume: checkpoints[6] });
    expect(merges(resumed)).toEqual(merges(whole));
  });

  it("does not try again what was chosen before it was stopped", async () => {
    const starts: KlishStart[] = [];
    const onStart = (start: KlishStart) => void starts.push(start);
    const whole = await klish(features, { ...options, restarts: 2, onStart });
    const phases = new Set<string>();
    const onProgress = ({ phase }: { phase: string }) => void phases.add(phase);
    const resumed = await klish(features, { ...options, restarts: 2, resumeStart: starts[0], onProgress });
    expect(merges(resumed)).toEqual(merges(whole));
    expect([...phases]).not.toContain("try several starts");
  });

  it("tries starts on a sample of many pixels, and spreads the one taken over all of them", async () => {
    const many = blobs(33_000, 3, 4, 5, 12);
    const tree = await mergeRestarted(many.features, { ...options, initialClusters: 6, restarts: 1 });
    expect(tree.pixels).toBe(33_000);
    expect(adjustedRandIndex(many.truth, tree.labelsAt(4))).toBeGreaterThan(0.99);
  });

  it("refuses a number of restarts that is none", async () => {
    const few = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 2, 3)));
    await expect(klish(few, { initialClusters: 2, restarts: 0 })).rejects.toThrow(/restarts must be an integer/);
  });
});
