/**
 * One-vs-rest linear L2-SVMs, Eq. 3 of the paper: for each class k, with y = +1 on its pixels and -1 elsewhere,
 *
 *     minimise  f_k(w,b) = 1/2 |w|^2 + (C/N) sum_x max(0, 1 - y (w.x + b))^2,   bias not regularised.
 *
 * Coarse to fine: least squares for all classes at once, Newton on a sample, then on all pixels, each until a pass with the exact
 * gradients certifies the gaps: working sets alone leave out pixels that become active, on a sample as on all pixels.
 */

import { choleskySolve, factorPositive } from "../../numeric/cholesky.ts";
import { checkLabels, classSums } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import { secondMoments } from "../../pixels/moments.ts";
import type { ClassPass, Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import {
  DEFAULT_C,
  DEFAULT_TOLERANCE,
  INNER_SHARE,
  labelsOf,
  NEAR,
  SAMPLE_TOLERANCE,
  SvmProblem,
  signsOf,
} from "./svmProblem.ts";
import { NO_SOLVERS, type SvmSolver, type SvmSolvers } from "./svmSolver.ts";

export interface LinearSvmOptions extends JobOptions {
  /** Class of each pixel, integers in [0, nClasses). */
  readonly labels: ArrayLike<number>;
  readonly nClasses: number;
  /** Default 5000. */
  readonly C?: number;
  /** Certified relative gap (f - min f) / f of every class. Default 1e-3. */
  readonly tolerance?: number;
}

export interface LinearSvm extends LinearClassifier {
  /** f_k of Eq. 3, per class. */
  readonly objective: Float64Array;
  /** The certified relative gap |g_w|^2 / (2 f_k), per class; above `tolerance` where float32 allowed no better, and over streamed pixels. */
  readonly gap: Float64Array;
}

/**
 * Least squares counts pixels far beyond the margin, which draws the scores of a small class towards -1. Stretched by these numbers,
 * scores of -1 and 0 become -2 and 1: few pixels are active that need not be, and Newton starts with cheap steps.
 */
const STRETCH = 3;
const SHIFT = 1;
const MAX_ROUNDS = 10;

/**
 * Trains the classifiers. Deterministic. Throws RangeError for labels that do not fit the features or `nClasses`.
 */
export async function linearSvm(features: Pixels, options: LinearSvmOptions): Promise<LinearSvm> {
  const { nClasses, C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE } = options;
  const labels = checkLabels("linearSvm", options.labels, features.pixels, nClasses);
  if (!(C > 0)) throw new RangeError(`linearSvm: C must be positive, got ${C}`);
  if (!(tolerance > 0)) throw new RangeError(`linearSvm: tolerance must be positive, got ${tolerance}`);
  return trainOneVsRest(new SvmProblem(features, C, tolerance), labels, nClasses, options);
}

/** `linearSvm` of checked labels. */
export async function trainOneVsRest(
  problem: SvmProblem,
  labels: Uint16Array,
  k: number,
  { solvers = NO_SOLVERS, ...job }: JobOptions & { readonly solvers?: SvmSolvers },
): Promise<LinearSvm> {
  const { features } = problem;
  const { pixels, channels } = features;
  const sample = problem.sample();
  const stages = sample === undefined ? 1 : 2;
  /** Counts solved SVMs of one stage; what further rounds solve again moves the bar no more. */
  const progress = (stage: number, note: string) => {
    let solved = 0;
    return () => {
      solved++;
      job.onProgress?.({ phase: "svm", done: stage * k + Math.min(solved, k), total: stages * k, note });
      job.signal?.throwIfAborted();
    };
  };
  let planes: Hyperplane[];
  if (sample === undefined) planes = await leastSquares(problem, labels, k);
  else {
    const some = labelsOf(labels, sample.index);
    planes = await leastSquares(sample.problem, some, k);
    await solveAll(problem, solvers, true, some, planes, SAMPLE_TOLERANCE, progress(0, `${some.length} pixels`));
  }
  const found = await solveAll(
    problem,
    solvers,
    false,
    labels,
    planes,
    problem.tolerance,
    progress(stages - 1, `${pixels} pixels`),
  );
  return { k, channels, ...stackPlanes(planes, allClasses(k), channels), ...found };
}

/** Solves all classes from their present hyperplanes, in rounds: one pass says which are not yet certified, and these are refined. */
async function solveAll(
  problem: SvmProblem,
  solvers: SvmSolvers,
  sampled: boolean,
  labels: Uint16Array,
  planes: Hyperplane[],
  tolerance: number,
  advance: () => void,
): Promise<Pick<LinearSvm, "objective" | "gap">> {
  const own = (sampled ? problem.sample()?.problem : undefined) ?? problem;
  const objective = new Float64Array(planes.length);
  const gap = new Float64Array(planes.length);
  let pending = allClasses(planes.length);
  for (let round = 0; ; round++) {
    const passes = await pass(own, labels, planes, pending);
    const unsolved: ClassPass[] = [];
    for (const [i, k] of pending.entries()) {
      const result = own.certify(planes[k].weight, passes[i], tolerance);
      objective[k] = result.objective;
      gap[k] = result.gap;
      if (!result.certified) unsolved[k] = passes[i];
    }
    pending = pending.filter((k) => k in unsolved);
    if (pending.length === 0 || round === MAX_ROUNDS) return { objective, gap };
    await refine(problem, solvers, sampled, labels, planes, unsolved, pending, tolerance * INNER_SHARE, advance);
  }
}

/** A pass with gradients and working sets. */
function pass(
  { features }: SvmProblem,
  labels: Uint16Array,
  planes: readonly Hyperplane[],
  classes: readonly number[],
): Promise<ClassPass[]> {
  const { weight, bias } = stackPlanes(planes, classes, features.channels);
  return features.svm({ labels, classes, weight, bias, gradient: true, near: NEAR });
}

/**
 * Solves each of `classes` from its present hyperplane, of which `passes` holds the pass: on all pixels, or on the problem's sample.
 * Threads take one class after another.
 */
async function refine(
  problem: SvmProblem,
  solvers: SvmSolvers,
  sampled: boolean,
  labels: Uint16Array,
  planes: Hyperplane[],
  passes: readonly ClassPass[],
  classes: readonly number[],
  tolerance: number,
  advance: () => void,
): Promise<void> {
  const { c, tolerance: certified } = problem;
  const own = (sampled ? problem.sample()?.problem : undefined) ?? problem;
  // The largest first: none is left to one thread while the others wait.
  const queue = classes.slice().sort((a, b) => passes[a].kept.index.length - passes[b].kept.index.length);
  const small = queue.filter((k) => own.isWorkingSet(passes[k].kept));
  const large = queue.filter((k) => !own.isWorkingSet(passes[k].kept));
  const here = async (): Promise<void> => {
    for (let k = large.pop() ?? small.pop(); k !== undefined; k = large.pop() ?? small.pop()) {
      await own.solve(labels, k, planes[k], passes[k].kept, tolerance);
      advance();
    }
  };
  const there = async (solver: Pick<SvmSolver, "solve">): Promise<void> => {
    for (let k = small.pop(); k !== undefined; k = small.pop()) {
      const near = passes[k].kept;
      const signs = signsOf(labels, near.index, k);
      const request = { c, tolerance: certified, sampled, signs, plane: planes[k], near, enough: tolerance };
      planes[k] = await solver.solve(request);
      advance();
    }
  };
  await Promise.all([...solvers.workingSets.map(there), here()]);
}

/** The least-squares classifiers of all classes (a Newton step from w = 0, b = 0 with every pixel active), stretched. */
export async function leastSquares(problem: SvmProblem, labels: Uint16Array, k: number): Promise<Hyperplane[]> {
  const { features, c } = problem;
  const { pixels, channels: d } = features;
  const n = d + 1;
  const moments = await secondMoments(features);
  const hessian = moments.map((value) => 2 * c * value);
  for (let i = 0; i < d; i++) hessian[i * n + i] += 1;
  const sizes = new Float64Array(k);
  for (const label of labels) sizes[label]++;
  const sums = await classSums(features, labels, k);
  const factor = factorPositive(hessian, n);
  return Array.from({ length: k }, (_, own) => {
    const target = new Float64Array(n);
    for (let j = 0; j < d; j++) target[j] = (2 * c * 2 * sums[own * d + j]) / pixels - 2 * c * moments[d * n + j];
    target[d] = (2 * c * (2 * sizes[own] - pixels)) / pixels;
    choleskySolve(factor, n, target);
    return {
      weight: target.slice(0, d).map((w) => Math.fround(STRETCH * w)),
      bias: Math.fround(STRETCH * target[d] + SHIFT),
    };
  });
}

function allClasses(k: number): number[] {
  return Array.from({ length: k }, (_, own) => own);
}

/** `weight` [K,D] and `bias` [K] of the hyperplanes of `classes`. */
export function stackPlanes(
  planes: readonly Hyperplane[],
  classes: readonly number[],
  channels: number,
): { weight: Float32Array; bias: Float32Array } {
  const weight = new Float32Array(classes.length * channels);
  for (const [i, own] of classes.entries()) weight.set(planes[own].weight, i * channels);
  return { weight, bias: Float32Array.from(classes, (own) => planes[own].bias) };
}
