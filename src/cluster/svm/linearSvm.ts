/**
 * One-vs-rest linear L2-SVMs, Eq. 3 of the paper: for each class k, with y = +1 on its pixels and -1 elsewhere,
 *
 *     minimise  f_k(w,b) = 1/2 |w|^2 + (C/N) sum_x max(0, 1 - y (w.x + b))^2,   bias not regularised.
 *
 * Coarse to fine: least squares for all classes at once, on a sample where pixels are many, then as the plan has it, until a pass with the
 * exact gradients certifies the gaps.
 */

import { checkLabels } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { leastSquares } from "./leastSquares.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { svmPlan } from "./svmPlan.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE, SvmProblem, stackPlanes } from "./svmProblem.ts";
import type { SvmPlan, TrainOptions } from "./training.ts";
import { trainFromSample, trainSvms } from "./trainSvms.ts";

/** The classes, the weight of the loss, and how exactly to solve. */
export interface LinearSvmOptions extends JobOptions {
  /** Class of each pixel, integers in [0, nClasses). */
  readonly labels: ArrayLike<number>;
  readonly nClasses: number;
  /** Default 5000. */
  readonly C?: number;
  /** Certified relative gap (f - min f) / f of every class. Default 1e-3. */
  readonly tolerance?: number;
}

/** One-vs-rest hyperplanes, and how exactly each was solved. */
export interface LinearSvm extends LinearClassifier {
  /** f_k of Eq. 3, per class. */
  readonly objective: Float64Array;
  /** The certified relative gap |g_w|^2 / (2 f_k), per class; above `tolerance` where float32 allowed no better, and where passes are dear. */
  readonly gap: Float64Array;
}

/** The hyperplanes of all classes, between two passes. */
export interface TrainingProgress {
  /** [K,D] and [K]. */
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export interface OneVsRestOptions extends JobOptions {
  /** What an earlier training had. */
  readonly resume?: TrainingProgress | undefined;
  /** Where passes are dear: called after each with what may be passed as `resume`. */
  readonly onTraining?: ((progress: TrainingProgress) => void | Promise<void>) | undefined;
}

/**
 * Trains the classifiers. Deterministic. Throws RangeError for labels that do not fit the features or `nClasses`.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const { k, weight } = await linearSvm(points, { labels: [0, 0, 1, 1], nClasses: 2 });
 * console.log(k, weight[0] < 0, weight[1] > 0); // 2 true true
 */
export async function linearSvm(features: Pixels, options: LinearSvmOptions): Promise<LinearSvm> {
  const { nClasses, C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE } = options;
  const labels = checkLabels("linearSvm", options.labels, features.pixels, nClasses);
  if (!(C > 0)) throw new RangeError(`linearSvm: C must be positive, got ${C}`);
  if (!(tolerance > 0)) throw new RangeError(`linearSvm: tolerance must be positive, got ${tolerance}`);
  const { onProgress, signal } = options;
  const job = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return trainOneVsRest(new SvmProblem(features, C, tolerance), labels, nClasses, svmPlan(features), job);
}

/** `linearSvm` of checked labels. */
export async function trainOneVsRest(
  problem: SvmProblem,
  labels: Uint16Array,
  k: number,
  plan: SvmPlan,
  { resume, onTraining, ...job }: OneVsRestOptions,
): Promise<LinearSvm> {
  const { channels } = problem.features;
  const targets = { labels, classes: Array.from({ length: k }, (_, own) => own) };
  const options: TrainOptions = {
    ...job,
    ...(onTraining && { onPass: (planes) => onTraining(progressOf(planes, channels)) }),
  };
  const trained =
    resume === undefined
      ? await trainFromSample(problem, targets, (on, some) => leastSquares(on, some, k), plan, options)
      : await trainSvms(problem, targets, startsOf(resume, channels), plan, options);
  return {
    k,
    channels,
    ...stackPlanes(
      trained.map(({ plane }) => plane),
      channels,
    ),
    objective: Float64Array.from(trained, ({ objective }) => objective),
    gap: Float64Array.from(trained, ({ gap }) => gap),
  };
}

function progressOf(planes: readonly Hyperplane[], channels: number): TrainingProgress {
  const weight = new Float64Array(planes.length * channels);
  for (const [own, plane] of planes.entries()) weight.set(plane.weight, own * channels);
  return { weight, bias: Float64Array.from(planes, ({ bias }) => bias) };
}

const startsOf = ({ weight, bias }: TrainingProgress, channels: number): { readonly plane: Hyperplane }[] =>
  Array.from(bias, (b, own) => ({
    plane: { weight: weight.slice(own * channels, (own + 1) * channels), bias: b },
  }));
