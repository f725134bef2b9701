/**
 * The assignment step of K-means on a pyramid. A score is a constant plus the resized scores of all levels, which are computed at each
 * level's own resolution; resizing them and the search for the best class are one loop, so K score maps of full size never exist.
 * The sums of features of each class are the adjoint: a pixel's weight of 1 goes to the native pixels that it is interpolated from,
 * whose features are then summed by weight.
 */

import type { Blas } from "../../numeric/blas.ts";
import { columns } from "../../numeric/matrices.ts";
import { type NearestKernels, returnKernels, takeKernels } from "../kernels/nearestKernels.ts";
import type { LinearClassifier } from "../linearClassifier.ts";
import type { NearestPass, PixelRange } from "../pixels.ts";
import type { PyramidLevel } from "./pyramidData.ts";
import type { ResizePlan } from "./resize.ts";

export interface NearestRequest {
  readonly levels: readonly (PyramidLevel & { readonly plan: ResizePlan })[];
  /** R. */
  readonly resolution: number;
  readonly classifier: LinearClassifier;
  readonly blas: Blas;
  /** Consecutive. */
  readonly ranges: readonly PixelRange[];
  readonly sums: boolean;
  readonly before: Uint16Array | undefined;
}

/** Floats of one batch of images, of features or of score maps: they stay in the processor's cache. */
const BATCH_FLOATS = 1 << 19;
/** A batch that needs more floats than this in all is left to the loops that serve any features. */
const MOST_FLOATS = 1 << 22;

/** Assigns the pixels of the ranges; undefined where shapes or the engine do not allow for it. */
export async function pyramidNearest(request: NearestRequest): Promise<NearestPass | undefined> {
  const { levels, resolution, ranges, classifier, sums: summed, before } = request;
  const { k, channels } = classifier;
  const area = resolution * resolution;
  if (summed && levels.some((level) => level.channels % 4 !== 0)) return undefined;
  const numbers = levels.reduce((sum, level) => sum + level.size * level.size * level.channels, 0);
  const largest = ranges.reduce((most, { start, end }) => Math.max(most, (end - start) / area), 1);
  const batch = Math.min(largest, Math.max(1, Math.floor(BATCH_FLOATS / Math.max(k * area, numbers))));
  const layout = layoutOf(request, batch);
  if (layout.end > MOST_FLOATS) return undefined;
  const finest = levels.findIndex((level) => level.size === resolution);
  const others = levels.length - (finest < 0 ? 0 : 1);
  const kernels = takeKernels(others, 4 * layout.end);
  if (kernels === undefined) return undefined;
  const weights = levels.map((level) => {
    const weight = new Float32Array(padded(k) * level.channels);
    weight.set(columns(classifier.weight, k, channels, level.first, level.channels));
    return weight;
  });
  const work: Work = { ...request, kernels, layout, finest, weights };
  const first = ranges.length === 0 ? 0 : ranges[0].start;
  const labels = new Uint16Array(ranges.length === 0 ? 0 : ranges[ranges.length - 1].end - first);
  const sums = new Float64Array(k * channels);
  const sizes = new Float64Array(k);
  let scored = 0;
  try {
    begin(work);
    for (const { start, end } of ranges) {
      const part = new Float64Array(summed ? k * channels : 0);
      let partScored = 0;
      for (let image = start / area; image < end / area; image += batch) {
        const count = Math.min(batch, end / area - image);
        await scoreLevels(work, image, count);
        findBest(work, count);
        partScored += readBest(work, labels, image * area - first, count * area, sizes);
        if (!summed) continue;
        const from = image * area - first;
        if (before !== undefined) kernels.integers.set(before.subarray(from, from + count * area), layout.before);
        sumFeatures(work, count);
        addSums(work, part);
      }
      scored += partScored;
      for (let j = 0; j < part.length; j++) sums[j] += part[j];
    }
  } finally {
    returnKernels(others, kernels);
  }
  return { labels, sums, sizes, scored };
}

