import type { SvmHelper } from "../cluster/svm/svmHelpers.ts";
import type { Blas } from "../numeric/blas.ts";
import type { LinearClassifier } from "./linearClassifier.ts";
import type { Spread } from "./moments.ts";
import type { NearestPass, RangesRequest } from "./nearestPass.ts";
import type { Passes } from "./threads/passHelpers.ts";

/** The pixels `start` to `end` (exclusive); both are multiples of the features' `alignment`, or N. */
export interface PixelRange {
  readonly start: number;
  readonly end: number;
}

/** Sums over pixels x_i with factors f [R,M]: of x_i x_i^T, [D,D], and of f_ri x_i, [R,D]. */
export interface RowSums {
  readonly squares: Float64Array;
  readonly sums: Float64Array;
}

/**
 * What clustering sees: N pixels x in R^D whose linear functions are cheap, whatever their storage.
 * Letters in this folder: N pixels, D channels, K classes, M rows of a subset.
 */
export interface Pixels {
  /** N, the number of pixels (samples). */
  readonly pixels: number;
  /** D, the number of channels. */
  readonly channels: number;
  /** Ranges start and end at multiples of this many pixels: those of one image, or 1. */
  readonly alignment: number;
  /** The matrix products behind the scores; clusterers use it for their own. */
  readonly blas: Blas;
  /**
   * S[k*n + i] = w_k . x_i + b_k over the n pixels of `range` (default: all). `weight` [K,D] and `bias` [K]; result [K,n],
   * class-major. `out` (length K*n) is reused when given.
   */
  scores(weight: Float32Array, bias: Float32Array, out?: Float32Array, range?: PixelRange): Promise<Float32Array>;
  /** G[k*D + d] = sum_i g[k*n + i] x_id: the adjoint of `scores`, for `g` [K,n] over `range`; result [K,D]. */
  gradient(g: Float32Array, range?: PixelRange): Promise<Float64Array>;
  /** The rows x_n, n in `index`, dense [M,D]. `out` is reused when given. */
  rows(index: Int32Array, out?: Float32Array): Float32Array;
  /** The sums over the M pixels of `index`, with `factors` [R,M]. */
  rowSums(index: Int32Array, factors: Float32Array): Promise<RowSums>;
  /** `nearestPass` over consecutive ranges, where features know a faster way than by their scores; undefined where they do not. */
  nearest?(classifier: LinearClassifier, request: RangesRequest): Promise<NearestPass | undefined>;
  /** Mean and variance over `range`, likewise. */
  spread?(range?: PixelRange): Promise<Spread | undefined>;
  /** Set where every pass over the pixels costs reading them: few passes are then made, over many classes at once. */
  readonly streamed?: boolean;
  /** Whole passes shared with other threads, where that is worth more than sharing each product. */
  readonly passes?: Passes;
  /** Other threads that solve SVMs on the same features, merges' too or only the start's, and those features for this thread alone. */
  readonly solving?: {
    readonly helpers: readonly (Pick<SvmHelper, "solve"> & Partial<SvmHelper>)[];
    readonly alone: Pixels;
  };
}

/** Rows that are made dense for one product; the sums of more are accumulated in float64. */
const BLOCK_ROWS = 4096;

const EMPTY = new Float32Array(0);
/** The last buffers of `denseRowSums`, for the next one: they are large, and wanted hundreds of times. */
let spareBuffer: Float32Array = EMPTY;
let spareProduct: Float32Array = EMPTY;

