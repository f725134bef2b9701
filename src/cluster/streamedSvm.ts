/**
 * The SVMs of Eq. 3 where every pass over the pixels costs reading them (`LinearFeatures.streamed`). A class is solved on a working set in
 * memory, a sample of the pixels near its margin and some of all others; then all classes are polished together, one pass giving the exact objectives and
 * gradients of all: quasi-Newton steps whose first metric is the working set's Hessian (sub-sampled Newton), corrected by the last
 * steps' changes of gradient (L-BFGS; Nocedal and Wright, Numerical Optimization, algorithm 7.4). The gap that certifies a class is
 * exact, whatever the working set. It is also far too wide where features have large norms: there a class is done when the metric's
 * own estimate of what is left to gain, g^T B^-1 g / 2 (the Newton decrement), is well below the tolerance.
 */
import { RandomState } from "../tensor/random.ts";
import { factorPositive } from "./cholesky.ts";
import { denseFeatures } from "./denseFeatures.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { type ClassLabels, type ClassPass, labelTable, svmPass } from "./svmPass.ts";
import { NEAR, SvmProblem } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";

/** Passes over all pixels with one working set; after so many working sets a class is left with the gap it has. */
const MAX_PASSES = 10;
const MAX_WORKING_SETS = 4;
/** Rows of a working set that are near the margin, per channel and at least. */
const NEAR_ROWS_PER_CHANNEL = 48;
const LEAST_NEAR_ROWS = 12288;
/** Rows of all working sets that are drawn from all pixels. */
const COMMON_ROWS_PER_CHANNEL = 16;
const LEAST_COMMON_ROWS = 4096;
/** Relative gap at which a working set is solved well enough: it is a sample. */
const WORKING_TOLERANCE = 0.01;
const ROUGH_TOLERANCE = 0.1;
/** With less than this share of the objective left to gain, the minimum of a working set is further off: only its Hessian is wanted. */
const WORKING_EXCESS = 0.03;
/** Classes whose near pixels are listed at a time. */
const CLASSES_PER_PASS = 16;
/** Active rows that a Hessian is taken from, per channel and at least. */
const HESSIAN_ROWS_PER_CHANNEL = 16;
const LEAST_HESSIAN_ROWS = 4096;
/** A class is settled when the share of its objective that further steps can be expected to gain is this part of the tolerance. */
const SETTLED = 0.1;
/** Steps whose change of gradient is remembered. */
const MEMORY = 6;
/** Share of the slope's promise that a step must keep (Armijo). */
const SUFFICIENT = 1e-4;

/** A class trained over all pixels. */
export interface PolishedSvm {
  readonly plane: Hyperplane;
  readonly objective: number;
  readonly gap: number;
  readonly certified: boolean;
  /** The pass that found these, with the kept scores where asked for. */
  readonly pass: ClassPass;
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
  solve(b: Float64Array): void {
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
  }
}

/** The Hessian I + 2c sum x~ x~^T over the active pixels of the working set, or over enough of them, factored. */
async function sampledHessian(
  { problem: { features: sample, penalty: whole }, labels }: WorkingSet,
  { weight, bias }: Hyperplane,
): Promise<PackedFactor> {
  const scores = await sample.scores(Float32Array.from(weight), Float32Array.of(bias));
  const all: number[] = [];
  for (let i = 0; i < scores.length; i++) if (labels[i] === 1 ? scores[i] < 1 : scores[i] > -1) all.push(i);
  const d = weight.length;
  const enough = Math.max(LEAST_HESSIAN_ROWS, HESSIAN_ROWS_PER_CHANNEL * d);
  const step = Math.max(1, all.length / enough);
  const active = Int32Array.from({ length: Math.floor(all.length / step) }, (_, i) => all[Math.floor(i * step)]);
  const penalty = whole * step;
  const { squares, sums } = await sample.rowSums(active, new Float32Array(active.length).fill(1));
  const n = d + 1;
  const hessian = new Float64Array(n * n);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) hessian[i * n + j] = 2 * penalty * squares[i * d + j];
    hessian[i * n + i] += 1;
    if (active.length > 0) hessian[d * n + i] = 2 * penalty * sums[i];
  }
  hessian[d * n + d] = 2 * penalty * Math.max(active.length, 1);
  return new PackedFactor(hessian, n);
}

/** The descent on one class. Vectors are [D+1], the bias last. */
class Descent {
  readonly #factor: PackedFactor;
  #point: Float64Array | undefined;
  #value = 0;
  #gradient: Float64Array = new Float64Array(0);
  #direction: Float64Array = new Float64Array(0);
  #slope = 0;
  #step = 1;
  readonly #steps: { readonly s: Float64Array; readonly y: Float64Array }[] = [];
  /** Where the next pass looks; representable in float32. */
  trial: Float64Array;

