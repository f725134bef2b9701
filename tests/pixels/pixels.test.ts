import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { klishFixture } from "../../bench/fixtures.ts";
import { plainBlas } from "../../src/numeric/blas.ts";
import { denseFeatures, stacked, subset } from "../../src/pixels/denseFeatures.ts";
import type { Pixels } from "../../src/pixels/pixels.ts";
import { featurePyramid, pyramidBuilder } from "../../src/pixels/pyramid/featurePyramid.ts";
import { pyramidFeatures } from "../../src/pixels/pyramid/pyramid.ts";
import { pixelRanges } from "../../src/pixels/ranges.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { hasShared } from "../shared.ts";

function randomTensor(shape: number[], seed: number): Tensor {
  const random = new RandomState(seed);
  const result = tensor(shape);
  for (let i = 0; i < result.data.length; i++) result.data[i] = random.randn();
  return result;
}

/** Bilinear, align_corners = true: the value of plane [h,h] at (row, column) of an R x R grid, by the formula. */
function sample(plane: Float32Array, h: number, resolution: number, row: number, column: number): number {
  const scale = resolution > 1 ? (h - 1) / (resolution - 1) : 0;
  const y = row * scale;
  const x = column * scale;
  const y0 = Math.floor(y);
  const x0 = Math.floor(x);
  const at = (i: number, j: number) => plane[Math.min(i, h - 1) * h + Math.min(j, h - 1)];
  const top = at(y0, x0) * (1 - (x - x0)) + at(y0, x0 + 1) * (x - x0);
  const bottom = at(y0 + 1, x0) * (1 - (x - x0)) + at(y0 + 1, x0 + 1) * (x - x0);
  return top * (1 - (y - y0)) + bottom * (y - y0);
}

/** The dense matrix that a pyramid stands for. */
function denseMatrix(layers: Tensor[], resolution: number): Pixels {
  const images = layers[0].shape[0];
  const d = layers.reduce((sum, layer) => sum + layer.shape[1], 0);
  const result = tensor([images * resolution ** 2, d]);
  let at = 0;
  for (let n = 0; n < images; n++)
    for (let row = 0; row < resolution; row++)
      for (let column = 0; column < resolution; column++)
        for (const { shape, data } of layers)
          for (let c = 0; c < shape[1]; c++) {
            const from = (n * shape[1] + c) * shape[2] ** 2;
            result.data[at++] = sample(data.subarray(from, from + shape[2] ** 2), shape[2], resolution, row, column);
          }
  return denseFeatures(result);
}

const cases = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  resolution: fc.integer({ min: 1, max: 9 }),
  sizes: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
  k: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

function close(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThanOrEqual(tolerance);
}

describe("featurePyramid", () => {
  it("has the scores, gradients and rows of the dense matrix, whatever the layers' resolutions", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ images, resolution, sizes, k, seed }) => {
        const layers = sizes.map((size, i) => randomTensor([images, i + 1, size, size], seed + i));
        const pyramid = featurePyramid(layers, { resolution });
        const dense = denseMatrix(layers, resolution);
        const { pixels, channels } = dense;
        expect([pyramid.pixels, pyramid.channels]).toEqual([pixels, channels]);
        const weight = randomTensor([k, channels], seed + 10).data;
        const bias = randomTensor([k], seed + 11).data;
        const all = Int32Array.from({ length: pixels }, (_, n) => pixels - 1 - n);
        close(await pyramid.rows(all), await dense.rows(all), 1e-5);
        close(await pyramid.scores(weight, bias), await dense.scores(weight, bias), 1e-4);
        const g = randomTensor([k, pixels], seed + 12).data;
        close(await pyramid.gradient(g), await dense.gradient(g), 1e-3);
        const range = { start: pixels - resolution ** 2, end: pixels };
        close(
          await pyramid.scores(weight, bias, undefined, range),
          await dense.scores(weight, bias, undefined, range),
          1e-4,
        );
        const part = g.subarray(0, k * resolution ** 2);
        close(await pyramid.gradient(part, range), await dense.gradient(part, range), 1e-3);
      }),
      { numRuns: 30 },
    );
  });

  it("rejects layers that do not fit, and names the first value that is not finite", () => {
    const layer = randomTensor([2, 3, 4, 4], 1);
    expect(() => featurePyramid([], { resolution: 4 })).toThrow(/at least one layer/);
    expect(() => featurePyramid([layer, randomTensor([1, 3, 4, 4], 1)], { resolution: 4 })).toThrow(/layer 1 must be/);
    expect(() => featurePyramid([layer], { resolution: 2.5 })).toThrow(/positive integer/);
    layer.data[3 * 16 + 16 + 6] = Number.NaN;
    expect(() => featurePyramid([layer], { resolution: 8 })).toThrow(
      /layer 0, image 1, channel 1, row 1, column 2 is NaN/,
    );
  });

  it("pyramidBuilder gathers from batches what featurePyramid copies at once, in shared memory too", async () => {
    const layers = [randomTensor([5, 3, 4, 4], 1), randomTensor([5, 2, 9, 9], 2)];
    const all = Int32Array.from({ length: 5 * 36 }, (_, n) => n);
    const expected = await featurePyramid(layers, { resolution: 6 }).rows(all);
    for (const isShared of [false, true]) {
      const sizes = layers.map(({ shape }) => ({ channels: shape[1], size: shape[2] }));
      const builder = pyramidBuilder({ images: 5, layers: sizes, resolution: 6, shared: isShared });
      const part = (first: number, last: number) =>
        layers.map(({ shape, data }) => {
          const each = data.length / 5;
          return tensor([last - first, ...shape.slice(1)], data.slice(first * each, last * each));
        });
      builder.add(3, part(3, 5));
      expect(() => builder.finish()).toThrow(/image 0 was not added/);
      builder.add(0, part(0, 3));
      const data = builder.finish();
      expect(await pyramidFeatures(data, plainBlas()).rows(all)).toEqual(expected);
      expect(data.levels.every((level) => level.data.buffer instanceof SharedArrayBuffer)).toBe(isShared);
      expect(() => builder.add(4, part(0, 2))).toThrow(/images 4 to 6 are outside the 5/);
      expect(() => builder.add(0, [layers[0]])).toThrow(/expected 2 layers, got 1/);
    }
  });

  it.skipIf(!hasShared)("gives the first rows of a reference's dense matrix", async () => {
    for (const name of ["synth_small", "gen_small"]) {
      const fixture = klishFixture(name);
      const rows = await fixture.features(plainBlas()).rows(Int32Array.from({ length: 64 }, (_, n) => n));
      close(rows, fixture.floats("X_first64.f32"), 2e-6 * Math.max(...rows.map(Math.abs)));
    }
  });
});

