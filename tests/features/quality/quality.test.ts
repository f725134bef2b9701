/** Quality measures: worked by hand, and against numpy and scipy (reference.py, numpy 1.24, scipy 1.10). */
import { describe, expect, it } from "vitest";
import { frechetDistance, gaussianOf } from "../../../src/features/quality/frechet.ts";
import { laplacianPyramid, pyramidSides } from "../../../src/features/quality/laplacianPyramid.ts";
import { neighbourFigures } from "../../../src/features/quality/neighbours.ts";
import { patchSampler } from "../../../src/features/quality/patches.ts";
import { randomNetwork } from "../../../src/features/quality/randomNetwork.ts";
import { slicedWasserstein } from "../../../src/features/quality/slicedWasserstein.ts";
import { plainBlas } from "../../../src/numeric/blas.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../../../src/tensor/tensor.ts";

const blas = plainBlas();
const points = (dimensions: number, numbers: ArrayLike<number>) => ({ dimensions, data: Float32Array.from(numbers) });

function images(seed: number, shape: readonly number[], f: (x: number) => number = (x) => x): Tensor {
  const random = new RandomState(seed);
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => f(Math.fround(random.randomSample()))),
  );
}
const normal = (seed: number, count: number, f: (x: number) => number = (x) => x): Float32Array => {
  const random = new RandomState(seed);
  return Float32Array.from({ length: count }, () => f(Math.fround(random.randn())));
};

describe("laplacianPyramid()", () => {
  it("halves down to 16 pixels", () => {
    expect(pyramidSides(64)).toEqual([64, 32, 16]);
    expect(pyramidSides(35)).toEqual([35, 18]);
    expect(pyramidSides(8)).toEqual([8]);
  });

  it("of a flat picture is flat at the lowest level and nothing elsewhere", () => {
    const levels = laplacianPyramid({ data: new Float32Array(64 * 64).fill(0.5), side: 64 });
    expect(levels.map(({ data }) => Math.max(...data.map(Math.abs)))).toEqual(
      [0, 0, 0.5].map((v) => expect.closeTo(v, 6)),
    );
  });

  it("agrees with scipy, also for odd sides", () => {
    const [first] = [images(1, [4, 3, 35, 35]).data.subarray(0, 35 * 35)];
    const sums = laplacianPyramid({ data: first, side: 35 }).map(({ data }) =>
      data.reduce((sum, v) => sum + Math.abs(v), 0),
    );
    expect(sums).toEqual(PYRAMID.map((v) => expect.closeTo(v, 3)));
  });
});

describe("slicedWasserstein()", () => {
  const sampled = (set: Tensor) => {
    const sampler = patchSampler(set.shape[3], { images: set.shape[0], perImage: 8, random: new RandomState(3) });
    sampler.add(set);
    return sampler.finish();
  };
  const options = () => ({ blas, random: new RandomState(4), directions: 40 });

  it("is 0 for equal sets", async () => {
    const set = images(1, [3, 3, 32, 32]);
    const { levels, mean } = await slicedWasserstein(sampled(set), sampled(set), options());
    expect(levels).toEqual([
      { side: 32, distance: 0 },
      { side: 16, distance: 0 },
    ]);
    expect(mean).toBe(0);
  });

  it("does not see brightness and contrast of a channel, which are normalised away", async () => {
    const set = images(1, [3, 3, 32, 32]);
    const pale = tensor(
      set.shape,
      set.data.map((v) => 0.25 * v + 0.5),
    );
    const { mean } = await slicedWasserstein(sampled(set), sampled(pale), options());
    expect(mean).toBeLessThan(1e-2);
  });

  it("agrees with numpy", async () => {
    const a = images(1, [4, 3, 35, 35]);
    const b = images(2, [4, 3, 35, 35], (x) => x * x);
    const { levels } = await slicedWasserstein(sampled(a), sampled(b), options());
    expect(levels.map(({ distance }) => distance)).toEqual(SLICED.map((v) => expect.closeTo(v, 2)));
  });

  it("refuses sets of different sizes", async () => {
    const [a, b] = [sampled(images(1, [3, 3, 32, 32])), sampled(images(1, [2, 3, 32, 32]))];
    await expect(slicedWasserstein(a, b, options())).rejects.toThrow("two sets of equally many images");
  });
});

