import { describe, expect, it } from "vitest";
import { ForeseenUnions, type Union } from "../../../src/cluster/klish/foreseenUnions.ts";
import { klish } from "../../../src/cluster/klish/klish.ts";
import type { KlishOptions, KlishStart } from "../../../src/cluster/klish/klishOptions.ts";
import { type Cluster, start } from "../../../src/cluster/klish/klishState.ts";
import { linearSvm } from "../../../src/cluster/svm/linearSvm.ts";
import { svmPlan } from "../../../src/cluster/svm/svmPlan.ts";
import { SvmProblem } from "../../../src/cluster/svm/svmProblem.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { type Pixels, withMembers } from "../../../src/pixels/pixels.ts";
import { withSharedPasses } from "../../../src/pixels/threads/sharedPasses.ts";
import { randn } from "../../../src/tensor/random.ts";
import { blobs } from "../../pixels/points.ts";

/** Overlapping clouds, more than any sample holds, in memory; and the same as streamed features. */
const { features } = blobs(17_000, 3, 6, 3, 3);
const onDisk = (held: Pixels): Pixels =>
  withSharedPasses(withMembers(held, { passCost: "dear" }), [], { piece: 1 << 19 });
const streamed = onDisk(features);
const K0 = 6;
const options: KlishOptions = { initialClusters: K0, seed: 1 };

const objectives = (tree: MergeTree) => tree.steps.map(({ objective }) => objective.reduce((sum, x) => sum + x, 0));
const merges = (tree: MergeTree) => tree.steps.map(({ kept, removed }) => [kept, removed]);

describe("klish where passes are dear", () => {
  it("trains start classifiers to the objectives of those trained in memory, with gaps that hold", async () => {
    const labels = Uint16Array.from({ length: features.pixels }, (_, n) => (n % 9 > 5 ? 2 : n % 2));
    const tolerance = 1e-3;
    const exact = await linearSvm(features, { labels, nClasses: 3, tolerance: 1e-5 });
    const found = await linearSvm(streamed, { labels, nClasses: 3, tolerance });
    for (let k = 0; k < 3; k++) {
      const above = found.objective[k] / exact.objective[k] - 1;
      expect(above).toBeLessThan(0.5 * tolerance);
      expect(above).toBeGreaterThan(-2e-5);
      expect(found.gap[k]).toBeGreaterThanOrEqual(above);
    }
  });

  it("keeps the hyperplanes of rare classes from running away along channels of large norm", async () => {
    const [n, channels] = [30_000, 64];
    const data = randn(1, n * channels);
    for (let at = 0; at < data.length; at++) data[at] *= 40 / (1 + (at % channels));
    const noise = randn(2, n);
    const labels = Uint16Array.from({ length: n }, (_, i) => {
      const s = data[i * channels] / 40 + data[i * channels + 1] / 20 + 0.3 * noise[i];
      return s > 4.2 ? 1 : s < -4.2 ? 2 : 0;
    });
    const held = denseFeatures({ dtype: "float32", shape: [n, channels], data });
    const exact = await linearSvm(held, { labels, nClasses: 3, tolerance: 1e-4 });
    const found = await linearSvm(onDisk(held), { labels, nClasses: 3, tolerance: 1e-3 });
    for (let k = 0; k < 3; k++) expect(found.objective[k] / exact.objective[k] - 1).toBeLessThan(1e-3);
  });

  it("takes the merges of the same features in memory, with their objectives", async () => {
    const tree = await klish(streamed, { ...options, tolerance: 1e-4 });
    const exact = await klish(features, { ...options, tolerance: 1e-4 });
    expect(merges(tree)).toEqual(merges(exact));
    const expected = objectives(exact);
    for (const [i, objective] of objectives(tree).entries())
      expect(Math.abs(objective / expected[i] - 1)).toBeLessThan(1e-4);
  });

  it("continues from any state before and during the merges", async () => {
    const starts: KlishStart[] = [];
    const trees: MergeTree[] = [];
    const whole = await klish(streamed, {
      ...options,
      onStart: (start) => void starts.push(structuredClone(start)),
      onCheckpoint: (tree) => void trees.push(tree),
    });
    // K-means before its iterations over all pixels and after each, its clusters, and the classifiers after each pass.
    const known = (start: KlishStart) => Object.keys(start).join("+");
    expect([...new Set(starts.map(known))]).toEqual(["kMeans", "clusters", "clusters+training"]);
    for (const resumeStart of [starts[1], ...starts.slice(-3)])
      expect(merges(await klish(streamed, { ...options, resumeStart }))).toEqual(merges(whole));
    expect(merges(await klish(streamed, { ...options, resume: trees[2] }))).toEqual(merges(whole));
  });

  it("trains merges that may follow with the next one, each as if alone", async () => {
    let passes = 0;
    const counted = withMembers(streamed, {
      svm(request) {
        passes++;
        return streamed.svm(request);
      },
    });
    const state = await start({ problem: new SvmProblem(counted, 5000, 1e-3), plan: svmPlan(counted) }, options);
    const [a, b, c, d] = state.clusters;
    const pair = (p: Cluster, q: Cluster): Union => ({ from: [p, q], parts: [q, p] });
    const three: Union = { from: [c, b], parts: [b, a, c] };
    const together = new ForeseenUnions(state);
    await together.train([pair(a, b), pair(c, d), three]);
    passes = 0;
    const ahead = await together.train([pair(c, d)]);
    expect(passes).toBe(0);
    const alone = await new ForeseenUnions(state).train([pair(c, d)]);
    expect(passes).toBeGreaterThan(0);
    expect(ahead.objective / alone.objective).toBeCloseTo(1, 3);
    expect(Math.abs(ahead.predicted - alone.predicted)).toBeLessThan(0.01 * alone.predicted);
    // a joins b: what was trained of c and d is as good as before, and that of all three is that of b and c now.
    passes = 0;
    together.joined(a, b);
    await together.train([pair(c, d)]);
    const third = await together.train([pair(c, b)]);
    expect(passes).toBe(0);
    for (let n = 0; n < state.labels.length; n++) if (state.labels[n] === a.name) state.labels[n] = b.name;
    const expected = await new ForeseenUnions(state).train([pair(c, b)]);
    expect(third.objective / expected.objective).toBeCloseTo(1, 3);
    passes = 0;
    together.joined(c, b);
    await together.train([pair(c, d)]);
    expect(passes).toBeGreaterThan(0);
  });
});
