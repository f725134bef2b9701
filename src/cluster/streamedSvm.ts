/**
 * The SVMs of Eq. 3 where every pass over the pixels costs reading them (`LinearFeatures.streamed`). A sample in memory is solved
 * first; then all classes are polished together, one pass giving the exact objectives and gradients of all: quasi-Newton steps whose
 * first metric is the sample's Hessian (sub-sampled Newton), corrected by the last steps' changes of gradient (L-BFGS; Nocedal and
 * Wright, Numerical Optimization, algorithm 7.4). The gap that certifies a class is exact, whatever the sample.
 */
import { factorPositive } from "./cholesky.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { type ClassPass, svmPass } from "./svmPass.ts";
import type { SvmProblem } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";

/** Passes over all pixels after which a class is left with the gap it has. */
const MAX_PASSES = 20;
/** On a sample, Hessians are cheap: so many passes with each, and so many of them. */
const PASSES_PER_HESSIAN = 6;
const MAX_HESSIANS = 8;
/** Active rows that a Hessian is taken from, per channel and at least. */
const HESSIAN_ROWS_PER_CHANNEL = 16;
const LEAST_HESSIAN_ROWS = 4096;
/** Steps whose change of gradient is remembered. */
const MEMORY = 6;
/** Share of the slope's promise that a step must keep (Armijo). */
const SUFFICIENT = 1e-4;

/** A class trained over all pixels. */
export interface PolishedSvm {
  readonly plane: Hyperplane;
  readonly objective: number;
  readonly gap: number;
  /** The pass that certified it, with the kept scores where asked for. */
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

/**
 * The Hessian I + 2c sum x~ x~^T over the pixels of `sample` that are active for `plane` as the classifier of class `own`, or over enough
 * of them, factored.
 */
export async function sampledHessian(
  { features: sample, penalty: whole }: Pick<SvmProblem, "features" | "penalty">,
  labels: Uint16Array,
  own: number,
  { weight, bias }: Hyperplane,
): Promise<PackedFactor> {
  const scores = await sample.scores(Float32Array.from(weight), Float32Array.of(bias));
  const all: number[] = [];
  for (let i = 0; i < scores.length; i++) if (labels[i] === own ? scores[i] < 1 : scores[i] > -1) all.push(i);
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
  readonly own: number;
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

  constructor(own: number, { weight, bias }: Hyperplane, factor: PackedFactor) {
    this.own = own;
    this.#factor = factor;
    this.trial = Float64Array.from([...weight, bias], Math.fround);
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
  /** Default MAX_PASSES. */
  readonly maxPasses?: number;
  /** Keep the scores s > -1 of the certifying pass. */
  readonly keep?: boolean;
  /** After each pass: how many classes are certified, and the hyperplanes so far (those of `classes`, in their order). */
  readonly onPass?: (certified: number, planes: readonly Hyperplane[]) => void | Promise<void>;
}

/**
 * Trains `classes` over all pixels to the problem's tolerance, from `planes` and with preconditioners `factors`, in the same order.
 */
export async function polish(
  problem: SvmProblem,
  labels: Uint16Array,
  classes: readonly number[],
  planes: readonly Hyperplane[],
  factors: readonly PackedFactor[],
  { maxPasses = MAX_PASSES, keep = false, onPass }: PolishOptions = {},
): Promise<PolishedSvm[]> {
  const { features, penalty } = problem;
  const d = features.channels;
  const descents = classes.map((own, i) => new Descent(own, planes[i], factors[i]));
  const done = new Array<PolishedSvm | undefined>(classes.length).fill(undefined);
  for (let round = 1; done.includes(undefined); round++) {
    const pending = [...descents.keys()].filter((i) => done[i] === undefined);
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
      if (certified || round === maxPasses) {
        done[i] = { plane, objective, gap, pass };
        continue;
      }
      const gradient = new Float64Array(d + 1);
      for (let j = 0; j < d; j++) gradient[j] = plane.weight[j] - 2 * penalty * (pass.pullGradient as Float64Array)[j];
      gradient[d] = -2 * penalty * pass.signedPull;
      descent.advance(objective, gradient);
    }
    await onPass?.(
      done.filter((one) => one !== undefined).length,
      descents.map((descent, i) => done[i]?.plane ?? descent.plane),
    );
  }
  return done as PolishedSvm[];
}

/** Brings `planes`, those of `classes`, to the tolerance of a problem in memory: all classes in each pass, Hessians taken anew now and then. */
export async function polishSample(
  problem: SvmProblem,
  labels: Uint16Array,
  classes: readonly number[],
  planes: readonly Hyperplane[],
  advance: (certified: number) => void = () => undefined,
): Promise<Hyperplane[]> {
  const result = [...planes];
  let pending = [...classes.keys()];
  for (let hessians = 0; pending.length > 0 && hessians < MAX_HESSIANS; hessians++) {
    const factors: PackedFactor[] = [];
    for (const i of pending) {
      factors.push(await sampledHessian(problem, labels, classes[i], result[i]));
      advance(classes.length - pending.length);
    }
    const polished = await polish(
      problem,
      labels,
      pending.map((i) => classes[i]),
      pending.map((i) => result[i]),
      factors,
      { maxPasses: PASSES_PER_HESSIAN },
    );
    for (const [row, i] of pending.entries()) result[i] = polished[row].plane;
    pending = pending.filter((_, row) => polished[row].gap > problem.tolerance);
  }
  advance(classes.length);
  return result;
}
