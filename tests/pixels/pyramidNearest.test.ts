import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { denseFeatures } from "../../src/pixels/denseFeatures.ts";
import type { Pixels } from "../../src/pixels/pixels.ts";
import { featurePyramid } from "../../src/pixels/pyramid/featurePyramid.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";

/** Small integers: their products and sums are exact in single precision where fractions are. */
function pyramid(images: number, resolution: number, layers: readonly (readonly [number, number])[], seed: number) {
  const random = new RandomState(seed);
  return featurePyramid(
    layers.map(([channels, size]) => {
      const layer = tensor([images, channels, size, size]);
      for (let i = 0; i < layer.data.length; i++) layer.data[i] = random.randint(17) - 8;
      return layer;
    }),
    { resolution },
  );
}

/** The same pixels as a plain matrix, which has no fast way. */
async function dense(features: Pixels): Promise<Pixels> {
  const { pixels, channels } = features;
  const data = await features.rows(Int32Array.from({ length: pixels }, (_, n) => n));
  return denseFeatures(tensor([pixels, channels], data));
}

function close(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(b[i])));
}

describe("nearestPass of a pyramid", () => {
  const shapes = fc.record({
    images: fc.integer({ min: 1, max: 5 }),
    // Grids whose fractions are of few bits: 3 to 5, 9 and 17 by halves, quarters and eighths.
    resolution: fc.constantFrom(3, 5, 9, 17),
    layers: fc.array(fc.tuple(fc.constantFrom(2, 3, 4, 8, 12), fc.constantFrom(1, 2, 3, 5, 9)), {
      minLength: 1,
      maxLength: 3,
    }),
    k: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer({ min: 0, max: 1000 }),
  });

  it("assigns and sums as over the dense matrix, ties to the first class", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ images, resolution, layers, k, seed }) => {
        const features = pyramid(images, resolution, layers, seed);
        const plain = await dense(features);
        const { channels, pixels } = features;
        const random = new RandomState(seed + 1);
        const weight = Float32Array.from({ length: k * channels }, () => random.randint(5) - 2);
        // The last class is the first again: it never wins.
        if (k > 1) weight.copyWithin((k - 1) * channels, 0, channels);
        const bias = Float32Array.from({ length: k }, (_, c) => (c === k - 1 ? 0 : c % 3));
        const classifier = { k, channels, weight, bias };
        const found = await features.nearest(classifier);
        const expected = await plain.nearest(classifier);
        expect(found.labels).toEqual(expected.labels);
        if (k > 1) expect(found.sizes[k - 1]).toBe(0);
        expect(found.sizes).toEqual(expected.sizes);
        close(found.sums, expected.sums);
        close([found.scored], [expected.scored]);
        const before = Uint16Array.from({ length: pixels }, (_, n) => (n % 2 ? found.labels[n] : random.randint(k)));
        const change = await features.nearest(classifier, { before });
        close(change.sums, (await plain.nearest(classifier, { before })).sums);
        const start = features.alignment * Math.floor(images / 2);
        const part = await features.nearest(classifier, { range: { start, end: pixels } });
        expect(part.labels).toEqual(expected.labels.subarray(start));
      }),
      { numRuns: 60 },
    );
  });

  it("has the mean and variance of the dense matrix, whatever is added to all pixels", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ images, resolution, layers, seed }) => {
        const features = pyramid(images, resolution, layers, seed);
        const { mean, variance } = await features.spread();
        const expected = await (await dense(features)).spread();
        close(mean, expected.mean);
        expect(variance).toBeCloseTo(expected.variance, 4);
      }),
      { numRuns: 40 },
    );
    const constant = featurePyramid([tensor([2, 4, 3, 3], new Float32Array(72).fill(1e6))], { resolution: 7 });
    expect((await constant.spread()).variance).toBe(0);
  });
});
