import { describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import { MergeQueue } from "../../../src/cluster/klish/mergeQueue.ts";
import { kMeans } from "../../../src/cluster/kmeans/kMeans.ts";
import type { MergedSvm, SvmSolver } from "../../../src/cluster/svm/solvers.ts";
import { svmSolver } from "../../../src/cluster/svm/svmSolver.ts";
import type { Pixels } from "../../../src/pixels/pixels.ts";
import { featurePyramid } from "../../../src/pixels/pyramid/featurePyramid.ts";
import { withSharedPasses } from "../../../src/pixels/threads/sharedPasses.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { thread, workerOf } from "../../pixels/points.ts";

/** Images of a few smooth patches in noise, in two layers. */
function patches(seed: number): Pixels {
  const random = new RandomState(seed);
  const [images, channels] = [20, 4];
  const layers = [4, 12].map((size) => {
    const layer = tensor([images, channels, size, size]);
    for (let i = 0; i < images; i++)
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const part = (i + Math.floor((3 * y) / size) + 3 * Math.floor((2 * x) / size)) % 6;
          for (let c = 0; c < channels; c++)
            layer.data[((i * channels + c) * size + y) * size + x] =
              3 * Math.sin(part * (c + 1)) + 0.25 * random.randn();
        }
    return layer;
  });
  return featurePyramid(layers, { resolution: 12 });
}

/** Another thread, and what it was asked. */
function helperOf(features: Pixels) {
  const asked: string[] = [];
  const inTurn = thread();
  const { solve, trainMerged } = svmSolver(features);
  const helper = { ...workerOf(features, inTurn), solve: inTurn(solve), trainMerged: inTurn(trainMerged) };
  const noted = new Proxy(helper, {
    get(target, name: keyof typeof helper) {
      asked.push(name);
      return target[name];
    },
  });
  return { helper: noted, asked };
}

describe("threads that solve", () => {
  const features = patches(3);

  for (const criterion of ["paper", "pair"] as const)
    it(`give the very numbers of one thread, by the ${criterion}'s rule`, async () => {
      const options = { initialClusters: 8, criterion, balance: 0.5 };
      const alone = await klish(features, options);
      for (const count of [1, 2]) {
        const helpers = Array.from({ length: count }, () => helperOf(features));
        const threads = helpers.map(({ helper }) => helper);
        const solvers = { workingSets: threads, merges: threads };
        const tree = await klish(withSharedPasses(features, threads), { ...options, solvers });
        expect(tree.initialLabels).toEqual(alone.initialLabels);
        expect(tree.weight).toEqual(alone.weight);
        expect(tree.bias).toEqual(alone.bias);
        expect(tree.steps).toEqual(alone.steps);
        const asked = helpers.flatMap((helper) => helper.asked);
        for (const kind of ["svm", "nearest", "solve", "trainMerged"]) expect(asked).toContain(kind);
      }
    });

  it("give K-means the very numbers of one thread", async () => {
    const alone = await kMeans(features, { nClusters: 9, seed: 1, sampleSize: 500, iterations: 6 });
    const shared = withSharedPasses(features, [helperOf(features).helper]);
    const found = await kMeans(shared, { nClusters: 9, seed: 1, sampleSize: 500, iterations: 6 });
    expect(found).toEqual(alone);
  });
});

describe("MergeQueue", () => {
  const task = (p: number, q: number) => ({
    p,
    q,
    request: () => ({ c: p, tolerance: q, members: new Uint16Array(0), p: plane, q: plane }),
  });
  const plane = { weight: new Float32Array(0), bias: 0 };

  /** A trainer that ends when told to. */
  function trainer() {
    const began: string[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const trainMerged: SvmSolver["trainMerged"] = ({ c, tolerance }) => {
      began.push(`${c} ${tolerance}`);
      return new Promise((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve({ objective: 10 * c + tolerance } as MergedSvm)));
      });
    };
    return { began, ends, trainMerged };
  }

  it("trains the wanted merge first, others ahead, and none twice", async () => {
    const [here, there] = [trainer(), trainer()];
    const queue = new MergeQueue([there, here]);
    const first = queue.train(task(1, 2), [task(3, 4), task(5, 6)]);
    expect([here.began, there.began]).toEqual([["1 2"], ["3 4"]]);
    here.ends[0]();
    expect((await first).objective).toBe(12);
    await Promise.resolve();
    expect(here.began).toEqual(["1 2", "5 6"]);
    const second = queue.train(task(3, 4), []);
    there.ends[0]();
    expect((await second).objective).toBe(34);
    expect(there.began).toEqual(["3 4"]);
    queue.forget(5);
    const third = queue.train(task(5, 6), []);
    expect(there.began).toEqual(["3 4", "5 6"]);
    there.ends[1]();
    expect((await third).objective).toBe(56);
    here.ends[1]();
    await queue.settle();
  });

  it("tells of an error to whoever wants the result, and to nobody else", async () => {
    const [here, there] = [trainer(), trainer()];
    const queue = new MergeQueue([there, here]);
    const first = queue.train(task(1, 2), [task(3, 4)]);
    there.ends[0](new Error("of nobody"));
    here.ends[0](new Error("wanted"));
    await expect(first).rejects.toThrow("wanted");
    await queue.settle();
  });
});
