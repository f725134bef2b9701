import { type Blas, plainBlas } from "../runtime/blas.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addResized, type LinearMap, linearMap, resizeAdjoint } from "./bilinear.ts";
import {
  checkIndex,
  classCount,
  denseRowSums,
  type LinearFeatures,
  type RowSums,
  resolveRange,
} from "./linearFeatures.ts";

export interface FeaturePyramidOptions {
  /** R: every image gives R x R pixels to cluster. */
  readonly resolution: number;
  readonly blas?: Blas;
}

/** One layer at its own resolution, channel-last [images, h, h, C], and the map to R. */
interface Level {
  readonly size: number;
  readonly channels: number;
  /** Where the layer's channels start among the D of all layers. */
  readonly first: number;
  readonly data: Float32Array;
  readonly map: LinearMap;
}

/**
 * The features of a generator: `layers` of square maps [N,C,h,h] (NCHW, one N for all) that stand for the D = sum of C channels of
 * N R^2 pixels, were each layer resized to R x R (bilinear, align_corners = true, no antialias) and their channels concatenated
 * in layer order. Pixel index = (image * R + row) * R + column.
 *
 * The dense matrix is never made. Resizing is linear and acts on pixels, a classifier is linear and acts on channels, so they
 * commute: scores are computed at each layer's own resolution and their K maps resized, and the gradient by the adjoint. Only a
 * layer larger than R is resized beforehand, once. The layers are copied.
 *
 * Throws RangeError when shapes do not fit, or a value is NaN or infinite.
 */
export function featurePyramid(layers: readonly Tensor[], options: FeaturePyramidOptions): LinearFeatures {
  const { resolution } = options;
  if (layers.length === 0) throw new RangeError("featurePyramid: expected at least one layer");
  if (!Number.isInteger(resolution) || resolution < 1)
    throw new RangeError(`featurePyramid: resolution must be a positive integer, got ${resolution}`);
  const images = layers[0].shape[0];
  const levels: Level[] = [];
  let channels = 0;
  for (const [i, layer] of layers.entries()) {
    const level = makeLevel(layer, i, images, resolution, channels);
    levels.push(level);
    channels += level.channels;
  }
  return new Pyramid(levels, images, channels, resolution, options.blas ?? plainBlas());
}

class Pyramid implements LinearFeatures {
  readonly pixels: number;
  readonly channels: number;
  readonly alignment: number;
  readonly blas: Blas;
  readonly #levels: readonly Level[];
  readonly #resolution: number;

  constructor(levels: readonly Level[], images: number, channels: number, resolution: number, blas: Blas) {
    this.#levels = levels;
    this.#resolution = resolution;
    this.channels = channels;
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
    const batch = imageBatch(this.#levels, k);
    const image = start / this.alignment;
    const images = n / this.alignment;
    // A layer of resolution R comes first: its scores need no resizing and are copied.
    const levels = this.#levels.toSorted((a, b) => b.size - a.size);
    const copied = levels[0].size === this.#resolution;
    if (!copied) result.fill(0);
    for (const [order, level] of levels.entries()) {
      const w = columns(weight, k, this.channels, level.first, level.channels);
      const area = level.size * level.size;
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
    const batch = imageBatch(this.#levels, k);
    const image = start / this.alignment;
    const images = n / this.alignment;
    for (const level of this.#levels) {
      const area = level.size * level.size;
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

/** Score maps of one batch hold at most this many numbers at a layer's own resolution. */
const BATCH_FLOATS = 1 << 19;

/** Images whose K maps are resized at a time. */
function imageBatch(levels: readonly Level[], k: number): number {
  const area = Math.max(...levels.map((level) => level.size * level.size));
  return Math.max(1, Math.floor(BATCH_FLOATS / (area * k)));
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

function makeLevel(layer: Tensor, index: number, images: number, resolution: number, first: number): Level {
  const [n, channels, height, width] = layer.shape;
  if (
    layer.dtype !== "float32" ||
    layer.shape.length !== 4 ||
    n !== images ||
    height !== width ||
    !(n * channels * height > 0)
  )
    throw new RangeError(
      `featurePyramid: layer ${index} must be float32 [${images}, channels, size, size], got ${layer.dtype} [${layer.shape}]`,
    );
  if (layer.data.length !== n * channels * height * width)
    throw new RangeError(
      `featurePyramid: layer ${index}: shape [${layer.shape}] does not fit ${layer.data.length} elements`,
    );
  const size = Math.min(height, resolution);
  const source = linearMap(height, size);
  const map = linearMap(size, resolution);
  const data = new Float32Array(n * size * size * channels);
  const plane = new Float32Array(size * size);
  for (let image = 0; image < n; image++)
    for (let c = 0; c < channels; c++) {
      const from = (image * channels + c) * height * width;
      for (let i = from; i < from + height * width; i++)
        if (!Number.isFinite(layer.data[i])) {
          const row = Math.floor((i - from) / width);
          throw new RangeError(
            `featurePyramid: layer ${index}, image ${image}, channel ${c}, row ${row}, column ${(i - from) % width} is ` +
              `${layer.data[i]}; expected finite features`,
          );
        }
      let values = layer.data;
      let at = from;
      if (size !== height) {
        plane.fill(0);
        addResized(layer.data, from, 1, source, plane, 0);
        values = plane;
        at = 0;
      }
      for (let pixel = 0; pixel < size * size; pixel++)
        data[(image * size * size + pixel) * channels + c] = values[at + pixel];
    }
  return { size, channels, first, data, map };
}
