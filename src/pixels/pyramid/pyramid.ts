/** Features as levels of their own resolution: the storage, and the linear functions computed on it. */

import { linearMap } from "../../numeric/bilinear.ts";
import type { Blas } from "../../numeric/blas.ts";
import { accumulate, addBias, columns } from "../../numeric/matrices.ts";
import type { LinearClassifier } from "../linearClassifier.ts";
import { denseRowSums, rowSpread } from "../moments.ts";
import { nearestPass } from "../nearestPass.ts";
import type {
  ClassPass,
  NearestPass,
  NearestPassRequest,
  PixelRange,
  Pixels,
  RowSums,
  Spread,
  SvmPassRequest,
} from "../pixels.ts";
import { checkIndex, classCount, gradientClasses, pixelRanges, resolveRange, scoresArray } from "../ranges.ts";
import { svmPassInMemory } from "../svmPass.ts";
import type { PyramidData, PyramidLevel } from "./pyramidData.ts";
import { pyramidNearest } from "./pyramidNearest.ts";
import { pyramidSpread } from "./pyramidSpread.ts";
import { addStacks, imageRows, type MapStack, type ResizePlan, resizePlan, stackAdjoint } from "./resize.ts";

/** Shared data of at most so many bytes are copied for each thread: products take no shared memory, and would copy them each time. */
const PRIVATE_BYTES = 64 * 2 ** 20;

/** The features that `data` stand for, see `featurePyramid`; the data must not change afterwards. The data are used in place, unless shared and few. */
export function pyramidFeatures(data: PyramidData, blas: Blas): Pixels {
  const bytes = data.levels.reduce((sum, level) => sum + level.data.byteLength, 0);
  if (bytes > PRIVATE_BYTES) return new Pyramid(data, blas);
  const levels = data.levels.map((level) =>
    level.data.buffer instanceof ArrayBuffer ? level : { ...level, data: new Float32Array(level.data) },
  );
  return new Pyramid({ ...data, levels }, blas);
}

interface Level extends PyramidLevel {
  readonly plan: ResizePlan;
}

class Pyramid implements Pixels {
  readonly pixels: number;
  readonly channels: number;
  readonly alignment: number;
  readonly blas: Blas;
  readonly passCost = "cheap";
  readonly #levels: readonly Level[];
  readonly #resolution: number;
  /** The last score maps, for the next ones: they are large, and wanted once for every range of a pass. */
  #spareMaps = new Float32Array(0);

