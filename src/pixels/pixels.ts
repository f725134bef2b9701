/**
 * What clustering sees: N pixels x in R^D whose linear functions are cheap. Where the numbers lie and who computes on them is each
 * implementation's own: a matrix (`denseFeatures`), a pyramid in memory or on disk (`pyramid/`), a device (`device/`), other threads
 * (`threads/`), other processes and machines (`shards/`). Algorithms never ask which. `tests/contracts/pixels.ts` holds every implementation to the definitions below.
 *
 * Letters in this folder: N pixels, D channels, K classes, M rows of a subset.
 */

import type { Blas } from "../numeric/blas.ts";
import type { LinearClassifier } from "./linearClassifier.ts";

/** The pixels `start` to `end` (exclusive); both are multiples of the features' `alignment`, or N. */
export interface PixelRange {
  readonly start: number;
  readonly end: number;
}

/** Pixels, ascending, and a value for each. */
export interface SparseMap {
  readonly index: Int32Array;
  readonly value: Float32Array;
}

/** Sums over pixels x_i with factors f [R,M]: of x_i x_i^T, [D,D], and of f_ri x_i, [R,D]. */
export interface RowSums {
  readonly squares: Float64Array | Float32Array;
  readonly sums: Float64Array;
}

/** The mean feature [D], and the mean over pixels of |x - mean|^2. */
export interface Spread {
  readonly mean: Float64Array;
  readonly variance: number;
}

/** The class that a classifier separates from the rest: the pixels of one label, or of several. */
export type ClassLabels = number | readonly number[];

export interface SvmPassRequest {
  /** Label of each pixel of the range. */
  readonly labels: Uint16Array;
  /** The class of each row of `weight` [K,D] and `bias` [K]. */
  readonly classes: ArrayLike<ClassLabels>;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** Keep the scores of pixels with s > -1: those of the confidence map. */
  readonly keep?: boolean;
  /** Keep those of pixels with a margin above minus this, too. */
  readonly near?: number;
  readonly gradient?: boolean;
  /** Default: all pixels. */
  readonly range?: PixelRange;
}

/** What one pass over the pixels says about one hyperplane as the classifier of one class. y = 1 in the class, else -1; margin = 1 - y s. */
export interface ClassPass {
  /** sum_n max(0, margin_n)^2. */
  readonly loss: number;
  /** Pixels with s > 0, and those among them that belong to the class. */
  readonly predicted: number;
  readonly truePositive: number;
  /** Scores of the pixels asked for; else empty. */
  readonly kept: SparseMap;
  /** sum_n max(0, margin_n), that of y_n max(0, margin_n), and, if asked for, that of y_n max(0, margin_n) x_n. */
  readonly pull: number;
  readonly signedPull: number;
  readonly pullGradient: Float64Array | undefined;
}

export interface NearestPassRequest {
  /** Default true. */
  readonly sums?: boolean;
  /** The labels that the pixels of the range had before: `sums` are then the change since. */
  readonly before?: Uint16Array | undefined;
  /** Default: all pixels. */
  readonly range?: PixelRange;
}

/** One assignment of pixels to the classes of a classifier, and the sums that K-means takes its next centroids from. */
export interface NearestPass {
  /** The best class of each pixel of the range; the first wins a tie. */
  readonly labels: Uint16Array;
  /** Of the pixels of each class: the sum of features [K,D], if asked for, and the number [K]. */
  readonly sums: Float64Array;
  readonly sizes: Float64Array;
  /** The sum of all pixels' best scores. */
  readonly scored: number;
}

/** The members of `Pixels` that the plain loops over them need (`svmPass`, `nearestPass`, `rowSpread`, `denseRowSums`). */
export interface LinearPixels {
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
  rows(index: Int32Array, out?: Float32Array): Promise<Float32Array>;
}

/** Pixels x channels: everything that clusterers and solvers ask of features, wherever these lie. */
export interface Pixels extends LinearPixels {
  /**
   * "dear" where every pass over the pixels costs reading them: few passes are then made, over many classes at once. `svmPlan` chooses by
   * it, and nothing else asks.
   */
  readonly passCost: "cheap" | "dear";
  /** The sums over the M pixels of `index`, with `factors` [R,M]. The squares may be written into an array that is given, [D,D], in its precision. */
  rowSums(index: Int32Array, factors: Float32Array, squares?: RowSums["squares"]): Promise<RowSums>;
  /** Scores the pixels by K hyperplanes and gathers each class's loss, counts, kept scores and gradient. */
  svm(request: SvmPassRequest): Promise<ClassPass[]>;
  /** Assigns the pixels to the best class of `classifier`. */
  nearest(classifier: LinearClassifier, request?: NearestPassRequest): Promise<NearestPass>;
  /** Mean and variance over `range` (default: all). */
  spread(range?: PixelRange): Promise<Spread>;
}

/** The pixels of `own`, some of whose members are replaced. */
export function withMembers(own: Pixels, members: Partial<Pixels>): Pixels {
  return {
    pixels: own.pixels,
    channels: own.channels,
    alignment: own.alignment,
    blas: own.blas,
    passCost: own.passCost,
    scores: (weight, bias, out, range) => own.scores(weight, bias, out, range),
    gradient: (g, range) => own.gradient(g, range),
    rows: (index, out) => own.rows(index, out),
    rowSums: (index, factors, squares) => own.rowSums(index, factors, squares),
    svm: (request) => own.svm(request),
    nearest: (classifier, request) => own.nearest(classifier, request),
    spread: (range) => own.spread(range),
    ...members,
  };
}