describe("neighbourFigures()", () => {
  it("counts neighbourhoods on a line as by hand", async () => {
    // Real 0, 1, 3, 7 with k = 1: radii 1, 1, 2, 4. Generated 0.5, 2, 20 with radii 1.5, 1.5, 18.
    // 0.5 lies in the balls of 0 and 1; 2 in that of 3 (1 is not nearer than 1 to it); 20 in none.
    const figures = await neighbourFigures(points(1, [0, 1, 3, 7]), points(1, [0.5, 2, 20]), { blas, k: 1 });
    // Covered: 0, 1, 3. Recalled: 0 and 1 by 0.5; 3 by 2; 7 by 20 (13 < 18).
    expect(figures).toEqual({ density: 3 / 3, coverage: 3 / 4, precision: 2 / 3, recall: 1 });
  });

  it("tells generated points that are all alike from those that are spread", async () => {
    const real = points(2, normal(1, 400));
    const alike = points(
      2,
      normal(2, 400, (x) => x * 0.01),
    );
    const figures = await neighbourFigures(real, alike, { blas });
    expect(figures.coverage).toBeLessThan(0.3);
    expect(figures.precision).toBe(1);
  });

  it("agrees with numpy", async () => {
    const real = points(4, normal(5, 240));
    const fake = points(
      4,
      normal(6, 200, (x) => 0.8 * x + 0.5),
    );
    const figures = await neighbourFigures(real, fake, { blas });
    for (const [name, value] of Object.entries(NEIGHBOURS))
      expect(figures[name as keyof typeof figures], name).toBeCloseTo(value, 9);
  });

  it("needs more points than neighbours", async () => {
    await expect(neighbourFigures(points(1, [1, 2]), points(1, [1, 2]), { blas })).rejects.toThrow(
      "more than 5 points",
    );
  });
});

describe("frechetDistance()", () => {
  const gaussian = (mean: number[], covariance: number[]) => ({
    mean: Float64Array.from(mean),
    covariance: Float64Array.from(covariance),
  });

  it("of Gaussians with diagonal covariances is known: |m1 - m2|^2 + sum (s1 - s2)^2", () => {
    const a = gaussian([0, 0], [4, 0, 0, 9]);
    const b = gaussian([3, 4], [1, 0, 0, 16]);
    expect(frechetDistance(a, b)).toBeCloseTo(25 + 1 + 1, 9);
  });

  it("is 0 for equal Gaussians, also where a dimension is nothing but another", () => {
    const a = gaussian([1, 2, 3], [2, 2, 1, 2, 2, 1, 1, 1, 5]);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 9);
  });

  it("of points agrees with scipy's square root of a matrix", async () => {
    const a = await gaussianOf(points(4, normal(5, 240)), blas);
    const b = await gaussianOf(
      points(
        4,
        normal(6, 200, (x) => 0.8 * x + 0.5),
      ),
      blas,
    );
    expect(frechetDistance(a, b)).toBeCloseTo(FRECHET, 5);
  });
});

describe("randomNetwork()", () => {
  it("gives every image its 64 numbers, the same in any batch, and different images different ones", async () => {
    const network = await randomNetwork(32, { runtime: ortNode });
    const three = images(1, [3, 3, 32, 32], (x) => 2 * x - 1);
    const all = await network.features(three);
    const second = await network.features(tensor([1, 3, 32, 32], three.data.slice(3 * 1024, 2 * 3 * 1024)));
    await network.dispose();
    expect(all).toHaveLength(3 * 64);
    expect([...second]).toEqual([...all.subarray(64, 128)].map((v) => expect.closeTo(v, 5)));
    const distance = Math.hypot(...second.map((v, i) => v - all[i]));
    expect(distance).toBeGreaterThan(0.1);
  });
});

// From reference.py.
const PYRAMID = [286.2359552421832, 162.91163749110447];
const SLICED = [310.5349622913479, 280.03898072882043];
const NEIGHBOURS = { density: 1.1, coverage: 0.8166666666666667, precision: 0.98, recall: 0.8 };
const FRECHET = 1.264060032549156;
