/** Features as levels of their own resolution: the storage, and the linear functions computed on it. */
import type { Blas } from "../runtime/blas.ts";
import { addResized, type LinearMap, linearMap, resizeAdjoint } from "./bilinear.ts";
import {
  checkIndex,
  classCount,
  denseRowSums,
  type LinearFeatures,
  type RowSums,
  resolveRange,
} from "./linearFeatures.ts";

/** One layer at its own resolution, at most R. */
export interface PyramidLevel {
  readonly size: number;
  readonly channels: number;
  /** Where the layer's channels start among the D of all layers. */
  readonly first: number;
  /** Channel-last, [images, size, size, channels]. */
  readonly data: Float32Array;
}

/** What a pyramid is made of: plain data that can be given to another thread. */
export interface PyramidData {
  readonly images: number;
  readonly resolution: number;
  readonly levels: readonly PyramidLevel[];
}

/** The features that `data` stand for; see `featurePyramid`. The data are used in place. */
export function pyramidFeatures(data: PyramidData, blas: Blas): LinearFeatures {
  return new Pyramid(data, blas);
}

interface Level extends PyramidLevel {
  readonly map: LinearMap;
}

class Pyramid implements LinearFeatures {
  readonly pixels: number;
  readonly channels: number;
  readonly alignment: number;
  readonly blas: Blas;
  readonly #levels: readonly Level[];
  readonly #resolution: number;

  constructor({ levels, images, resolution }: PyramidData, blas: Blas) {
    this.#levels = levels.map((level) => ({ ...level, map: linearMap(level.size, resolution) }));
    this.#resolution = resolution;
    this.channels = levels.reduce((sum, level) => sum + level.channels, 0);
    this.alignment = resolution * resolution;
    this.pixels = images * this.alignment;
    this.blas = blas;
  }

