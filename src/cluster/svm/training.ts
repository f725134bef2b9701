/** What the training of SVMs is given, holds and gives back. */

import type { ClassLabels, ClassPass, Pixels, SparseMap } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Curvature, Hyperplane } from "./newtonSvm.ts";
import type { SvmProblem } from "./svmProblem.ts";

/** Classes to separate from all other pixels, each alone. */
export interface Targets {
  /** Label of each pixel. */
  readonly labels: Uint16Array;
  readonly classes: readonly ClassLabels[];
}

/** Where a class begins. */
export interface SvmStart {
  readonly plane: Hyperplane;
  /** The pixels near its margin and their scores, where they are known: else a pass finds them. */
  readonly near?: SparseMap;
  /** The pixels that can be active, where they are known without scores. */
  readonly candidates?: Int32Array;
  /** The factor of a like problem's Hessian, and afterwards of this one's; who has one is refined by this thread. */
  readonly curvature?: Curvature;
  /** The hyperplane is far from the end. */
  readonly rough?: boolean;
}

/** A class in training: where it is now, and the best that passes have found. */
export interface Training {
  readonly own: ClassLabels;
  readonly start: SvmStart;
  /** Where the next pass looks. */
  plane: Hyperplane;
  /** The last pass, which looked at `plane`. */
  pass: ClassPass | undefined;
  best: TrainedSvm | undefined;
}

export interface TrainedSvm {
  readonly plane: Hyperplane;
  /** f of Eq. 3, and the certified relative gap |g_w|^2 / (2 f): above the tolerance where float32, or the plan, allowed no better. */
  readonly objective: number;
  readonly gap: number;
  /** What the pass counted there, and the scores it kept, if asked for. */
  readonly predicted: number;
  readonly truePositive: number;
  readonly kept: SparseMap;
}

/** How hyperplanes that are not certified are moved on; a new one for every training. */
export interface Refiner {
  /** Pixels with a margin above minus this are kept by passes for it. */
  readonly near?: number;
  /**
   * Moves the hyperplanes of `pending` on: at first of all classes, before any pass, and then of those that the last pass did not certify.
   * Returns the classes to look at next; the others are as good as they will be.
   */
  refine(pending: readonly Training[]): Promise<readonly Training[]>;
}

export interface TrainOptions extends JobOptions {
  /** Keep the scores above -1: those of confidence maps. Default false. */
  readonly keep?: boolean;
  /** Where passes are dear: called after each with the best hyperplanes so far. */
  readonly onPass?: (planes: readonly Hyperplane[]) => void | Promise<void>;
}

/** How SVMs are trained over given pixels. */
export interface SvmPlan {
  /** Unions that are trained at once: the next merge, and those foreseen to follow it. */
  readonly unionsAtOnce: number;
  /**
   * The sample on which trainings start: its pixels, undefined for all of them; and the relative gap to which it is itself trained first,
   * undefined for no training.
   */
  sample(features: Pixels): { readonly size?: number; readonly tolerance?: number };
  refiner(problem: SvmProblem, labels: Uint16Array, options: TrainOptions): Refiner;
}
