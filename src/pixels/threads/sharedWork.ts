import type { SvmHelper } from "../../cluster/svm/svmHelpers.ts";
import { type PixelRange, type Pixels, pixelRanges, resolveRange } from "../pixels.ts";
import { type PassHelper, sharedPasses } from "./passHelpers.ts";

/** Somebody who can compute on the same features at the same time: another thread. All may run passes and solve SVMs, or none. */
export type Helper = Pick<Pixels, "scores" | "gradient" | "rowSums"> & Partial<PassHelper & SvmHelper>;

/** Less work than this is not worth a message: score maps of so many numbers, or so many rows. */
const LEAST_SCORES = 1 << 16;
const LEAST_ROWS = 1024;

/**
 * The same features, the work on them shared with `helpers`: products evenly, passes chunk by chunk, SVMs one by one. Passes and SVMs
 * give the same numbers for any number of helpers. Products of parts are added in a fixed order: their results depend on the number
 * of helpers (by rounding), not on who is faster.
 */
export function withHelpers(features: Pixels, helpers: readonly Helper[]): Pixels {
  if (helpers.length === 0) return features;
  // The helpers are asked first: what is done here would keep their requests waiting.
  const workers: readonly Helper[] = [...helpers, features];
  const { pixels, channels, alignment } = features;
  const passing = helpers.filter((helper): helper is Helper & PassHelper => helper.svmPass !== undefined);
  const solving = helpers.filter((helper): helper is Helper & SvmHelper => helper.solve !== undefined);

  /** Consecutive aligned parts of `range`, one for each worker. */
  const split = ({ start, end }: PixelRange): PixelRange[] => {
    const units = Math.ceil((end - start) / alignment);
    const at = (i: number) => Math.min(end, start + Math.floor((units * i) / workers.length) * alignment);
    return workers.map((_, i) => ({ start: at(i), end: i + 1 === workers.length ? end : at(i + 1) }));
  };
  const few = (range: PixelRange, k: number) =>
    k * (range.end - range.start) < LEAST_SCORES || range.end - range.start < workers.length * alignment;

  return {
    pixels,
    channels,
    alignment,
    blas: features.blas,
    ...(passing.length > 0 && { passes: sharedPasses(features, passing, pixelRanges(features)) }),
    ...(solving.length > 0 && { solving: { helpers: solving, alone: features } }),
    ...(features.spread && { spread: features.spread.bind(features) }),
    rows: (index, out) => features.rows(index, out),
    async scores(weight, bias, out, range) {
      const whole = resolveRange(features, range);
      const k = bias.length;
      if (few(whole, k)) return features.scores(weight, bias, out, range);
      const n = whole.end - whole.start;
      const result = out ?? new Float32Array(k * n);
      if (result.length !== k * n)
        throw new RangeError(`scores: out must have ${k * n} elements, it has ${result.length}`);
      await Promise.all(
        split(whole).map(async (part, i) => {
          const first = part.start - whole.start;
          const count = part.end - part.start;
          // One class's scores lie together: the own part is computed in place.
          if (k === 1 && workers[i] === features) {
            await features.scores(weight, bias, result.subarray(first, first + count), part);
            return;
          }
          const scores = await workers[i].scores(weight, bias, undefined, part);
          for (let c = 0; c < k; c++) result.set(scores.subarray(c * count, (c + 1) * count), c * n + first);
        }),
      );
      return result;
    },
    async gradient(g, range) {
      const whole = resolveRange(features, range);
      const n = whole.end - whole.start;
      const k = g.length / n;
      if (!Number.isInteger(k) || few(whole, k)) return features.gradient(g, range);
      const parts = await Promise.all(
        split(whole).map((part, i) => {
          const first = part.start - whole.start;
          const count = part.end - part.start;
          const own = new Float32Array(k * count);
          for (let c = 0; c < k; c++) own.set(g.subarray(c * n + first, c * n + first + count), c * count);
          return workers[i].gradient(own, part);
        }),
      );
      return total(parts);
    },
    async rowSums(index, factors) {
      const m = index.length;
      if (m < LEAST_ROWS) return features.rowSums(index, factors);
      const r = factors.length / m;
      const parts = await Promise.all(
        workers.map((worker, i) => {
          const first = Math.floor((m * i) / workers.length);
          const last = Math.floor((m * (i + 1)) / workers.length);
          const own = new Float32Array(r * (last - first));
          for (let c = 0; c < r; c++) own.set(factors.subarray(c * m + first, c * m + last), c * (last - first));
          return worker.rowSums(index.slice(first, last), own);
        }),
      );
      return { squares: total(parts.map((part) => part.squares)), sums: total(parts.map((part) => part.sums)) };
    },
  };
}

/** The sum of vectors, added to the first of them. */
function total([sum, ...others]: Float64Array[]): Float64Array {
  for (const other of others) for (let j = 0; j < sum.length; j++) sum[j] += other[j];
  return sum;
}
