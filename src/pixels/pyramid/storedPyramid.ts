/**
 * A pyramid whose numbers lie elsewhere, in half precision: in a file, or packed in memory. Blocks of a few images are widened to
 * float32 one after another and computed on as a pyramid of their own, so sums have full precision and the results are those of
 * `pyramidFeatures` on the rounded numbers.
 */

import { type LinearMap, linearMap } from "../../numeric/bilinear.ts";
import type { Blas } from "../../numeric/blas.ts";
import { halfTable } from "../../tensor/half.ts";
import { widenBlock } from "../kernels/widenBlock.ts";
import type { LinearClassifier } from "../linearClassifier.ts";
import { denseRowSums, pooled } from "../moments.ts";
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
import { checkIndex, classCount, gradientClasses, resolveRange, scoresArray } from "../ranges.ts";
import { svmPass } from "../svmPass.ts";
import { pyramidFeatures } from "./pyramid.ts";
import type { PyramidLevel } from "./pyramidData.ts";

/** One layer of every image, [images, size, size, channels]. */
export type StoredLevel = Omit<PyramidLevel, "data">;

/** Sizes of features in a file. */
export interface StoredShape {
  readonly images: number;
  readonly resolution: number;
  readonly levels: readonly StoredLevel[];
}

/** Where the halves lie. */
export interface HalfStore {
  /** Fills `out` with the halves of `level` from number `start` of `image` on; they may run on into the next images. */
  read(level: number, image: number, start: number, out: Uint16Array): void;
  /**
   * The halves of `count` images from `first`, one array per level; the arrays are reused by the next call. Those that follow, below
   * `end`, will be wanted next.
   */
  load(first: number, count: number, end: number): Promise<readonly Uint16Array[]>;
}

/** The features of `store`. A pass over all pixels costs reading and widening them. */
export function storedFeatures(shape: StoredShape, store: HalfStore, blas: Blas): Pixels {
  return new StoredPyramid(shape, store, blas);
}

/** Numbers that are widened at a time, or one image's. */
const BLOCK_NUMBERS = 1 << 20;
/** From this many pixels of one image on, `rows` reads its levels whole. */
const MANY_PIXELS = 1024;

/** Images that are computed on at a time. */
export const imagesPerBlock = ({ images, levels }: StoredShape): number =>
  Math.min(images, Math.max(1, Math.floor(BLOCK_NUMBERS / numbersPerImage(levels))));

const numbersPerImage = (levels: readonly StoredLevel[]): number =>
  levels.reduce((sum, level) => sum + numbersOf(level), 0);

/** Numbers of one image's level. */
export const numbersOf = ({ size, channels }: StoredLevel): number => size * size * channels;

class StoredPyramid implements Pixels {
  readonly pixels: number;
  readonly channels: number;
  readonly alignment: number;
  readonly blas: Blas;
  readonly passCost = "dear";
  readonly #levels: readonly StoredLevel[];
  readonly #resolution: number;
  readonly #store: HalfStore;
  readonly #maps: readonly LinearMap[];
  readonly #blockImages: number;
  readonly #widened: readonly Float32Array[];
  readonly #block: Pixels;
  /** The images that the block holds. */
  #held = { first: -1, count: 0 };
  /** The levels of one image that `rows` has read whole. */
  readonly #whole: { image: number; readonly halves: Uint16Array }[];
  /** The block is one: who uses it waits for who used it before. */
  #free: Promise<unknown> = Promise.resolve();