/** Where the operands of one batch lie in the kernels' memory, in floats. */
interface Layout {
  readonly zeros: number;
  readonly bias: number;
  readonly best: number;
  readonly labels: number;
  /** The labels before; -1 where there were none. */
  readonly before: number;
  readonly sums: number;
  readonly levels: readonly LevelLayout[];
  readonly end: number;
}

interface LevelLayout {
  readonly features: number;
  /** Scores at the level's own resolution, [images, h, h, K], K a multiple of 4. */
  readonly maps: number;
  /** Those of one line between two. */
  readonly line: number;
  /** Which pixels each of a line is interpolated from. */
  readonly neighbours: number;
  /** One image's weights of native pixels [h, h, K]. */
  readonly weights: number;
}

const padded = (k: number): number => 4 * Math.ceil(k / 4);

function layoutOf({ levels, resolution, classifier }: NearestRequest, images: number): Layout {
  let end = 0;
  const take = (floats: number): number => {
    const at = end;
    end += padded(floats);
    return at;
  };
  const k = padded(classifier.k);
  const area = resolution * resolution;
  const zeros = take(resolution * k);
  const bias = take(k);
  const best = take(images * area);
  const labels = take(images * area);
  const before = take(images * area);
  const sums = take(k * classifier.channels);
  const places = levels.map(({ size, channels }): LevelLayout => {
    const native = size * size;
    const resized = size < resolution;
    return {
      features: take(images * native * channels),
      maps: take(images * native * k),
      line: take(resized ? size * k : 0),
      neighbours: take(2 * resolution),
      weights: take(resized ? native * k : 0),
    };
  });
  return { zeros, bias, best, labels, before, sums, levels: places, end };
}

interface Work extends NearestRequest {
  readonly kernels: NearestKernels;
  readonly layout: Layout;
  /** The level that needs no resizing; -1 where there is none. */
  readonly finest: number;
  /** Each level's columns of the classifier's weight, [K, C], K a multiple of 4. */
  readonly weights: readonly Float32Array[];
}

/** Fills the tables. */
function begin({ kernels, layout, classifier, levels, resolution }: Work): void {
  const { floats, integers } = kernels;
  const k = padded(classifier.k);
  const clear = (at: number, count: number) => floats.fill(0, at, at + count);
  clear(layout.zeros, resolution * k);
  clear(layout.sums, k * classifier.channels);
  floats.fill(Number.NEGATIVE_INFINITY, layout.bias, layout.bias + k);
  floats.set(classifier.bias, layout.bias);
  integers.fill(-1, layout.before, layout.sums);
  for (const [l, { size, plan }] of levels.entries()) {
    const { neighbours, weights } = layout.levels[l];
    if (size < resolution) clear(weights, size * size * k);
    for (let x = 0; x < resolution; x++) {
      integers[neighbours + 2 * x] = 4 * k * (size < resolution ? plan.map.low[x] : x);
      floats[neighbours + 2 * x + 1] = size < resolution ? plan.map.fraction[x] : 0;
    }
  }
}

/** Scores of `count` images at each level's resolution. */
async function scoreLevels(work: Work, image: number, count: number): Promise<void> {
  const { levels, classifier, blas, kernels, layout, sums, weights } = work;
  const { floats } = kernels;
  const n = padded(classifier.k);
  for (const [l, { size, channels, data }] of levels.entries()) {
    const { features, maps } = layout.levels[l];
    const m = count * size * size;
    const start = image * size * size * channels;
    let a = data.subarray(start, start + m * channels);
    // Products take no shared memory, and would copy it.
    if (sums || !(a.buffer instanceof ArrayBuffer)) {
      floats.set(a, features);
      a = floats.subarray(features, features + m * channels);
    }
    const out = floats.subarray(maps, maps + m * n);
    await blas.gemm({ a, b: weights[l], m, n, k: channels, transposeB: true, out });
  }
}

