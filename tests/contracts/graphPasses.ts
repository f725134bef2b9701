import { describe, expect, it } from "vitest";
import { klish } from "../../src/cluster/klish/klish.ts";
import { kMeans } from "../../src/cluster/kmeans/kMeans.ts";
import { linearSvm } from "../../src/cluster/svm/linearSvm.ts";
import type { SolveRequest } from "../../src/cluster/svm/solvers.ts";
import { svmSolver } from "../../src/cluster/svm/svmSolver.ts";
import { plainBlas } from "../../src/numeric/blas.ts";
import { type FeatureBlocks, pyramidBlocks, rowBlocks, storedBlocks } from "../../src/pixels/device/featureBlocks.ts";
import { type GraphFeaturesOptions, graphFeatures } from "../../src/pixels/device/graphFeatures.ts";
import type { ClassLabels, Pixels } from "../../src/pixels/pixels.ts";
import { pyramidFeatures } from "../../src/pixels/pyramid/pyramid.ts";
import type { PyramidData } from "../../src/pixels/pyramid/pyramidData.ts";
import { numbersOf, storedFeatures } from "../../src/pixels/pyramid/storedPyramid.ts";
import type { Provider, Runtime } from "../../src/runtime/session.ts";
import { roundToHalves, widenHalves } from "../../src/tensor/half.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { blobs, tinyPyramid } from "../pixels/points.ts";

/** Clouds of pixels: every second image pixel of a level of full size lies about one of four centres, the others are noise. */
function cloudyPyramid(): PyramidData {
  const data = tinyPyramid(3, 8, [
    [2, 3],
    [4, 4],
    [8, 5],
  ]);
  const random = new RandomState(4);
  const centres = Float32Array.from({ length: 4 * 5 }, () => 5 * random.randn());
  const finest = data.levels[2].data;
  for (let n = 0; n < finest.length / 5; n++) {
    const cloud = ((n >> 2) + (n >> 5)) & 3;
    for (let d = 0; d < 5; d++) finest[n * 5 + d] += centres[cloud * 5 + d];
  }
  return data;
}

