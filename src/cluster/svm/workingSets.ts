/**
 * Working sets: samples of the pixels in memory that stand for all of a class's problem (Eq. 3), where passes are dear, and the Hessian
 * that steps over all pixels begin with.
 */

import { factorPositive } from "../../numeric/cholesky.ts";
import { denseFeatures } from "../../pixels/denseFeatures.ts";
import type { ClassLabels, Pixels } from "../../pixels/pixels.ts";
import { RandomState } from "../../tensor/random.ts";
import { svmHessian } from "./hessian.ts";
import { nearMargin, pick, signsOf } from "./hinge.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { NEAR, SvmProblem } from "./svmProblem.ts";

/** Rows of a working set that are near the margin, per channel and at least. */
const NEAR_ROWS_PER_CHANNEL = 48;
const LEAST_NEAR_ROWS = 12288;
/** Rows of all working sets that are drawn from all pixels. */
const COMMON_ROWS_PER_CHANNEL = 16;
const LEAST_COMMON_ROWS = 4096;
/** Active rows that a Hessian is taken from, per channel and at least. */
const HESSIAN_ROWS_PER_CHANNEL = 16;
const LEAST_HESSIAN_ROWS = 4096;

/** A class's problem on a sample of the pixels. Its rows are valid until the next one is made. */
export interface WorkingSet {
  readonly problem: SvmProblem;
  /** y of its pixels. */
  readonly signs: Int8Array;
}

/** Makes working sets. All have some pixels in common, drawn from all, so that no class forgets those far from it. */
export class WorkingSets {
  readonly #features: Pixels;
  readonly #common: Int32Array;
  readonly #ownRows: number;
  /** The common rows, and after them room for those of one class. */
  readonly #rows: Float32Array;
  #hasCommon = false;

  constructor(features: Pixels) {
    this.#features = features;
    const { pixels, channels } = features;
    this.#common = spreadPixels(pixels, Math.max(LEAST_COMMON_ROWS, COMMON_ROWS_PER_CHANNEL * channels), 0);
    this.#ownRows = Math.min(Math.max(LEAST_NEAR_ROWS, NEAR_ROWS_PER_CHANNEL * channels), pixels);
    this.#rows = new Float32Array((this.#common.length + this.#ownRows) * channels);
  }

  /**
   * The problem of a class on a sample of `candidates`, ascending, which may be active, on the common pixels, and where room is left on
   * more of all. Each of the sample stands for as many as were left out. The others count as much: too little for what they stand for, but
   * enough to hold the hyperplane where no candidate does; what becomes active among those left out is seen by the next pass.
   */
  async of(
    { features, penalty }: SvmProblem,
    labels: Uint16Array,
    own: ClassLabels,
    candidates: Int32Array,
    tolerance: number,
  ): Promise<WorkingSet> {
    const { channels, blas, pixels } = features;
    const near = spreadSample(candidates, this.#ownRows);
    const more = spreadPixels(pixels, this.#ownRows - near.length, 1);
    const index = new Int32Array(this.#common.length + this.#ownRows);
    index.set(this.#common);
    index.set(near, this.#common.length);
    index.set(more, this.#common.length + near.length);
    const first = this.#common.length * channels;
    if (!this.#hasCommon) await this.#features.rows(this.#common, this.#rows.subarray(0, first));
    this.#hasCommon = true;
    // Together: where rows lie elsewhere, asking for them is a way there and back.
    await features.rows(index.subarray(this.#common.length), this.#rows.subarray(first));
    const sample = denseFeatures({ dtype: "float32", shape: [index.length, channels], data: this.#rows }, { blas });
    const standsFor = Math.max(candidates.length / Math.max(near.length, 1), 1);
    return {
      problem: new SvmProblem(sample, penalty * standsFor * index.length, tolerance),
      signs: signsOf(labels, own, index),
    };
  }
}

/** Solves a working set, to its tolerance, from and into `plane`. */
export async function solveWorkingSet({ problem, signs }: WorkingSet, plane: Hyperplane): Promise<void> {
  const scores = await scoresOf(problem.features, plane);
  const index = nearMargin(signs, scores, NEAR);
  const members = Uint16Array.from(signs, (sign) => (sign > 0 ? 1 : 0));
  await problem.solve(members, 1, plane, { index, value: pick(scores, index) }, problem.tolerance);
}

const scoresOf = (features: Pixels, { weight, bias }: Hyperplane): Promise<Float32Array> =>
  features.scores(Float32Array.from(weight), Float32Array.of(bias));

/** At most `size` of the ascending `list`: one at a random place of each of `size` equal parts. */
export function spreadSample(list: Int32Array, size: number): Int32Array {
  return list.length <= size ? list : spreadPixels(list.length, size, 0).map((i) => list[i]);
}

/** At most `size` of the numbers below `pixels`, ascending: one in each of `size` equal parts. */
function spreadPixels(pixels: number, size: number, seed: number): Int32Array {
  if (pixels <= size) return Int32Array.from({ length: pixels }, (_, n) => n);
  const random = new RandomState(seed);
  return Int32Array.from({ length: size }, (_, i) => Math.floor(((i + random.randomSample()) * pixels) / size));
}

/** The lower triangle of a Cholesky factor, rounded to float32: K of them are held at a time, as preconditioners. */
export class PackedFactor {
  readonly #rows: Float32Array;
  readonly #n: number;

  /** The factor of the positive semidefinite `matrix` [n,n]. */
  constructor(matrix: Float64Array, n: number) {
    const factor = factorPositive(matrix, n);
    this.#n = n;
    this.#rows = new Float32Array((n * (n + 1)) / 2);
    for (let i = 0; i < n; i++) this.#rows.set(factor.subarray(i * n, i * n + i + 1), (i * (i + 1)) / 2);
  }

  /** Solves L L^T x = b in place of `b`. */
  solve(b: Float64Array): Float64Array {
    const rows = this.#rows;
    for (let i = 0, row = 0; i < this.#n; row += ++i) {
      let sum = b[i];
      for (let l = 0; l < i; l++) sum -= rows[row + l] * b[l];
      b[i] = sum / rows[row + i];
    }
    for (let i = this.#n - 1; i >= 0; i--) {
      const row = (i * (i + 1)) / 2;
      b[i] /= rows[row + i];
      const x = b[i];
      for (let l = 0; l < i; l++) b[l] -= rows[row + l] * x;
    }
    return b;
  }
}

/** The Hessian over the active pixels of the working set, or over enough of them, factored. */
export async function sampledHessian({ problem, signs }: WorkingSet, plane: Hyperplane): Promise<PackedFactor> {
  const { features, penalty } = problem;
  const active = nearMargin(signs, await scoresOf(features, plane), 0);
  const most = Math.max(LEAST_HESSIAN_ROWS, HESSIAN_ROWS_PER_CHANNEL * features.channels);
  const step = Math.max(1, active.length / most);
  const rows = Int32Array.from({ length: Math.floor(active.length / step) }, (_, i) => active[Math.floor(i * step)]);
  const sums = await features.rowSums(rows, new Float32Array(rows.length).fill(1));
  return new PackedFactor(svmHessian(sums, rows.length, active.length, penalty), features.channels + 1);
}
