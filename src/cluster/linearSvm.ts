/**
 * One-vs-rest linear L2-SVMs, Eq. 3 of the paper: for each class k, with y = +1 on its pixels and -1 elsewhere,
 *
 *     minimise  f_k(w,b) = 1/2 |w|^2 + (C/N) sum_x max(0, 1 - y (w.x + b))^2,   bias not regularised.
 *
 * Coarse to fine: least squares for all classes at once on a sample, Newton on growing samples, then on all pixels, where each
 * class is solved on the few pixels near its margin and a pass over all pixels certifies the gap or names the pixels missed.
 */
import type { JobOptions } from "../tensor/progress.ts";
import { RandomState } from "../tensor/random.ts";
import { choleskySolve, factorPositive } from "./cholesky.ts";
import { subset } from "./denseFeatures.ts";
import { checkLabels, classSums } from "./labels.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import type { LinearClassifier } from "./mergeTree.ts";
import { secondMoments } from "./moments.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { svmPass } from "./svmPass.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE, preconditionerOf, SvmProblem } from "./svmProblem.ts";
import { DIRECT_CHANNELS, WorkingSet } from "./workingSet.ts";

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
  /** The certified relative gap |g_w|^2 / (2 f_k), per class; above `tolerance` only where float32 allowed no better. */
  readonly gap: Float64Array;
}

/** Pixels of the first sample, and the factor from one sample to the next. */
const FIRST_SAMPLE = 8192;
const SAMPLE_GROWTH = 6;
/** A sample must be smaller than the whole by this factor to be worth its pass. */
const WORTHWHILE = 2.5;
/** Bytes that a sample's dense rows may take. */
const SAMPLE_BYTES = 64 * 2 ** 20;
/** Pixels with a margin above these numbers are solved on: first, when hyperplanes still move, and later. */
const FIRST_MARGIN = -0.5;
const LATER_MARGIN = -0.2;
const MAX_ROUNDS = 10;
/** Entries of the working sets of one batch of classes, which are kept at a time. */
const BATCH_ENTRIES = 2 ** 23;
/** Share of pixels near the margin of one class, as a guess for batching. */
const NEAR_MARGIN_SHARE = 0.1;

/**
 * Trains the classifiers. Deterministic. Throws RangeError for labels that do not fit the features or `nClasses`.
 */
export async function linearSvm(features: LinearFeatures, options: LinearSvmOptions): Promise<LinearSvm> {
  const { nClasses, C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE } = options;
  const labels = checkLabels("linearSvm", options.labels, features.pixels, nClasses);
  if (!(C > 0)) throw new RangeError(`linearSvm: C must be positive, got ${C}`);
  if (!(tolerance > 0)) throw new RangeError(`linearSvm: tolerance must be positive, got ${tolerance}`);
  return trainOneVsRest(new SvmProblem(features, C, tolerance), labels, nClasses, options);
}

/** `linearSvm` of checked labels; leaves the shared preconditioner in `problem`. */
export async function trainOneVsRest(
  problem: SvmProblem,
  labels: Uint16Array,
  k: number,
  job: JobOptions,
): Promise<LinearSvm> {
  const { features } = problem;
  const { pixels, channels } = features;
  const sizes = sampleSizes(pixels, channels);
  const order = sizes.length > 0 ? new RandomState(0).permutation(pixels) : new Int32Array(0);
  const total = k * (sizes.length + 1);
  let done = 0;
  const advance = (count: number, note: string) => {
    done += count;
    job.onProgress?.({ phase: "svm", done: Math.min(done, total), total, note });
    job.signal?.throwIfAborted();
  };
  let planes: Hyperplane[] | undefined;
  for (const size of sizes) {
    const index = sampleIndex(order, size);
    const sampleLabels = Uint16Array.from(index, (n) => labels[n]);
    const sample = problem.restrictedTo(index);
    planes ??= await leastSquares(sample, sampleLabels, k);
    problem.preconditioner = sample.preconditioner;
    await refine(sample, sampleLabels, planes, allClasses(k), FIRST_MARGIN, (count) =>
      advance(count, `${size} pixels`),
    );
  }
  planes ??= await leastSquares(problem, labels, k);

  const objective = new Float64Array(k);
  const gap = new Float64Array(k);
  const note = `${pixels} pixels`;
  await refine(problem, labels, planes, allClasses(k), FIRST_MARGIN, (count) => advance(count, note));
  let pending = allClasses(k);
  for (let round = 0; pending.length > 0; round++) {
    const { weight, bias } = stack(planes, pending, channels);
    const passes = await svmPass(features, { labels, classes: pending, weight, bias, keep: 0, gradient: true });
    const failed: number[] = [];
    for (const [i, pass] of passes.entries()) {
      const own = pending[i];
      const result = problem.certify(planes[own].weight, pass);
      objective[own] = result.objective;
      gap[own] = result.gap;
      if (!result.certified) failed.push(own);
    }
    if (round === MAX_ROUNDS) break;
    pending = failed;
    await refine(problem, labels, planes, pending, LATER_MARGIN, () => advance(0, note));
  }
  return { k, channels, ...stack(planes, allClasses(k), channels), objective, gap };
}