  constructor({ weight, bias }: Hyperplane, factor: PackedFactor) {
    this.#factor = factor;
    this.trial = Float64Array.from([...weight, bias], Math.fround);
  }

  /** What a whole step from the last point would gain, if the objective were as the metric has it. */
  get promise(): number {
    return -this.#slope / 2;
  }

  get plane(): Hyperplane {
    const d = this.trial.length - 1;
    return { weight: this.trial.slice(0, d), bias: this.trial[d] };
  }

  /** Moves the trial on, after a pass found `value` and `gradient` there. */
  advance(value: number, gradient: Float64Array): void {
    if (this.#point !== undefined && value > this.#value + SUFFICIENT * this.#step * this.#slope) {
      // Too far: the minimum of the parabola through both values and the slope, within bounds.
      const rise = value - this.#value - this.#slope * this.#step;
      const best = (-this.#slope * this.#step) / (2 * rise);
      this.#step *= Math.min(0.5, Math.max(0.1, best));
    } else {
      if (this.#point !== undefined) this.#remember(this.#point, gradient);
      this.#point = this.trial;
      this.#value = value;
      this.#gradient = gradient;
      this.#direction = this.#newDirection();
      this.#slope = dot(this.#direction, gradient);
      this.#step = 1;
    }
    const { point, direction, step } = { point: this.#point, direction: this.#direction, step: this.#step };
    this.trial = point.map((x, j) => Math.fround(x + step * direction[j]));
  }

  #remember(from: Float64Array, gradient: Float64Array): void {
    const s = this.trial.map((x, j) => x - from[j]);
    const y = gradient.map((g, j) => g - this.#gradient[j]);
    if (!(dot(s, y) > 0)) return;
    this.#steps.push({ s, y });
    if (this.#steps.length > MEMORY) this.#steps.shift();
  }

  /** -(inverse metric) gradient, by the two-loop recursion around the factor. */
  #newDirection(): Float64Array {
    const r = this.#gradient.slice();
    const steps = this.#steps;
    const alpha = new Float64Array(steps.length);
    for (let i = steps.length - 1; i >= 0; i--) {
      const { s, y } = steps[i];
      alpha[i] = dot(s, r) / dot(s, y);
      for (let j = 0; j < r.length; j++) r[j] -= alpha[i] * y[j];
    }
    this.#factor.solve(r);
    for (const [i, { s, y }] of steps.entries()) {
      const beta = dot(y, r) / dot(s, y);
      for (let j = 0; j < r.length; j++) r[j] += (alpha[i] - beta) * s[j];
    }
    for (let j = 0; j < r.length; j++) r[j] = -r[j];
    return r;
  }
}

export interface PolishOptions {
  /** Keep the scores s > -1 of the certifying pass. */
  readonly keep?: boolean;
  /**
   * After each pass: how many classes are done, the largest share of its objective that one of the others can be expected to gain, and
   * the hyperplanes so far (those of `classes`, in their order).
   */
  readonly onPass?: (done: number, left: number, planes: readonly Hyperplane[]) => void | Promise<void>;
}

/** How far a class is from its minimum. */
interface Standing {
  readonly settled: boolean;
  /** The share of the objective that can be expected to be gained. */
  readonly left: number;
}

/**
 * Steps towards the problem's tolerance over all pixels for `classes`, from `planes` and with preconditioners `factors`, in the same
 * order. A class that is not done within MAX_PASSES has the best of the hyperplanes that were tried.
 */
export async function polish(
  problem: SvmProblem,
  labels: Uint16Array,
  classes: readonly ClassLabels[],
  planes: readonly Hyperplane[],
  factors: readonly PackedFactor[],
  { keep = false, onPass }: PolishOptions = {},
): Promise<(PolishedSvm & Standing)[]> {
  const { features, penalty, tolerance } = problem;
  const d = features.channels;
  const descents = planes.map((plane, i) => new Descent(plane, factors[i]));
  const best: PolishedSvm[] = [];
  const settled = new Array<boolean>(classes.length).fill(false);
  const left = new Float64Array(classes.length);
  let pending = [...classes.keys()];
  for (let round = 1; round <= MAX_PASSES && pending.length > 0; round++) {
    const weight = new Float32Array(pending.length * d);
    for (const [row, i] of pending.entries()) weight.set(descents[i].trial.subarray(0, d), row * d);
    const passes = await svmPass(features, {
      labels,
      classes: pending.map((i) => classes[i]),
      weight,
      bias: Float32Array.from(pending, (i) => descents[i].trial[d]),
      gradient: true,
      keep,
    });
    for (const [row, i] of pending.entries()) {
      const pass = passes[row];
      const descent = descents[i];
      const { plane } = descent;
      const { objective, gap, certified } = problem.certify(plane.weight, pass);
      if (best[i] === undefined || certified || objective < best[i].objective)
        best[i] = { plane, objective, gap, certified, pass };
      if (certified) {
        settled[i] = true;
        continue;
      }
      const gradient = new Float64Array(d + 1);
      for (let j = 0; j < d; j++) gradient[j] = plane.weight[j] - 2 * penalty * (pass.pullGradient as Float64Array)[j];
      gradient[d] = -2 * penalty * pass.signedPull;
      descent.advance(objective, gradient);
      left[i] = descent.promise / best[i].objective;
      settled[i] = left[i] <= SETTLED * tolerance;
    }
    pending = pending.filter((i) => !settled[i]);
    await onPass?.(
      classes.length - pending.length,
      pending.reduce((most, i) => Math.max(most, left[i]), 0),
      best.map(({ plane }) => plane),
    );
  }
  return best.map((one, i) => ({ ...one, settled: settled[i], left: left[i] }));
}

/** A class's problem on a sample of the pixels. Its rows are valid until the next one is made. */
interface WorkingSet {
  readonly problem: SvmProblem;
  /** 1 for pixels of the class, else 0. */
  readonly labels: Uint16Array;
}

/** Makes working sets. All have some pixels in common, drawn from all, so that no class forgets those far from it. */
export class WorkingSets {
  readonly #common: Int32Array;
  readonly #ownRows: number;
  /** The common rows, and after them room for those of one class. */
  readonly #rows: Float32Array;

  constructor(features: LinearFeatures) {
    const { pixels, channels } = features;
    this.#common = spreadPixels(pixels, Math.max(LEAST_COMMON_ROWS, COMMON_ROWS_PER_CHANNEL * channels), 0);
    this.#ownRows = Math.min(Math.max(LEAST_NEAR_ROWS, NEAR_ROWS_PER_CHANNEL * channels), pixels);
    const common = this.#common.length * channels;
    this.#rows = new Float32Array(common + this.#ownRows * channels);
    features.rows(this.#common, this.#rows.subarray(0, common));
  }

  /**
   * The problem of a class on a sample of `candidates`, ascending, which may be active, on the common pixels, and where room is left on more of all.
   * Each of the sample stands for as many as were left out. The others count as much: too little for what they stand for, but enough to
   * hold the hyperplane where no candidate does; what becomes active among those left out is seen by the next pass.
   */
  of(
    { features, penalty }: SvmProblem,
    labels: Uint16Array,
    own: ClassLabels,
    candidates: Int32Array,
    tolerance: number,
  ): WorkingSet {
    const { channels, blas, pixels } = features;
    const near = spreadSample(candidates, this.#ownRows);
    const more = spreadPixels(pixels, this.#ownRows - near.length, 1);
    const index = new Int32Array(this.#common.length + this.#ownRows);
    index.set(this.#common);
    index.set(near, this.#common.length);
    index.set(more, this.#common.length + near.length);
    const first = this.#common.length * channels;
    const last = first + near.length * channels;
    features.rows(near, this.#rows.subarray(first, last));
    features.rows(more, this.#rows.subarray(last));
    const sample = denseFeatures({ dtype: "float32", shape: [index.length, channels], data: this.#rows }, { blas });
    const standsFor = Math.max(candidates.length / Math.max(near.length, 1), 1);
    return {
      problem: new SvmProblem(sample, penalty * standsFor * index.length, tolerance),
      labels: membersOf(labels, own, index),
    };
  }
}

/** 1 for the pixels of `index` that belong to the class, else 0. */
function membersOf(labels: Uint16Array, own: ClassLabels, index: Int32Array): Uint16Array {
  const table = labelTable(own);
  return Uint16Array.from(index, (n) => table[labels[n]]);
}

/** Solves a working set, to its tolerance, from and into `plane`. */
async function solveWorkingSet({ problem, labels }: WorkingSet, plane: Hyperplane): Promise<void> {
  const scores = await problem.features.scores(Float32Array.from(plane.weight), Float32Array.of(plane.bias));
  const near: number[] = [];
  for (let i = 0; i < scores.length; i++) if ((labels[i] === 1 ? scores[i] : -scores[i]) < 1 + NEAR) near.push(i);
  const nearMap = { index: Int32Array.from(near), value: Float32Array.from(near, (i) => scores[i]) };
  await problem.solve(labels, 1, plane, nearMap, problem.tolerance);
}

/** At most `size` of the ascending `list`: one at a random place of each of `size` equal parts. */
export function spreadSample(list: Int32Array, size: number): Int32Array {
  return list.length <= size ? list : spreadPixels(list.length, size, 0).map((i) => list[i]);
}

/** At most `size` of the numbers below `pixels`, ascending, likewise. */
function spreadPixels(pixels: number, size: number, seed: number): Int32Array {
  if (pixels <= size) return Int32Array.from({ length: pixels }, (_, n) => n);
  const random = new RandomState(seed);
  return Int32Array.from({ length: size }, (_, i) => Math.floor(((i + random.randomSample()) * pixels) / size));
}

export interface TrainOptions extends PolishOptions {
  /** The start is far from the end: a first working set makes it a better one to look for near pixels. */
  readonly rough?: boolean;
  /** After each class that was solved on its working set: how many were, of this round. */
  readonly onSolved?: (solved: number, round: number) => void;
}

/**
 * Trains `classes` over all pixels to the problem's tolerance, from `planes`, in the same order. `candidates`, if known, are the pixels
 * that may be active for each class at the start; else, and where passes do not suffice, a pass finds those near the margin.
 */
export async function trainByWorkingSets(
  problem: SvmProblem,
  labels: Uint16Array,
  classes: readonly ClassLabels[],
  planes: readonly Hyperplane[],
  workingSets: WorkingSets,
  candidates: readonly Int32Array[] | undefined,
  { rough = false, onSolved, onPass, ...options }: TrainOptions = {},
): Promise<PolishedSvm[]> {
  const results = new Array<PolishedSvm | undefined>(classes.length).fill(undefined);
  const present = [...planes];
  const left = new Float64Array(classes.length).fill(Number.POSITIVE_INFINITY);
  let pending = [...classes.keys()];
  for (let round = 0; pending.length > 0 && round < MAX_WORKING_SETS; round++) {
    const isRough = rough && round === 0;
    const factors: PackedFactor[] = [];
    let solved = 0;
    for (let start = 0; start < pending.length; start += CLASSES_PER_PASS) {
      const group = pending.slice(start, start + CLASSES_PER_PASS);
      const lists =
        round === 0 && candidates !== undefined
          ? group.map((i) => candidates[i])
          : await nearPixels(
              problem,
              labels,
              group.map((i) => classes[i]),
              group.map((i) => present[i]),
            );
      for (const [row, i] of group.entries()) {
        const tolerance = isRough ? ROUGH_TOLERANCE : WORKING_TOLERANCE;
        const working = workingSets.of(problem, labels, classes[i], lists[row], tolerance);
        if (left[i] > WORKING_EXCESS) {
          const plane = copyOf(present[i]);
          await solveWorkingSet(working, plane);
          present[i] = plane;
        }
        if (!isRough) factors.push(await sampledHessian(working, present[i]));
        onSolved?.(++solved, round);
      }
    }
    if (isRough) continue;
    const asked = pending;
    const polished = await polish(
      problem,
      labels,
      asked.map((i) => classes[i]),
      asked.map((i) => present[i]),
      factors,
      {
        ...options,
        async onPass(done, left, now) {
          for (const [row, i] of asked.entries()) present[i] = now[row];
          await onPass?.(classes.length - asked.length + done, left, present);
        },
      },
    );
    pending = [];
    for (const [row, i] of asked.entries()) {
      const before = results[i];
      const now = polished[row];
      left[i] = now.left;
      if (before === undefined || now.certified || now.objective < before.objective) results[i] = now;
      present[i] = (results[i] as PolishedSvm).plane;
      // Where a new working set gains nothing that counts, float32 allows no better.
      const gains = before === undefined || now.objective < before.objective * (1 - problem.tolerance);
      if (!now.settled && gains) pending.push(i);
    }
  }
  return results as PolishedSvm[];
}

const copyOf = ({ weight, bias }: Hyperplane): Hyperplane => ({ weight: weight.slice(), bias });

/** The pixels near the margin of each class or inside, ascending. */
async function nearPixels(
  { features }: SvmProblem,
  labels: Uint16Array,
  classes: readonly ClassLabels[],
  planes: readonly Hyperplane[],
): Promise<Int32Array[]> {
  const weight = new Float32Array(classes.length * features.channels);
  for (const [row, plane] of planes.entries()) weight.set(plane.weight, row * features.channels);
  const bias = Float32Array.from(planes, (plane) => plane.bias);
  const passes = await svmPass(features, { labels, classes, weight, bias, near: NEAR });
  return passes.map((pass) => pass.kept.index);
}
