import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/ops/index.ts";
import type { Value } from "../../src/graph/value.ts";
import {
  blur,
  heConv,
  heConvUp,
  imageAtLod,
  instanceNorm,
  nearestUpsample,
  toRgb,
} from "../../src/nn/progressiveLayers.ts";
import { fullyConnected, lrelu, modulatedConv, normalizeSecondMoment } from "../../src/nn/styleLayers.ts";
import { firSmooth, firUpsample } from "../../src/nn/upfirdn.ts";
import { randn } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";

/** Evaluates y(x) in float64. */
function evaluate(shape: readonly number[], data: ArrayLike<number>, build: (x: Value) => Value): Float64Array {
  const y = build(input("x", shape));
  return evaluateGraph(graph({ y }), new Map([["x", data]])).get("y") as Float64Array;
}
const closeTo = (expected: ArrayLike<number>, digits = 5) => Array.from(expected, (v) => expect.closeTo(v, digits));

/** One channel with zeros around it. */
type Plane = (row: number, column: number) => number;
const plane =
  (data: ArrayLike<number>, height: number, width: number, offset = 0): Plane =>
  (h, w) =>
    h >= 0 && w >= 0 && h < height && w < width ? data[offset + h * width + w] : 0;

describe("layers of the StyleGAN family", () => {
  it("lrelu has slope 0.2", () => {
    expect([...evaluate([2], [-1, 3], lrelu)]).toEqual(closeTo([-0.2, 3]));
  });

  it("normalizeSecondMoment makes the mean square 1 over features, or over channels at each pixel", () => {
    expect([...evaluate([1, 2], [3, 4], normalizeSecondMoment)]).toEqual(
      closeTo([3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)]),
    );
    const pixels = evaluate([1, 2, 1, 2], [3, 1, 4, 1], normalizeSecondMoment);
    expect([...pixels]).toEqual(closeTo([3 / Math.sqrt(12.5), 1, 4 / Math.sqrt(12.5), 1]));
  });

  it("fullyConnected multiplies by the transposed weight, each with its gain", () => {
    const y = evaluate([1, 2], [1, 10], (x) =>
      fullyConnected(x, constant([3, 2], [1, 2, 3, 4, 5, 6]), constant([3], [1, 2, 3]), {
        weightGain: 2,
        biasGain: 10,
      }),
    );
    expect([...y]).toEqual([2 * 21 + 10, 2 * 43 + 20, 2 * 65 + 30]);
  });

  it("modulatedConv is the convolution with each sample's modulated, demodulated kernel", () => {
    const [N, I, O, H] = [2, 2, 3, 4];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.boolean(), (seed, demodulate) => {
        const x = randn(seed, N * I * H * H);
        const style = randn(seed + 1, N * I);
        const weight = randn(seed + 2, O * I * 9);
        const values = { x: input("x", [N, I, H, H]), style: input("style", [N, I]) };
        const y = modulatedConv(
          values.x,
          values.style,
          constant([O, I, 3, 3], weight),
          demodulate ? { demodulateTo: 1.5 } : {},
        );
        const feeds = new Map<string, ArrayLike<number>>(Object.entries({ x, style }));
        const got = evaluateGraph(graph({ y }), feeds).get("y") as Float64Array;
        const expected: number[] = [];
        for (let n = 0; n < N; n++)
          for (let o = 0; o < O; o++) {
            const kernel = Array.from(
              { length: I * 9 },
              (_, k) => weight[o * I * 9 + k] * style[n * I + Math.floor(k / 9)],
            );
            const norm = Math.sqrt(kernel.reduce((sum, v) => sum + v * v, 1e-8));
            const gain = demodulate ? 1.5 / norm : 1;
            for (let h = 0; h < H; h++)
              for (let w = 0; w < H; w++) {
                let sum = 0;
                for (let k = 0; k < I * 9; k++) {
                  const at = plane(x, H, H, (n * I + Math.floor(k / 9)) * H * H);
                  sum += kernel[k] * gain * at(h + Math.floor((k % 9) / 3) - 1, w + (k % 3) - 1);
                }
                expected.push(sum);
              }
          }
        expect([...got]).toEqual(closeTo(expected, 4));
      }),
      { numRuns: 10, seed: 1 },
    );
  });

  it("modulatedConv up-samples by scattering each pixel through the kernel, then the filter with gain 4", () => {
    const [H, filter] = [2, { size: 4, taps: Float32Array.from({ length: 16 }, (_, i) => i / 100) }];
    const x = randn(1, H * H);
    const weight = randn(2, 9);
    const scattered = new Float64Array(25);
    for (let i = 0; i < H; i++)
      for (let j = 0; j < H; j++)
        for (let k = 0; k < 9; k++)
          scattered[(2 * i + Math.floor(k / 3)) * 5 + 2 * j + (k % 3)] += 3 * x[i * H + j] * weight[k];
    const at = plane(scattered, 5, 5);
    const expected = Array.from({ length: 16 }, (_, p) => {
      let sum = 0;
      for (let t = 0; t < 16; t++)
        sum += 4 * filter.taps[t] * at(Math.floor(p / 4) + Math.floor(t / 4) - 1, (p % 4) + (t % 4) - 1);
      return sum;
    });
    const values = { x: input("x", [1, 1, H, H]), style: input("style", [1, 1]) };
    const y = modulatedConv(values.x, values.style, constant([1, 1, 3, 3], weight), { upsample: filter });
    const feeds = new Map<string, ArrayLike<number>>(Object.entries({ x, style: [3] }));
    expect([...(evaluateGraph(graph({ y }), feeds).get("y") as Float64Array)]).toEqual(closeTo(expected, 4));
  });

  it("firSmooth correlates every channel with the filter", () => {
    const x = randn(3, 2 * 9);
    const taps = randn(4, 4);
    const y = evaluate([1, 2, 3, 3], x, (v) => firSmooth(v, { size: 2, taps }, 1, 2));
    const expected = Array.from({ length: 32 }, (_, p) => {
      const at = plane(x, 3, 3, Math.floor(p / 16) * 9);
      const [h, w] = [Math.floor((p % 16) / 4) - 1, (p % 4) - 1];
      return 2 * (taps[0] * at(h, w) + taps[1] * at(h, w + 1) + taps[2] * at(h + 1, w) + taps[3] * at(h + 1, w + 1));
    });
    expect([...y]).toEqual(closeTo(expected));
  });

  it("firUpsample inserts zeros, pads 2 before and 1 after, and correlates with the filter times 4", () => {
    const x = randn(5, 9);
    const taps = randn(6, 16);
    const spread: Plane = (h, w) => (h % 2 === 0 && w % 2 === 0 ? plane(x, 3, 3)(h / 2, w / 2) : 0);
    const expected = Array.from({ length: 36 }, (_, p) => {
      let sum = 0;
      for (let t = 0; t < 16; t++)
        sum += 4 * taps[t] * spread(Math.floor(p / 6) + Math.floor(t / 4) - 2, (p % 6) + (t % 4) - 2);
      return sum;
    });
    expect([...evaluate([1, 1, 3, 3], x, (v) => firUpsample(v, { size: 4, taps }))]).toEqual(closeTo(expected));
  });
});