describe("denseFeatures", () => {
  it("scores, sums and gathers a worked case", async () => {
    const features = denseFeatures(tensor([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
    expect([...(await features.scores(Float32Array.of(1, 0, 1, -1), Float32Array.of(10, 0)))]).toEqual([
      11, 13, 15, -1, -1, -1,
    ]);
    expect([...(await features.gradient(Float32Array.of(1, 0, 1)))]).toEqual([6, 8]);
    expect([...(await features.rows(Int32Array.of(2, 0)))]).toEqual([5, 6, 1, 2]);
  });

  it("names the first value that is not finite, and rejects other shapes", () => {
    expect(() => denseFeatures(tensor([2, 2], Float32Array.of(1, 2, 3, Number.POSITIVE_INFINITY)))).toThrow(
      /pixel 1, channel 1 is Infinity/,
    );
    expect(() => denseFeatures(tensor([4]))).toThrow(/points \[N,D\]/);
    expect(() => denseFeatures(tensor([0, 2]))).toThrow(/points \[N,D\]/);
  });

  it("rejects pixels and classifiers that it does not have", async () => {
    const features = denseFeatures(tensor([3, 2]));
    await expect(features.rows(Int32Array.of(3))).rejects.toThrow(/pixel 3 is outside/);
    await expect(features.scores(new Float32Array(3), new Float32Array(1))).rejects.toThrow(/do not fit/);
  });
});

describe("subset", () => {
  it("is the features of the chosen pixels", async () => {
    const features = denseFeatures(tensor([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
    const some = await subset(features, Int32Array.of(0, 2));
    expect([some.pixels, some.channels]).toEqual([2, 2]);
    expect([...(await some.rows(Int32Array.of(0, 1)))]).toEqual([1, 2, 5, 6]);
  });
});

describe("pixelRanges", () => {
  it("covers all pixels in order with whole images", () => {
    const features = featurePyramid([tensor([5, 1, 3, 3])], { resolution: 3 });
    expect(pixelRanges(features, 20)).toEqual([
      { start: 0, end: 18 },
      { start: 18, end: 36 },
      { start: 36, end: 45 },
    ]);
    expect(pixelRanges(features, 1)).toHaveLength(5);
  });
});

describe("stacked", () => {
  it("puts pixels one after the other, and refuses those of other channels", async () => {
    const parts = [tensor([2, 2], Float32Array.of(1, 2, 3, 4)), tensor([1, 2], Float32Array.of(5, 6))] as const;
    const features = await stacked([denseFeatures(parts[0]), denseFeatures(parts[1])]);
    expect([...(await features.rows(Int32Array.of(0, 1, 2)))]).toEqual([1, 2, 3, 4, 5, 6]);
    await expect(stacked([features, denseFeatures(tensor([1, 3]))])).rejects.toThrow("2 channels, got 3");
  });
});
