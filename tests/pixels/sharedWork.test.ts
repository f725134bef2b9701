import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { featurePyramid } from "../../src/pixels/pyramid/featurePyramid.ts";
import { withHelpers } from "../../src/pixels/threads/sharedWork.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";

function random(length: number, seed: number): Float32Array {
  const state = new RandomState(seed);
  return Float32Array.from({ length }, () => state.randn());
}

function close(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    scale = Math.max(scale, Math.abs(b[i]));
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
  }
  expect(worst).toBeLessThanOrEqual(1e-5 * scale);
}

describe("withHelpers", () => {
  const images = 37;
  const features = featurePyramid(
    [tensor([images, 3, 16, 16], random(images * 768, 1)), tensor([images, 2, 50, 50], random(images * 5000, 2))],
    { resolution: 50 },
  );
  const { pixels, channels } = features;

  it("gives the scores, gradients and row sums of the features alone, with any number of helpers", async () => {
    let asked = 0;
    const helper = new Proxy(features, {
      get(target, name: keyof typeof features) {
        asked++;
        const member = target[name];
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 99 }),
        async (count, k, seed) => {
          const shared = withHelpers(features, Array(count).fill(helper));
          const weight = random(k * channels, seed);
          const bias = random(k, seed + 1);
          close(await shared.scores(weight, bias), await features.scores(weight, bias));
          const range = { start: 2500, end: 35 * 2500 };
          close(
            await shared.scores(weight, bias, undefined, range),
            await features.scores(weight, bias, undefined, range),
          );
          const g = random(k * pixels, seed + 2);
          close(await shared.gradient(g), await features.gradient(g));
          const index = Int32Array.from({ length: 5000 }, (_, i) => (i * 17) % pixels);
          const factors = random(k * index.length, seed + 3);
          const ours = await shared.rowSums(index, factors);
          const alone = await features.rowSums(index, factors);
          close(ours.squares, alone.squares);
          close(ours.sums, alone.sums);
        },
      ),
      { numRuns: 5 },
    );
    expect(asked).toBeGreaterThanOrEqual(5 * 4);
  });

  it("keeps small work to itself, and is the features themselves without helpers", async () => {
    const never = () => Promise.reject(new Error("asked"));
    const shared = withHelpers(features, [{ scores: never, gradient: never, rowSums: never }]);
    const range = { start: 0, end: 2500 };
    expect(await shared.scores(new Float32Array(channels), Float32Array.of(7), undefined, range)).toEqual(
      new Float32Array(2500).fill(7),
    );
    await shared.rowSums(Int32Array.of(1, 2), new Float32Array(2));
    await expect(shared.gradient(new Float32Array(pixels))).rejects.toThrow("asked");
    expect(withHelpers(features, [])).toBe(features);
  });
});
