/**
 * The SVMs of Eq. 3 where every pass over the pixels costs reading them (`Pixels.streamed`). A class is solved on a working set in
 * memory, a sample of the pixels near its margin and some of all others; then all classes are polished together, one pass giving the exact objectives and
 * gradients of all: quasi-Newton steps whose first metric is the working set's Hessian (sub-sampled Newton), corrected by the last
 * steps' changes of gradient (L-BFGS; Nocedal and Wright, Numerical Optimization, algorithm 7.4). The gap that certifies a class is
 * exact, whatever the working set. It is also far too wide where features have large norms: there a class is done when the metric's
 * own estimate of what is left to gain, g^T B^-1 g / 2 (the Newton decrement), is well below the tolerance.
 */

import { dot } from "../../numeric/symmetric.ts";
import type { ClassLabels, ClassPass } from "../../pixels/pixels.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { NEAR, type SvmProblem } from "./svmProblem.ts";
import { type PackedFactor, sampledHessian, solveWorkingSet, type WorkingSets } from "./workingSets.ts";

/** Passes over all pixels with one working set; after so many working sets a class is left with the gap it has. */
const MAX_PASSES = 10;
const MAX_WORKING_SETS = 4;
/** Relative gap at which a working set is solved well enough: it is a sample. */
const WORKING_TOLERANCE = 0.01;
const ROUGH_TOLERANCE = 0.1;
/** With less than this share of the objective left to gain, the minimum of a working set is further off: only its Hessian is wanted. */
const WORKING_EXCESS = 0.03;
/** Classes whose near pixels are listed at a time. */
const CLASSES_PER_PASS = 16;
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
async function polish(
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
    const passes = await features.svm({
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
  const passes = await features.svm({ labels, classes, weight, bias, near: NEAR });
  return passes.map((pass) => pass.kept.index);
}