/** The best class of each pixel of the batch. */
function findBest({ levels, resolution, classifier, kernels, layout, finest }: Work, count: number): void {
  const k = padded(classifier.k);
  const width = 4 * k;
  const others = levels.map((level, l) => ({ ...level, ...layout.levels[l] })).filter((_, l) => l !== finest);
  const neighbours = new Array<number>(3 * others.length);
  for (let i = 0; i < count; i++)
    for (let y = 0; y < resolution; y++) {
      const line = i * resolution + y;
      for (const [o, level] of others.entries()) {
        const { size, maps } = level;
        const step = size > 1 && size < resolution ? 1 : 0;
        if (size < resolution) {
          const { low, fraction } = level.plan.map;
          const upper = 4 * (maps + (i * size + low[y]) * size * k);
          kernels.blendLine(4 * level.line, upper, upper + step * size * width, size * width, fraction[y]);
        }
        neighbours[3 * o] = 4 * (size < resolution ? level.line : maps + line * resolution * k);
        neighbours[3 * o + 1] = 4 * level.neighbours;
        neighbours[3 * o + 2] = step * width;
      }
      kernels.bestLine(
        4 * (finest < 0 ? layout.zeros : layout.levels[finest].maps + line * resolution * k),
        4 * layout.bias,
        width,
        4 * (layout.best + line * resolution),
        4 * (layout.labels + line * resolution),
        resolution,
        ...neighbours,
      );
    }
}

/** Copies the labels of `pixels` pixels to those from `first`, counts them, and adds up their scores. */
function readBest(
  { kernels: { floats, integers }, layout }: Work,
  labels: Uint16Array,
  first: number,
  pixels: number,
  sizes: Float64Array,
): number {
  const best = floats.subarray(layout.best, layout.best + pixels);
  const found = integers.subarray(layout.labels, layout.labels + pixels);
  labels.set(found, first);
  for (let n = 0; n < found.length; n++) sizes[found[n]]++;
  // Four sums at a time: one would wait for each addition.
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let n = 0; n + 3 < best.length; n += 4) {
    a += best[n];
    b += best[n + 1];
    c += best[n + 2];
    d += best[n + 3];
  }
  for (let n = best.length - (best.length % 4); n < best.length; n++) a += best[n];
  return a + b + (c + d);
}

/** Adds the batch's features to the sums of their classes, and takes them from those of their classes before. */
function sumFeatures({ levels, resolution, classifier, kernels, layout }: Work, count: number): void {
  const { k, channels } = classifier;
  const stride = 4 * channels;
  const area = resolution * resolution;
  const pixelWeights = 4 * padded(k);
  for (const [l, { size, channels, first, plan }] of levels.entries()) {
    const { features, neighbours, weights } = layout.levels[l];
    const sums = 4 * (layout.sums + first);
    const width = 4 * channels;
    if (size === resolution) {
      kernels.sumRows(4 * layout.labels, 4 * layout.before, count * area, 4 * features, width, sums, stride);
      continue;
    }
    const { low, fraction } = plan.map;
    const right = size > 1 ? pixelWeights : 0;
    for (let i = 0; i < count; i++) {
      for (let y = 0; y < resolution; y++) {
        const at = 4 * (i * area + y * resolution);
        const upper = 4 * weights + low[y] * size * pixelWeights;
        kernels.spreadLabels(
          4 * layout.labels + at,
          4 * layout.before + at,
          resolution,
          4 * neighbours,
          upper,
          right,
          size * right,
          fraction[y],
        );
      }
      const rows = 4 * (features + i * size * size * channels);
      kernels.sumWeighted(4 * weights, pixelWeights, size * size, rows, width, sums, stride);
    }
  }
}

/** Moves the kernels' sums to `total`. */
function addSums({ kernels: { floats }, layout }: Work, total: Float64Array): void {
  const sums = floats.subarray(layout.sums, layout.sums + total.length);
  for (let j = 0; j < total.length; j++) total[j] += sums[j];
  sums.fill(0);
}