  async scores(
    weight: Float32Array,
    bias: Float32Array,
    out?: Float32Array,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Float32Array> {
    const { start, end } = resolveRange(this, range);
    const k = classCount(this.channels, weight, bias);
    const n = end - start;
    const result = out ?? new Float32Array(k * n);
    if (result.length !== k * n)
      throw new RangeError(`scores: out must have ${k * n} elements, it has ${result.length}`);
    const image = start / this.alignment;
    const images = n / this.alignment;
    // A layer of resolution R comes first: its scores need no resizing and are copied.
    const levels = this.#levels.toSorted((a, b) => b.size - a.size);
    const copied = levels[0].size === this.#resolution;
    if (!copied) result.fill(0);
    for (const [order, level] of levels.entries()) {
      const w = columns(weight, k, this.channels, level.first, level.channels);
      const area = level.size * level.size;
      const batch = imageBatch(level, k);
      const maps = new Float32Array(k * Math.min(batch, images) * area);
      for (let i = 0; i < images; i += batch) {
        const count = Math.min(batch, images - i);
        const from = (image + i) * area * level.channels;
        const b = level.data.subarray(from, from + count * area * level.channels);
        const native = maps.subarray(0, k * count * area);
        await this.blas.gemm({ a: w, b, m: k, n: count * area, k: level.channels, transposeB: true, out: native });
        // Resizing keeps constants: the bias is added where the maps are smallest.
        if (order === levels.length - 1)
          for (let c = 0, at = 0; c < k; c++)
            for (const stop = at + count * area; at < stop; at++) native[at] += bias[c];
        for (let c = 0; c < k; c++) {
          const target = c * n + i * this.alignment;
          if (order === 0 && copied) result.set(native.subarray(c * count * area, (c + 1) * count * area), target);
          else if (level.size === this.#resolution) add(native, c * count * area, count * area, result, target);
          else addResized(native, c * count * area, count, level.map, result, target);
        }
      }
    }
    return result;
  }

  async gradient(g: Float32Array, range?: { readonly start: number; readonly end: number }): Promise<Float64Array> {
    const { start, end } = resolveRange(this, range);
    const n = end - start;
    const k = g.length / n;
    if (!Number.isInteger(k)) throw new RangeError(`gradient: ${g.length} elements are no multiple of ${n} pixels`);
    const result = new Float64Array(k * this.channels);
    const image = start / this.alignment;
    const images = n / this.alignment;
    for (const level of this.#levels) {
      const area = level.size * level.size;
      const batch = imageBatch(level, k);
      const maps = new Float32Array(k * Math.min(batch, images) * area);
      const part = new Float32Array(k * level.channels);
      for (let i = 0; i < images; i += batch) {
        const count = Math.min(batch, images - i);
        const native = maps.subarray(0, k * count * area);
        for (let c = 0; c < k; c++) {
          const source = c * n + i * this.alignment;
          if (level.size === this.#resolution) native.set(g.subarray(source, source + count * area), c * count * area);
          else resizeAdjoint(g, source, count, level.map, native, c * count * area);
        }
        const from = (image + i) * area * level.channels;
        const b = level.data.subarray(from, from + count * area * level.channels);
        await this.blas.gemm({ a: native, b, m: k, n: level.channels, k: count * area, out: part });
        for (let c = 0; c < k; c++)
          for (let d = 0; d < level.channels; d++)
            result[c * this.channels + level.first + d] += part[c * level.channels + d];
      }
    }
    return result;
  }

  rows(index: Int32Array, out: Float32Array = new Float32Array(index.length * this.channels)): Float32Array {
    checkIndex(index, this.pixels);
    const { alignment, channels } = this;
    const resolution = this.#resolution;
    for (const { size, data, first, channels: count, map } of this.#levels) {
      const { low, fraction } = map;
      const line = size * count;
      const right = size > 1 ? count : 0;
      const below = size > 1 ? line : 0;
      for (let i = 0; i < index.length; i++) {
        const image = Math.floor(index[i] / alignment);
        const pixel = index[i] - image * alignment;
        const row = Math.floor(pixel / resolution);
        const column = pixel - row * resolution;
        let to = i * channels + first;
        let at = (image * size + low[row]) * line + low[column] * count;
        if (size === resolution) {
          at = (image * size + row) * line + column * count;
          for (const stop = at + count; at < stop; at++, to++) out[to] = data[at];
          continue;
        }
        const y = fraction[row];
        const x = fraction[column];
        const w00 = (1 - y) * (1 - x);
        const w01 = (1 - y) * x;
        const w10 = y * (1 - x);
        const w11 = y * x;
        for (const stop = at + count; at < stop; at++, to++)
          out[to] = w00 * data[at] + w01 * data[at + right] + w10 * data[at + below] + w11 * data[at + below + right];
      }
    }
    return out;
  }

  rowSums(index: Int32Array, factors: Float32Array): Promise<RowSums> {
    const rows: LinearFeatures["rows"] = (some, out) => this.rows(some, out);
    return denseRowSums({ channels: this.channels, blas: this.blas, rows }, index, factors);
  }
}

/** Images whose K maps are resized at a time: their features and maps stay in the processor's cache. */
const BATCH_FLOATS = 1 << 19;

function imageBatch({ size, channels }: Level, k: number): number {
  return Math.max(1, Math.floor(BATCH_FLOATS / (size * size * Math.max(k, channels))));
}

function add(source: Float32Array, from: number, count: number, target: Float32Array, to: number): void {
  for (let i = 0; i < count; i++) target[to + i] += source[from + i];
}

/** Columns `first` to `first + count` of `matrix` [rows, columns], as a matrix of its own. */
function columns(matrix: Float32Array, rows: number, width: number, first: number, count: number): Float32Array {
  const result = new Float32Array(rows * count);
  for (let i = 0; i < rows; i++) result.set(matrix.subarray(i * width + first, i * width + first + count), i * count);
  return result;
}