describe("layers of PGGAN and StyleGAN", () => {
  it("heConvUp is nearest-neighbour doubling, then heConv with the reversed kernel", () => {
    const shape = [2, 3, 3, 3] as const;
    const weight = randn(7, sizeOf(shape));
    const reversed = weight.map((_, i) => weight[i - (i % 9) + 8 - (i % 9)]);
    const x = randn(8, 3 * 16);
    const up = evaluate([1, 3, 4, 4], x, (v) => heConvUp(v, { weight, shape }));
    const plain = evaluate([1, 3, 4, 4], x, (v) => heConv(nearestUpsample(v, 2), { weight: reversed, shape }));
    expect([...up]).toEqual(closeTo(plain));
  });

  it("heConv scales by sqrt(2 / fan-in), toRgb by 1 / sqrt(channels)", () => {
    const ones = new Float32Array(9).fill(1);
    const y = evaluate([1, 1, 3, 3], ones, (x) => heConv(x, { weight: ones, shape: [1, 1, 3, 3] }));
    expect(y[4]).toBeCloseTo((9 * Math.SQRT2) / 3, 5);
    const rgb = { weight: ones.slice(0, 4), shape: [1, 4, 1, 1] as const };
    expect([...evaluate([1, 4, 1, 1], [1, 1, 1, 1], (x) => toRgb(x, rgb, Float32Array.of(5)))]).toEqual(closeTo([7]));
  });

  it("blur is the binomial filter with zeros around", () => {
    const y = evaluate([1, 1, 3, 3], [0, 0, 0, 0, 16, 0, 0, 0, 0], blur);
    expect([...y]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1]);
  });

  it("instanceNorm gives every channel mean 0 and mean square 1", () => {
    const y = evaluate([1, 2, 3, 3], randn(9, 18), instanceNorm);
    for (const channel of [y.slice(0, 9), y.slice(9)]) {
      expect(channel.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 5);
      expect(channel.reduce((sum, v) => sum + v * v, 0) / 9).toBeCloseTo(1, 5);
    }
  });

  it("imageAtLod: whole levels are enlarged, those between are mixed", () => {
    const image = (lod: number): number[] => {
      const images = [input("low", [1, 1, 1, 1]), input("high", [1, 1, 2, 2])];
      const feeds = new Map<string, ArrayLike<number>>(Object.entries({ low: [8], high: [1, 2, 3, 4] }));
      return [...(evaluateGraph(graph({ y: imageAtLod(images, lod) }), feeds).get("y") as Float64Array)];
    };
    expect(image(0)).toEqual([1, 2, 3, 4]);
    expect(image(1)).toEqual([8, 8, 8, 8]);
    expect(image(0.25)).toEqual([2.75, 3.5, 4.25, 5]);
  });
});