/** max |a - b| as a share of max |b|. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
  }
  return worst / Math.max(largest, 1e-30);
}

/** Passes as graphs give what the passes on the CPU give, within `tolerance` of the largest number. */
export function graphPassesContract(runtime: Runtime, provider: Provider, tolerance: number): void {
  const using = async <T>(
    plain: Pixels,
    blocks: FeatureBlocks,
    work: (features: Pixels, residentBytes: number) => Promise<T>,
    options: Partial<GraphFeaturesOptions> = {},
  ): Promise<T> => {
    const made = await graphFeatures(plain, blocks, { runtime, provider, threads: 1, ...options });
    try {
      return await work(made.features, made.residentBytes);
    } finally {
      await made.close();
    }
  };
  const asGraph = <T>(
    data: PyramidData,
    work: (features: Pixels, plain: Pixels, residentBytes: number) => Promise<T>,
    options?: Partial<GraphFeaturesOptions>,
  ): Promise<T> => {
    const plain = pyramidFeatures(data, plainBlas());
    return using(plain, pyramidBlocks(data), (features, bytes) => work(features, plain, bytes), options);
  };

  async function compareSvm(
    features: Pixels,
    plain: Pixels,
    k: number,
    // Any classes, in any order.
    classes: ArrayLike<ClassLabels> = Int32Array.from({ length: k }, (_, c) => k + 1 - c),
  ): Promise<void> {
    const random = new RandomState(k);
    const { pixels, channels } = plain;
    const request = {
      labels: Uint16Array.from({ length: pixels }, () => random.randint(k + 2)),
      classes,
      weight: Float32Array.from({ length: k * channels }, () => 0.3 * random.randn()),
      bias: Float32Array.from({ length: k }, () => random.randn()),
    };
    for (const wanted of [{ gradient: true, near: 0.5 }, { keep: true }, { gradient: true }]) {
      const got = await features.svm({ ...request, ...wanted });
      const expected = await plain.svm({ ...request, ...wanted });
      for (const name of ["loss", "pull", "signedPull", "predicted", "truePositive"] as const)
        expect(
          difference(
            got.map((p) => p[name]),
            expected.map((p) => p[name]),
          ),
          name,
        ).toBeLessThanOrEqual(tolerance);
      for (const [c, { kept, pullGradient }] of expected.entries()) {
        expect(Array.from(got[c].kept.index)).toEqual(Array.from(kept.index));
        expect(difference(got[c].kept.value, kept.value)).toBeLessThanOrEqual(tolerance);
        expect(got[c].pullGradient === undefined).toBe(pullGradient === undefined);
        if (pullGradient !== undefined)
          expect(difference(got[c].pullGradient ?? [], pullGradient)).toBeLessThanOrEqual(tolerance);
      }
    }
  }

  async function compareScores(features: Pixels, plain: Pixels, k: number): Promise<void> {
    const random = new RandomState(k);
    const numbers = (length: number) => Float32Array.from({ length }, () => random.randn());
    const [weight, bias, g] = [k * plain.channels, k, k * plain.pixels].map(numbers);
    expect(difference(await features.scores(weight, bias), await plain.scores(weight, bias))).toBeLessThan(tolerance);
    expect(difference(await features.gradient(g), await plain.gradient(g))).toBeLessThan(tolerance);
    const out = new Float32Array(k * plain.pixels);
    expect(await features.scores(weight, bias, out)).toBe(out);
    await expect(features.scores(weight, bias, out.subarray(1))).rejects.toThrow(RangeError);
    await expect(features.gradient(g.subarray(1))).rejects.toThrow(RangeError);
    const range = { start: 0, end: plain.alignment };
    expect(Array.from(await features.scores(weight, bias, undefined, range))).toEqual(
      Array.from(await plain.scores(weight, bias, undefined, range)),
    );
  }

  async function compareNearest(features: Pixels, plain: Pixels, k: number): Promise<void> {
    const random = new RandomState(k);
    const { channels } = plain;
    const weight = Float32Array.from({ length: k * channels }, () => random.randn());
    const classifier = { k, channels, weight, bias: Float32Array.from({ length: k }, () => random.randn()) };
    const before = Uint16Array.from({ length: plain.pixels }, () => random.randint(k));
    for (const wanted of [{ sums: true }, { before }, { sums: false }]) {
      const got = await features.nearest(classifier, wanted);
      const expected = await plain.nearest(classifier, wanted);
      expect(Array.from(got.labels)).toEqual(Array.from(expected.labels));
      expect(Array.from(got.sizes)).toEqual(Array.from(expected.sizes));
      expect(Math.abs(got.scored / expected.scored - 1)).toBeLessThanOrEqual(tolerance);
      expect(difference(got.sums, expected.sums)).toBeLessThanOrEqual(tolerance);
    }
  }

  describe(`passes as graphs on ${provider}`, () => {
    const pyramid = tinyPyramid(3, 6, [
      [1, 2],
      [3, 5],
      [6, 3],
      [6, 1],
      [4, 2],
    ]);

    it("are those of the CPU, for any number of classes", async () => {
      await asGraph(pyramid, async (features, plain) => {
        for (const k of [1, 4, 6]) await compareSvm(features, plain, k);
        for (const k of [1, 6]) await compareNearest(features, plain, k);
        for (const k of [1, 6]) await compareScores(features, plain, k);
      });
    });

    it("take classes of several labels, which may have some in common", async () => {
      await asGraph(pyramid, async (features, plain) => {
        await compareSvm(features, plain, 3, [[4, 1], 2, [0, 1, 3]]);
        const labels = Uint16Array.from({ length: plain.pixels }, (_, n) => n % 5);
        const weight = Float32Array.from({ length: plain.channels }, (_, d) => Math.sin(d));
        const request = { weight, bias: Float32Array.of(0.1), gradient: true, keep: true };
        const several = await plain.svm({ ...request, labels, classes: [[4, 1]] });
        const joined = labels.map((label) => (label === 4 ? 1 : label));
        expect(several).toEqual(await plain.svm({ ...request, labels: joined, classes: [1] }));
      });
    });

    it("are those of the CPU where tensors hold a few images, and the device a part of them", async () => {
      // Two images of 36 pixels with 128 planned classes; the third is a block of its own.
      const tensorBytes = 4 * 128 * 36 * 2;
      const perImage = 4 * (2 + 9 * 5 + 36 * 4 + 16 * 2);
      await asGraph(
        pyramid,
        async (features, plain, residentBytes) => {
          expect(residentBytes).toBe(provider === "webgpu" ? 2 * perImage : 0);
          await compareSvm(features, plain, 3);
          await compareNearest(features, plain, 3);
        },
        { tensorBytes, resident: 2.5 * perImage },
      );
    });

    it("take more classes than a tensor holds the scores of in turns", async () => {
      const single = tinyPyramid(1, 6, [[6, 5]]);
      // Scores of four classes; the features of the one image.
      await asGraph(
        single,
        async (features, plain) => {
          await compareSvm(features, plain, 6);
          await compareNearest(features, plain, 6);
          await compareScores(features, plain, 6);
        },
        { tensorBytes: 4 * 36 * 5 },
      );
    });

    it("give a pixel to the first of several equally near centres", async () => {
      // Whole numbers, and weights of a half: every score is exact.
      const data = tinyPyramid(
        2,
        5,
        [
          [3, 2],
          [5, 2],
        ],
        (random) => random.randint(5) - 2,
      );
      const weight = [1, 0, 2, 1, 0, 1, 1, 0, 1, 0, 2, 1, 0, 1, 1, 0, -1, 1, 0, 2];
      const classifier = { k: 5, channels: 4, weight: Float32Array.from(weight), bias: new Float32Array(5) };
      await asGraph(data, async (features, plain) => {
        const got = await features.nearest(classifier);
        const expected = await plain.nearest(classifier);
        expect(Array.from(got.labels)).toEqual(Array.from(expected.labels));
        expect(Array.from(got.sums)).toEqual(Array.from(expected.sums));
        expect(got.scored).toBe(expected.scored);
        // The third and fourth repeat the first and second.
        expect(got.sizes[0] + got.sizes[1]).toBeGreaterThan(10);
        expect(got.sizes[2] + got.sizes[3]).toBe(0);
      });
    });

    it("serve dense rows, in whole groups and the rest", async () => {
      const { features: plain } = blobs(2 * 2048 + 21, 3, 4, 2);
      await using(
        plain,
        rowBlocks(plain),
        async (features) => {
          await compareSvm(features, plain, 2);
          await compareNearest(features, plain, 2);
          await compareScores(features, plain, 2);
        },
        { tensorBytes: 4 * 128 * 3000 },
      );
    });

    it("serve stored halves", async () => {
      const halves = pyramid.levels.map(({ data }) => roundToHalves(data));
      const slice = (level: number, from: number, to: number) => {
        const numbers = numbersOf(pyramid.levels[level]);
        return halves[level].slice(from * numbers, to * numbers);
      };
      const store = {
        read(level: number, image: number, start: number, out: Uint16Array) {
          out.set(slice(level, image, image + 1).subarray(start, start + out.length));
        },
        load: async (first: number, count: number) => halves.map((_, level) => slice(level, first, first + count)),
      };
      const rounded = { ...pyramid, levels: pyramid.levels.map((l, i) => ({ ...l, data: widenHalves(halves[i]) })) };
      const plain = pyramidFeatures(rounded, plainBlas());
      await using(storedFeatures(pyramid, store, plainBlas()), storedBlocks(pyramid, store), async (features) => {
        expect(features.passCost).toBe("dear");
        await compareSvm(features, plain, 3);
        await compareNearest(features, plain, 3);
      });
    });

    it("lead K-means to the same clusters", async () => {
      await asGraph(cloudyPyramid(), async (features, plain) => {
        const options = { nClusters: 5, seed: 3, sampleSize: 60, iterations: 4 };
        const got = await kMeans(features, options);
        const expected = await kMeans(plain, options);
        expect(Array.from(got.labels)).toEqual(Array.from(expected.labels));
        expect(got.inertia / expected.inertia).toBeCloseTo(1, 4);
        expect(difference(got.centroids, expected.centroids)).toBeLessThanOrEqual(tolerance);
      });
    });

    it("certify SVMs, with gaps that the CPU confirms", async () => {
      await asGraph(cloudyPyramid(), async (features, plain) => {
        const random = new RandomState(1);
        const labels = Uint16Array.from({ length: plain.pixels }, (_, n) =>
          random.randomSample() < 0.1 ? random.randint(4) : ((n >> 2) + (n >> 5)) & 3,
        );
        const svm = await linearSvm(features, { labels, nClasses: 4, tolerance: 1e-4 });
        const { weight, bias } = svm;
        const passes = await plain.svm({ labels, classes: [0, 1, 2, 3], weight, bias, gradient: true });
        for (const [c, { loss, pullGradient = [] }] of passes.entries()) {
          const row = weight.subarray(c * 12, (c + 1) * 12);
          const norm = row.reduce((sum, w) => sum + w * w, 0);
          const penalty = 5000 / plain.pixels;
          const objective = 0.5 * norm + penalty * loss;
          const squared = row.reduce((sum, w, d) => sum + (w - 2 * penalty * pullGradient[d]) ** 2, 0);
          expect(svm.objective[c] / objective).toBeCloseTo(1, 4);
          expect(svm.gap[c]).toBeLessThanOrEqual(1e-4);
          expect(squared / (2 * objective)).toBeLessThanOrEqual(1.1e-4);
        }
      });
    });

    it("share the start's SVMs with other threads", async () => {
      const data = cloudyPyramid();
      const plain = pyramidFeatures(data, plainBlas());
      const { solve } = svmSolver(plain);
      let solved = 0;
      const solver = {
        solve(request: SolveRequest) {
          solved++;
          return solve(structuredClone(request));
        },
      };
      const options = { initialClusters: 6, seed: 2, criterion: "paper" as const };
      const alone = await using(plain, pyramidBlocks(data), (features) => klish(features, options));
      const helped = await using(plain, pyramidBlocks(data), (features) =>
        klish(features, { ...options, solvers: { workingSets: [solver], merges: [] } }),
      );
      expect(solved).toBeGreaterThan(0);
      expect(Array.from(helped.weight)).toEqual(Array.from(alone.weight));
    });

    it("lead to the same merges", async () => {
      await asGraph(cloudyPyramid(), async (features, plain) => {
        const options = { initialClusters: 8, seed: 1, criterion: "paper" as const };
        const got = await klish(features, options);
        const expected = await klish(plain, options);
        const merges = ({ steps }: typeof got) => steps.map(({ kept, removed }) => [kept, removed]);
        expect(merges(got)).toEqual(merges(expected));
      });
    });
  });
}