/** `rowSums` by `rows` and `blas`, a block at a time. */
export async function denseRowSums(
  { channels: d, blas, rows }: Pick<Pixels, "channels" | "blas" | "rows">,
  index: Int32Array,
  factors: Float32Array,
): Promise<RowSums> {
  const most = Math.min(BLOCK_ROWS, index.length);
  const r = index.length === 0 ? 0 : factors.length / index.length;
  const buffer = spareBuffer.length < most * d ? new Float32Array(most * d) : spareBuffer;
  spareBuffer = EMPTY;
  const product = spareProduct.length === d * d ? spareProduct : new Float32Array(d * d);
  spareProduct = EMPTY;
  const squares = new Float64Array(d * d);
  const sums = new Float64Array(r * d);
  for (let start = 0; start < index.length; start += BLOCK_ROWS) {
    const some = index.subarray(start, start + BLOCK_ROWS);
    const count = some.length;
    const b = rows(some, buffer.subarray(0, count * d));
    await blas.gemm({ a: b, b, m: d, n: d, k: count, transposeA: true, out: product });
    accumulate(squares, product);
    const a = new Float32Array(r * count);
    for (let i = 0; i < r; i++) {
      const from = i * index.length + start;
      a.set(factors.subarray(from, from + count), i * count);
    }
    const part = await blas.gemm({ a, b, m: r, n: d, k: count });
    accumulate(sums, part);
  }
  spareBuffer = buffer;
  spareProduct = product;
  return { squares, sums };
}

/** Adds `part` to `total` from `at` on. Outside an asynchronous function, where such a loop runs far slower. */
export function accumulate(total: Float64Array, part: ArrayLike<number>, at = 0): void {
  for (let j = 0; j < part.length; j++) total[at + j] += part[j];
}

/** Adds to each of the K rows of n scores its bias. */
export function addBias(scores: Float32Array, bias: Float32Array, n: number): void {
  for (let c = 0, at = 0; c < bias.length; c++) {
    const own = bias[c];
    for (const stop = at + n; at < stop; at++) scores[at] += own;
  }
}

/** Pixels of one working chunk: K maps of this size stay in the processor's cache. */
const CHUNK_PIXELS = 8192;

/** Consecutive aligned ranges that cover `within` (default: all pixels), each of about `size` pixels and at least one `alignment`. */
export function pixelRanges(
  features: Pixels,
  size = CHUNK_PIXELS,
  within: PixelRange = { start: 0, end: features.pixels },
): PixelRange[] {
  const step = Math.max(1, Math.floor(size / features.alignment)) * features.alignment;
  const ranges: PixelRange[] = [];
  for (let start = within.start; start < within.end; start += step)
    ranges.push({ start, end: Math.min(within.end, start + step) });
  return ranges;
}

/** `range`, checked, or all pixels. Throws RangeError when it is not aligned or leaves the pixels. */
export function resolveRange(features: Pixels, range: PixelRange | undefined): PixelRange {
  const { pixels, alignment } = features;
  if (range === undefined) return { start: 0, end: pixels };
  const aligned = (n: number) => Number.isInteger(n) && n >= 0 && n <= pixels && n % alignment === 0;
  if (!aligned(range.start) || !(aligned(range.end) || range.end === pixels) || range.end < range.start)
    throw new RangeError(
      `pixels ${range.start} to ${range.end}: expected multiples of ${alignment} within 0 to ${pixels}, in order`,
    );
  return range;
}

/** K of `weight` [K,D] and `bias` [K]. Throws RangeError when they do not fit each other or the channels. */
export function classCount(channels: number, weight: Float32Array, bias: Float32Array): number {
  if (weight.length !== bias.length * channels)
    throw new RangeError(
      `weight [K,${channels}] and bias [K] do not fit: ${weight.length} and ${bias.length} elements`,
    );
  return bias.length;
}

/** Throws RangeError when `index` names a pixel outside 0 to N - 1. */
export function checkIndex(index: Int32Array, pixels: number): void {
  for (const n of index)
    if (n < 0 || n >= pixels) throw new RangeError(`rows: pixel ${n} is outside 0 to ${pixels - 1}`);
}

/** Columns `first` to `first + count` of `matrix` [rows, width], as a matrix of its own. */
export function columns(matrix: Float32Array, rows: number, width: number, first: number, count: number): Float32Array {
  const result = new Float32Array(rows * count);
  for (let i = 0; i < rows; i++) result.set(matrix.subarray(i * width + first, i * width + first + count), i * count);
  return result;
}
