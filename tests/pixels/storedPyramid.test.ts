import { describe, expect, it } from "vitest";
import { plainBlas } from "../../src/numeric/blas.ts";
import { pyramidFeatures } from "../../src/pixels/pyramid/pyramid.ts";
import { type HalfStore, numbersOf, type StoredShape, storedFeatures } from "../../src/pixels/pyramid/storedPyramid.ts";
import { pixelRanges } from "../../src/pixels/ranges.ts";
import { withSharedPasses } from "../../src/pixels/threads/sharedPasses.ts";
import { roundToHalves, widenHalves } from "../../src/tensor/half.ts";
import { randn } from "../../src/tensor/random.ts";

/** Halves in memory, as a store, and the same numbers as a pyramid of float32. */
function both(shape: StoredShape, seed: number) {
  const halves = shape.levels.map((level, i) => roundToHalves(randn(seed + i, shape.images * numbersOf(level))));
  const store: HalfStore = {
    read(level, image, start, out) {
      const from = image * numbersOf(shape.levels[level]) + start;
      out.set(halves[level].subarray(from, from + out.length));
    },
    load: async (first, count) =>
      shape.levels.map((level, i) => halves[i].slice(first * numbersOf(level), (first + count) * numbersOf(level))),
  };
  const levels = shape.levels.map((level, i) => ({ ...level, data: widenHalves(halves[i]) }));
  return {
    stored: storedFeatures(shape, store, plainBlas()),
    held: pyramidFeatures({ ...shape, levels }, plainBlas()),
  };
}

function close(a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-5): void {
  expect(a.length).toBe(b.length);
  let scale = 1;
  for (let i = 0; i < b.length; i++) scale = Math.max(scale, Math.abs(b[i]));
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  expect(worst).toBeLessThanOrEqual(tolerance * scale);
}

const SHAPES: readonly StoredShape[] = [
  // One block of several images; a single pixel; a level of one point.
  {
    images: 5,
    resolution: 8,
    levels: [
      { size: 1, channels: 3, first: 0 },
      { size: 4, channels: 5, first: 3 },
      { size: 8, channels: 2, first: 8 },
    ],
  },
  { images: 2, resolution: 1, levels: [{ size: 1, channels: 4, first: 0 }] },
  // Several blocks: each image has more than half of a block's numbers. More than 1024 pixels, so rows are read whole.
  {
    images: 3,
    resolution: 48,
    levels: [
      { size: 48, channels: 300, first: 0 },
      { size: 12, channels: 7, first: 300 },
    ],
  },
];

describe.each(SHAPES)("storedFeatures of $images images, resolution $resolution", (shape) => {
  const { stored, held } = both(shape, 11);
  const { pixels, channels, alignment } = held;
  const k = 2;
  const weight = randn(1, k * channels);
  const bias = randn(2, k);

  it("has the scores and gradients of the rounded numbers in memory", async () => {
    close(await stored.scores(weight, bias), await held.scores(weight, bias));
    const range = { start: alignment, end: 2 * alignment };
    close(await stored.scores(weight, bias, undefined, range), await held.scores(weight, bias, undefined, range));
    const g = randn(3, k * pixels);
    close(await stored.gradient(g), await held.gradient(g));
    const one = randn(4, pixels);
    close(await stored.gradient(one), await held.gradient(one));
  });

  it("has the rows, few or many of an image, in any order", async () => {
    const few = Int32Array.of(pixels - 1, 0, Math.floor(pixels / 2), 0);
    close(await stored.rows(few), await held.rows(few), 1e-6);
    const all = Int32Array.from({ length: pixels }, (_, n) => n);
    close(await stored.rows(all), await held.rows(all), 1e-6);
  });

  it("passes are the same in pieces, shared with a thread that holds the rounded numbers", async () => {
    const labels = Uint16Array.from({ length: pixels }, (_, n) => n % 3);
    const request = { labels, classes: [0, 2], weight, bias, keep: true, gradient: true };
    const shared = withSharedPasses(stored, [held], { piece: alignment });
    const expected = await held.svm(request);
    for (const [c, pass] of (await shared.svm(request)).entries()) {
      expect(pass.predicted).toBe(expected[c].predicted);
      expect(pass.truePositive).toBe(expected[c].truePositive);
      expect(pass.kept.index).toEqual(expected[c].kept.index);
      close(pass.kept.value, expected[c].kept.value);
      close([pass.loss, pass.pull, pass.signedPull], [expected[c].loss, expected[c].pull, expected[c].signedPull]);
      close(pass.pullGradient ?? [], expected[c].pullGradient ?? []);
    }
    const classifier = { k, channels, weight, bias };
    const nearest = await shared.nearest(classifier);
    const alone = await held.nearest(classifier);
    expect(nearest.labels).toEqual(alone.labels);
    expect(nearest.sizes).toEqual(alone.sizes);
    close(nearest.sums, alone.sums);
    close([nearest.scored], [alone.scored]);
  });
});

describe("pixelRanges", () => {
  it("covers a part of the pixels, aligned", () => {
    const { held } = both(SHAPES[0], 1);
    expect(pixelRanges(held, 130, { start: 64, end: 320 })).toEqual([
      { start: 64, end: 192 },
      { start: 192, end: 320 },
    ]);
  });
});