  constructor(shape: StoredShape, store: HalfStore, blas: Blas) {
    const { images, resolution, levels } = shape;
    this.#levels = levels;
    this.#resolution = resolution;
    this.#store = store;
    this.#maps = levels.map(({ size }) => linearMap(size, resolution));
    this.#blockImages = imagesPerBlock(shape);
    this.#widened = levels.map((level) => new Float32Array(this.#blockImages * numbersOf(level)));
    const block = {
      images: this.#blockImages,
      resolution,
      levels: levels.map((level, i) => ({ ...level, data: this.#widened[i] })),
    };
    this.#block = pyramidFeatures(block, blas);
    this.#whole = levels.map(() => ({ image: -1, halves: new Uint16Array(0) }));
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
    await this.#forEachBlock(start, end, async (first, within) => {
      const count = within.end;
      if (k === 1 || count === n) {
        await this.#block.scores(weight, bias, result.subarray(first, first + k * count), within);
        return;
      }
      const part = await this.#block.scores(weight, bias, undefined, within);
      for (let c = 0; c < k; c++) result.set(part.subarray(c * count, (c + 1) * count), c * n + first);
    });
    return result;
  }

  async gradient(g: Float32Array, range?: PixelRange): Promise<Float64Array> {
    const { start, end } = resolveRange(this, range);
    const n = end - start;
    const k = gradientClasses(g, n);
    const result = new Float64Array(k * this.channels);
    await this.#forEachBlock(start, end, async (first, within) => {
      const count = within.end;
      let part = g;
      if (k === 1) part = g.subarray(first, first + count);
      else if (count !== n) {
        part = new Float32Array(k * count);
        for (let c = 0; c < k; c++) part.set(g.subarray(c * n + first, c * n + first + count), c * count);
      }
      const sums = await this.#block.gradient(part, within);
      for (let j = 0; j < sums.length; j++) result[j] += sums[j];
    });
    return result;
  }

  svm(request: SvmPassRequest): Promise<ClassPass[]> {
    return svmPass(this, request);
  }

  nearest(classifier: LinearClassifier, request?: NearestPassRequest): Promise<NearestPass> {
    return nearestPass(this, classifier, request);
  }

  async spread(range?: PixelRange): Promise<Spread> {
    const { start, end } = resolveRange(this, range);
    const parts: { readonly spread: Spread; readonly pixels: number }[] = [];
    await this.#forEachBlock(start, end, async (_, within) => {
      parts.push({ spread: await this.#block.spread(within), pixels: within.end });
    });
    return pooled(parts);
  }

  /** Calls `work` with each block of the pixels from `start` to `end` in turn: where it starts among them, and its own pixels. */
  #forEachBlock(start: number, end: number, work: (first: number, within: PixelRange) => Promise<void>): Promise<void> {
    const step = this.#blockImages * this.alignment;
    const turn = async (): Promise<void> => {
      for (let at = start; at < end; at += step) {
        const count = Math.min(step, end - at);
        await this.#hold(at / this.alignment, count / this.alignment, end / this.alignment);
        await work(at - start, { start: 0, end: count });
      }
    };
    const done = this.#free.then(turn);
    this.#free = done.catch(() => undefined);
    return done;
  }

  /** Brings images into the block; scores and then gradients of the same ones read them once. */
  async #hold(first: number, count: number, end: number): Promise<void> {
    const held = this.#held;
    if (held.first === first && held.count >= count) return;
    this.#held = { first: -1, count: 0 };
    const halves = await this.#store.load(first, count, end);
    for (const [i, level] of halves.entries()) widenBlock(level, this.#widened[i]);
    this.#held = { first, count };
  }

  async rows(
    index: Int32Array,
    out: Float32Array = new Float32Array(index.length * this.channels),
  ): Promise<Float32Array> {
    checkIndex(index, this.pixels);
    const images = Int32Array.from(index, (n) => Math.floor(n / this.alignment));
    for (let from = 0; from < index.length; ) {
      let to = from + 1;
      while (to < index.length && images[to] === images[from]) to++;
      for (let level = 0; level < this.#levels.length; level++)
        if (to - from >= MANY_PIXELS) this.#rowsOfWhole(level, images[from], index, from, to, out);
        else this.#rowsOfFew(level, images[from], index, from, to, out);
      from = to;
    }
    return out;
  }

  /** The columns of one level, in the rows `from` to `to` of `out`: pixels of one image, of which the level is read whole. */
  #rowsOfWhole(level: number, image: number, index: Int32Array, from: number, to: number, out: Float32Array): void {
    const length = numbersOf(this.#levels[level]);
    if (this.#whole[level].halves.length !== length)
      this.#whole[level] = { image: -1, halves: new Uint16Array(length) };
    const cached = this.#whole[level];
    if (cached.image !== image) {
      cached.image = -1;
      this.#store.read(level, image, 0, cached.halves);
      cached.image = image;
    }
    for (let i = from; i < to; i++) {
      const { upper, lower, y, x } = this.#place(level, index[i]);
      this.#combine(level, cached.halves, upper, lower, y, x, out, i);
    }
  }

  /** The same where pixels are few: only their neighbours are read. */
  #rowsOfFew(level: number, image: number, index: Int32Array, from: number, to: number, out: Float32Array): void {
    const { size, channels } = this.#levels[level];
    const single = size === this.#resolution || size === 1;
    const halves = new Uint16Array(single ? channels : 4 * channels);
    const upperHalves = single ? halves : halves.subarray(0, 2 * channels);
    const lowerHalves = halves.subarray(2 * channels);
    for (let i = from; i < to; i++) {
      const { upper, lower, y, x } = this.#place(level, index[i]);
      this.#store.read(level, image, upper, upperHalves);
      if (!single) this.#store.read(level, image, lower, lowerHalves);
      this.#combine(level, halves, 0, 2 * channels, y, x, out, i);
    }
  }

  /** Where, among the level's numbers, the two lines begin that a pixel is interpolated from, and how. */
  #place(level: number, n: number): { upper: number; lower: number; y: number; x: number } {
    const { size, channels } = this.#levels[level];
    const pixel = n % this.alignment;
    const row = Math.floor(pixel / this.#resolution);
    const column = pixel - row * this.#resolution;
    if (size === this.#resolution) return { upper: (row * size + column) * channels, lower: 0, y: 0, x: 0 };
    const { low, fraction } = this.#maps[level];
    const upper = (low[row] * size + low[column]) * channels;
    return { upper, lower: upper + size * channels, y: fraction[row], x: fraction[column] };
  }

  #combine(
    level: number,
    halves: Uint16Array,
    upper: number,
    lower: number,
    y: number,
    x: number,
    out: Float32Array,
    row: number,
  ): void {
    const { size, channels, first } = this.#levels[level];
    const values = halfTable();
    let to = row * this.channels + first;
    let at = upper;
    if (size === this.#resolution || size === 1) {
      for (const stop = at + channels; at < stop; at++, to++) out[to] = values[halves[at]];
      return;
    }
    const w00 = (1 - y) * (1 - x);
    const w01 = (1 - y) * x;
    const w10 = y * (1 - x);
    const w11 = y * x;
    const below = lower - upper;
    for (const stop = at + channels; at < stop; at++, to++)
      out[to] =
        w00 * values[halves[at]] +
        w01 * values[halves[at + channels]] +
        w10 * values[halves[at + below]] +
        w11 * values[halves[at + below + channels]];
  }

  rowSums(index: Int32Array, factors: Float32Array): Promise<RowSums> {
    return denseRowSums(this, index, factors);
  }
}
