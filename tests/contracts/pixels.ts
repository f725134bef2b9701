import { describe, expect, it } from "vitest";
import type { ClassLabels, PixelRange, Pixels } from "../../src/pixels/pixels.ts";
import { RandomState } from "../../src/tensor/random.ts";

/** Pixels, and the rows [N,D] that they stand for. */
export interface PixelsCase {
  readonly pixels: Pixels;
  readonly rows: Float64Array;
  /** Of the largest number of a result. Default 1e-5: single precision. */
  readonly tolerance?: number;
  close?(): Promise<void>;
}

/** max |a - b| as a share of max |b|, or of 1. */
function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string): void {
  expect(a.length, what).toBe(b.length);
  let [largest, worst] = [1, 0];
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    const error = Math.abs(a[i] - b[i]);
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  expect(worst / largest, what).toBeLessThanOrEqual(tolerance);
}

const dotRows = (a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, d: number): number => {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += a[i * d + c] * b[j * d + c];
  return sum;
};

/** Every member of `Pixels` against its definition, in float64 on the dense rows. */
export function pixelsContract(name: string, make: () => Promise<PixelsCase> | PixelsCase): void {
  describe(`${name}, as Pixels`, () => {
    const using = async (check: (given: PixelsCase & { tolerance: number }, random: RandomState) => Promise<void>) => {
      const given = await make();
      try {
        await check({ tolerance: 1e-5, ...given }, new RandomState(7));
      } finally {
        await given.close?.();
      }
    };
    const normal = (random: RandomState, length: number) => Float32Array.from({ length }, () => random.randn());
    /** All pixels, the last and the first `alignment` of them, and none. */
    const rangesOf = ({ pixels: n, alignment }: Pixels): (PixelRange | undefined)[] => [
      undefined,
      { start: n - (n % alignment || alignment), end: n },
      { start: 0, end: alignment },
      { start: alignment, end: alignment },
    ];
    const whole = (range: PixelRange | undefined, { pixels: n }: Pixels) => range ?? { start: 0, end: n };

    it("have the rows, in any order and again, into a given array, and no others", () =>
      using(async ({ pixels: x, rows, tolerance }, random) => {
        const index = Int32Array.from({ length: 40 }, () => random.randint(x.pixels));
        const expected = Array.from(index, (n) => [...rows.subarray(n * x.channels, (n + 1) * x.channels)]).flat();
        expectClose(await x.rows(index), expected, tolerance, "rows");
        const out = new Float32Array(index.length * x.channels);
        expect(await x.rows(index, out)).toBe(out);
        expectClose(out, expected, tolerance, "rows into an array");
        // The same bits, however many are asked for.
        const every = await x.rows(Int32Array.from({ length: x.pixels }, (_, n) => n));
        for (const n of index.subarray(0, 8))
          expect(await x.rows(Int32Array.of(n))).toEqual(every.slice(n * x.channels, (n + 1) * x.channels));
        expect(await x.rows(new Int32Array(0))).toHaveLength(0);
        await expect(x.rows(Int32Array.of(x.pixels))).rejects.toThrow(RangeError);
        await expect(x.rows(Int32Array.of(-1))).rejects.toThrow(RangeError);
      }));

    it("score, and sum by the adjoint, over any range", () =>
      using(async ({ pixels: x, rows, tolerance }, random) => {
        const { channels: d } = x;
        for (const range of rangesOf(x))
          for (const k of [1, 3]) {
            const { start, end } = whole(range, x);
            const n = end - start;
            const [weight, bias, g] = [normal(random, k * d), normal(random, k), normal(random, k * n)];
            const scores = new Float64Array(k * n);
            const sums = new Float64Array(k * d);
            for (let c = 0; c < k; c++)
              for (let i = 0; i < n; i++) {
                scores[c * n + i] = dotRows(weight, c, rows, start + i, d) + bias[c];
                for (let j = 0; j < d; j++) sums[c * d + j] += g[c * n + i] * rows[(start + i) * d + j];
              }
            expectClose(await x.scores(weight, bias, undefined, range), scores, tolerance, "scores");
            const out = new Float32Array(k * n);
            expect(await x.scores(weight, bias, out, range)).toBe(out);
            expectClose(out, scores, tolerance, "scores into an array");
            if (n > 0) expectClose(await x.gradient(g, range), sums, tolerance, "gradient");
          }
      }));

    it("sum rows and their squares", () =>
      using(async ({ pixels: x, rows, tolerance }, random) => {
        const { channels: d } = x;
        const index = Int32Array.from({ length: 50 }, () => random.randint(x.pixels)).sort();
        const factors = normal(random, 2 * index.length);
        const squares = new Float64Array(d * d);
        const sums = new Float64Array(2 * d);
        for (const [i, n] of index.entries())
          for (let a = 0; a < d; a++) {
            for (let b = 0; b < d; b++) squares[a * d + b] += rows[n * d + a] * rows[n * d + b];
            for (let r = 0; r < 2; r++) sums[r * d + a] += factors[r * index.length + i] * rows[n * d + a];
          }
        const found = await x.rowSums(index, factors);
        expectClose(found.squares, squares, tolerance, "squares");
        expectClose(found.sums, sums, tolerance, "sums");
      }));

    it("pass as SVMs: losses, counts, pulls and gradients, and the scores asked for", () =>
      using(async ({ pixels: x, rows, tolerance }, random) => {
        const { channels: d } = x;
        // Any classes, in any order; one of several labels, and one without a pixel.
        const classes: readonly ClassLabels[] = [2, [0, 3], 1, 9, [1, 2, 3]];
        const k = classes.length;
        const weight = Float32Array.from({ length: k * d }, () => 0.3 * random.randn());
        const bias = normal(random, k);
        const all = Uint16Array.from({ length: x.pixels }, () => random.randint(4));
        for (const range of rangesOf(x).slice(0, 3))
          for (const wanted of [{ gradient: true, near: 0.5 }, { keep: true }, { near: 0.5, keep: true }, {}]) {
            const { start, end } = whole(range, x);
            const labels = all.slice(start, end);
            const passes = await x.svm({ labels, classes, weight, bias, ...wanted, ...(range && { range }) });
            expect(passes).toHaveLength(k);
            for (const [c, pass] of passes.entries()) {
              const own = new Set([classes[c]].flat());
              const expected = { loss: 0, predicted: 0, truePositive: 0, pull: 0, signedPull: 0 };
              const gradient = new Float64Array(d);
              const kept: [number, number][] = [];
              for (let n = start; n < end; n++) {
                const s = dotRows(weight, c, rows, n, d) + bias[c];
                const y = own.has(all[n]) ? 1 : -1;
                const margin = 1 - y * s;
                if (s > 0) expected.predicted++;
                if (s > 0 && y === 1) expected.truePositive++;
                if ((wanted.near !== undefined && margin > -wanted.near) || (wanted.keep && s > -1)) kept.push([n, s]);
                if (margin <= 0) continue;
                expected.loss += margin * margin;
                expected.pull += margin;
                expected.signedPull += y * margin;
                for (let j = 0; j < d; j++) gradient[j] += y * margin * rows[n * d + j];
              }
              for (const key of ["loss", "predicted", "truePositive", "pull", "signedPull"] as const)
                expectClose([pass[key]], [expected[key]], tolerance, `${key} of ${classes[c]}`);
              expect([...pass.kept.index]).toEqual(kept.map(([n]) => n));
              const keptScores = kept.map(([, s]) => s);
              expectClose(pass.kept.value, keptScores, tolerance, "kept scores");
              if (wanted.gradient) expectClose(pass.pullGradient ?? [], gradient, tolerance, "gradient");
              else expect(pass.pullGradient).toBeUndefined();
            }
          }
      }));

    it("assign to the first of the best classes, and sum by class, or what changed", () =>
      using(async ({ pixels: x, rows, tolerance }, random) => {
        const { channels: d } = x;
        const k = 5;
        const weight = normal(random, k * d);
        const bias = normal(random, k);
        // The last class is the second again: it never wins.
        weight.copyWithin((k - 1) * d, d, 2 * d);
        bias[k - 1] = bias[1];
        const all = Uint16Array.from({ length: x.pixels }, () => random.randint(k));
        for (const range of rangesOf(x).slice(0, 3)) {
          const { start, end } = whole(range, x);
          const before = all.slice(start, end);
          const labels = new Uint16Array(end - start);
          const [sums, change, sizes] = [new Float64Array(k * d), new Float64Array(k * d), new Float64Array(k)];
          let scored = 0;
          for (let n = start; n < end; n++) {
            const scores = Array.from({ length: k }, (_, c) => dotRows(weight, c, rows, n, d) + bias[c]);
            const best = scores.indexOf(Math.max(...scores));
            labels[n - start] = best;
            sizes[best]++;
            scored += scores[best];
            for (let j = 0; j < d; j++) {
              sums[best * d + j] += rows[n * d + j];
              change[best * d + j] += rows[n * d + j];
              change[before[n - start] * d + j] -= rows[n * d + j];
            }
          }
          const classifier = { k, channels: d, weight, bias };
          const some = range && { range };
          const found = await x.nearest(classifier, some);
          expect(found.labels).toEqual(labels);
          expect(found.sizes).toEqual(sizes);
          expectClose([found.scored], [scored], tolerance, "scored");
          expectClose(found.sums, sums, tolerance, "sums");
          const moved = await x.nearest(classifier, { before, ...some });
          expect(moved.labels).toEqual(labels);
          expectClose(moved.sums, change, tolerance, "change of sums");
          const plain = await x.nearest(classifier, { sums: false, ...some });
          expect(plain.labels).toEqual(labels);
          expectClose([plain.scored], [scored], tolerance, "scored without sums");
        }
      }));

    it("have a mean and a variance", () =>
      using(async ({ pixels: x, rows, tolerance }) => {
        const { channels: d } = x;
        for (const range of rangesOf(x).slice(0, 3)) {
          const { start, end } = whole(range, x);
          const mean = new Float64Array(d);
          let variance = 0;
          for (let n = start; n < end; n++) for (let j = 0; j < d; j++) mean[j] += rows[n * d + j] / (end - start);
          for (let n = start; n < end; n++)
            for (let j = 0; j < d; j++) variance += (rows[n * d + j] - mean[j]) ** 2 / (end - start);
          const found = await x.spread(range);
          expectClose(found.mean, mean, tolerance, "mean");
          expectClose([found.variance], [variance], tolerance, "variance");
        }
      }));

    it("refuse what does not fit", () =>
      using(async ({ pixels: x }) => {
        const { channels: d, pixels: n, alignment } = x;
        expect(["cheap", "dear"]).toContain(x.passCost);
        await expect(x.scores(new Float32Array(d + 1), new Float32Array(1))).rejects.toThrow(RangeError);
        const short = new Float32Array(n - 1);
        await expect(x.scores(new Float32Array(d), new Float32Array(1), short)).rejects.toThrow(RangeError);
        await expect(x.gradient(new Float32Array(n + 1))).rejects.toThrow(RangeError);
        const outside = { start: 0, end: n + alignment };
        await expect(x.scores(new Float32Array(d), new Float32Array(1), undefined, outside)).rejects.toThrow(
          RangeError,
        );
        await expect(x.spread({ start: alignment, end: 0 })).rejects.toThrow(RangeError);
      }));
  });
}