  constructor({ levels, images, resolution }: PyramidData, blas: Blas) {
    this.#levels = levels.map((level) => ({ ...level, plan: resizePlan(linearMap(level.size, resolution)) }));
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
    range?: PixelRange,
  ): Promise<Float32Array> {
    const { start, end } = resolveRange(this, range);
    const k = classCount(this.channels, weight, bias);
    const n = end - start;
    const result = scoresArray(out, k, n);
    const image = start / this.alignment;
    const images = n / this.alignment;
    const weights = this.#levels.map(({ first, channels }) => columns(weight, k, this.channels, first, channels));
    const batch = this.#imageBatch(k);
    const areas = this.#levels.map(({ size }) => k * Math.min(batch, images) * size * size);
    const buffer = this.#takeMaps(areas.reduce((sum, area) => sum + area, 0));
    let used = 0;
    const maps = areas.map((area) => {
      used += area;
      return buffer.subarray(used - area, used);
    });
    const smallest = this.#levels.reduce((least, { size }, i) => (size < this.#levels[least].size ? i : least), 0);
    for (let i = 0; i < images; i += batch) {
      const count = Math.min(batch, images - i);
      for (const [l, { size, channels, data }] of this.#levels.entries()) {
        const m = count * size * size;
        const from = (image + i) * size * size * channels;
        const b = data.subarray(from, from + m * channels);
        const out = maps[l].subarray(0, k * m);
        await this.blas.gemm({ a: weights[l], b, m: k, n: m, k: channels, transposeB: true, out });
        // Resizing keeps constants: the bias is added where the maps are smallest.
        if (l === smallest) addBias(out, bias, m);
      }
      for (let c = 0; c < k; c++) {
        const to = c * n + i * this.alignment;
        const stacks: MapStack[] = [];
        let empty = true;
        for (const [l, { size, plan }] of this.#levels.entries()) {
          const m = count * size * size;
          if (size < this.#resolution) stacks.push({ source: maps[l], offset: c * m, plan });
          else if (empty) result.set(maps[l].subarray(c * m, (c + 1) * m), to);
          else add(maps[l], c * m, m, result, to);
          if (size === this.#resolution) empty = false;
        }
        if (empty) result.fill(0, to, to + count * this.alignment);
        addStacks(stacks, count, result, to);
      }
    }
    this.#spareMaps = buffer;
    return result;
  }

  async gradient(g: Float32Array, range?: PixelRange): Promise<Float64Array> {
    const { start, end } = resolveRange(this, range);
    const n = end - start;
    const k = gradientClasses(g, n);
    const result = new Float64Array(k * this.channels);
    const image = start / this.alignment;
    const images = n / this.alignment;
    const batch = this.#imageBatch(k);
    const finest = this.#levels.reduce((most, { size }) => Math.max(most, size), 0);
    const maps = this.#takeMaps(k * Math.min(batch, images) * finest * finest);
    for (const level of this.#levels) {
      const area = level.size * level.size;
      const part = new Float32Array(k * level.channels);
      for (let i = 0; i < images; i += batch) {
        const count = Math.min(batch, images - i);
        const native = maps.subarray(0, k * count * area);
        for (let c = 0; c < k; c++) {
          const source = c * n + i * this.alignment;
          if (level.size === this.#resolution) native.set(g.subarray(source, source + count * area), c * count * area);
          else stackAdjoint(g, source, count, level.plan, native, c * count * area);
        }
        const from = (image + i) * area * level.channels;
        const b = level.data.subarray(from, from + count * area * level.channels);
        await this.blas.gemm({ a: native, b, m: k, n: level.channels, k: count * area, out: part });
        for (let c = 0; c < k; c++) {
          const own = part.subarray(c * level.channels, (c + 1) * level.channels);
          accumulate(result, own, c * this.channels + level.first);
        }
      }
    }
    this.#spareMaps = maps;
    return result;
  }

  svm(request: SvmPassRequest): Promise<ClassPass[]> {
    return svmPassInMemory(this, request);
  }

  async nearest(classifier: LinearClassifier, request: NearestPassRequest = {}): Promise<NearestPass> {
    const { sums = true, before, range } = request;
    const found = await pyramidNearest({
      levels: this.#levels,
      resolution: this.#resolution,
      blas: this.blas,
      classifier,
      ranges: pixelRanges(this, undefined, resolveRange(this, range)),
      sums,
      before,
    });
    return found ?? nearestPass(this, classifier, request);
  }

  async spread(range?: PixelRange): Promise<Spread> {
    const { start, end } = resolveRange(this, range);
    const first = start / this.alignment;
    const images = (end - start) / this.alignment;
    const levels = this.#levels.map((level) => {
      const length = level.size * level.size * level.channels;
      return { ...level, data: level.data.subarray(first * length, (first + images) * length) };
    });
    return pyramidSpread(levels, images, this.#resolution) ?? rowSpread(this, range);
  }

  /** Room for `length` numbers, of the spare maps where these suffice and nobody has them. */
  #takeMaps(length: number): Float32Array<ArrayBuffer> {
    const spare = this.#spareMaps;
    this.#spareMaps = new Float32Array(0);
    return spare.length < length ? new Float32Array(length) : spare;
  }

  /** Images that are worked on at a time, for K maps each. */
  #imageBatch(k: number): number {
    return Math.max(1, Math.floor(BATCH_FLOATS / (k * this.alignment)));
  }

  async rows(
    index: Int32Array,
    out: Float32Array = new Float32Array(index.length * this.channels),
  ): Promise<Float32Array> {
    checkIndex(index, this.pixels);
    for (let start = 0; start < index.length; ) {
      const image = Math.floor(index[start] / this.alignment);
      const first = image * this.alignment;
      let end = start + 1;
      while (end < index.length && index[end] >= first && index[end] < first + this.alignment) end++;
      const levels = this.#levels.map(({ size, channels, data, plan }) => {
        const length = size * size * channels;
        return { source: data.subarray(image * length, (image + 1) * length), channels, map: plan.map };
      });
      const rows = out.subarray(start * this.channels, end * this.channels);
      imageRows(levels, index.subarray(start, end), first, rows);
      start = end;
    }
    return out;
  }

  rowSums(index: Int32Array, factors: Float32Array): Promise<RowSums> {
    return denseRowSums(this, index, factors);
  }
}

/** Numbers of the score maps of one batch of images: they stay in the processor's cache. Features are read once in any case. */
const BATCH_FLOATS = 1 << 19;

function add(source: Float32Array, from: number, count: number, target: Float32Array, to: number): void {
  for (let i = 0; i < count; i++) target[to + i] += source[from + i];
}