/**
 * Leaves in `problem` the preconditioner that `trainOneVsRest` would leave there: merges that are resumed then take the same steps.
 */
export async function preparePreconditioner(problem: SvmProblem): Promise<void> {
  const { features, c } = problem;
  if (features.channels <= DIRECT_CHANNELS) return;
  const [size] = sampleSizes(features.pixels, features.channels);
  const sample =
    size === undefined
      ? features
      : subset(features, sampleIndex(new RandomState(0).permutation(features.pixels), size));
  problem.preconditioner = preconditionerOf(await secondMoments(sample), features.channels, c);
}

/** The first `size` pixels of a random order, ascending. */
function sampleIndex(order: Int32Array, size: number): Int32Array {
  return order.slice(0, size).sort();
}

/** Solves each of `classes` on the pixels whose margin exceeds `margin` under its present hyperplane. */
async function refine(
  problem: SvmProblem,
  labels: Uint16Array,
  planes: Hyperplane[],
  classes: readonly number[],
  margin: number,
  advance: (count: number) => void,
): Promise<void> {
  const { features } = problem;
  const set = new WorkingSet(features);
  const batch = Math.max(1, Math.floor(BATCH_ENTRIES / (features.pixels * NEAR_MARGIN_SHARE)));
  for (let start = 0; start < classes.length; start += batch) {
    const some = classes.slice(start, start + batch);
    const { weight, bias } = stack(planes, some, features.channels);
    const passes = await svmPass(features, { labels, classes: some, weight, bias, keep: margin });
    for (const [i, own] of some.entries()) {
      set.clear();
      set.append(passes[i].kept.index);
      await problem.solve(set, labels, own, planes[own]);
      advance(1);
    }
  }
}

/** The least-squares classifiers of all classes: one Newton step from w = 0, b = 0 with every pixel active. */
async function leastSquares(problem: SvmProblem, labels: Uint16Array, k: number): Promise<Hyperplane[]> {
  const { features, c } = problem;
  const { pixels, channels: d } = features;
  const n = d + 1;
  const moments = await secondMoments(features);
  problem.preconditioner = preconditionerOf(moments, d, c);
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
    return { weight: target.slice(0, d).map(Math.fround), bias: Math.fround(target[d]) };
  });
}

function allClasses(k: number): number[] {
  return Array.from({ length: k }, (_, own) => own);
}

/** `weight` [K,D] and `bias` [K] of the hyperplanes of `classes`. */
function stack(
  planes: readonly Hyperplane[],
  classes: readonly number[],
  channels: number,
): { weight: Float32Array; bias: Float32Array } {
  const weight = new Float32Array(classes.length * channels);
  for (const [i, own] of classes.entries()) weight.set(planes[own].weight, i * channels);
  return { weight, bias: Float32Array.from(classes, (own) => planes[own].bias) };
}

/** Sizes of the samples that are solved before all pixels. */
function sampleSizes(pixels: number, channels: number): number[] {
  const most = Math.min(pixels / WORTHWHILE, SAMPLE_BYTES / (4 * channels));
  const sizes: number[] = [];
  for (let size = FIRST_SAMPLE; size < most; size *= SAMPLE_GROWTH) sizes.push(size);
  return sizes;
}
