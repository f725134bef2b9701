/** SVMs solved by other threads on the same features: a problem is solved whole by one thread, so its result does not depend on which. */

import { countOwn } from "../../pixels/labels.ts";
import type { Pixels, SparseMap } from "../../pixels/pixels.ts";
import { confidenceMapOf } from "./confidenceMap.ts";
import { type Classifier, MergedSvmTrainer } from "./mergedSvm.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { SvmProblem } from "./svmProblem.ts";

export interface SvmSettings {
  /** C and the tolerance of `SvmProblem`. */
  readonly c: number;
  readonly tolerance: number;
}

/** `SvmProblem.solveWorking`, on the problem of the settings or on its sample. */
export interface SolveRequest extends SvmSettings {
  readonly sampled: boolean;
  readonly signs: Int8Array;
  readonly plane: Hyperplane;
  readonly near: SparseMap;
  /** At which to stop. */
  readonly enough: number;
}

/** The retraining that a merge asks for. */
export interface MergeRequest extends SvmSettings {
  /** Per pixel: 1 in the merged cluster, else 0. */
  readonly members: Uint16Array;
  /** The two clusters' classifiers. */
  readonly p: Classifier;
  readonly q: Classifier;
}

export interface MergeResult extends Classifier {
  readonly objective: number;
  readonly gap: number;
  /** The confidence map, and what IoU is counted from. */
  readonly map: SparseMap;
  readonly predicted: number;
  readonly truePositive: number;
}

/** Somebody who solves SVMs over the same pixels: another thread. */
export interface SvmSolver {
  solve(request: SolveRequest): Promise<Hyperplane>;
  trainMerged(request: MergeRequest): Promise<MergeResult>;
}

/** The other threads that solve SVMs over the same pixels. */
export interface SvmSolvers {
  /** Each solves one working set at a time. */
  readonly workingSets: readonly Pick<SvmSolver, "solve">[];
  /** Each trains one merge at a time, passes included: none, where passes run elsewhere and would give other numbers. */
  readonly merges: readonly Pick<SvmSolver, "trainMerged">[];
}

export const NO_SOLVERS: SvmSolvers = { workingSets: [], merges: [] };

/** Solves on this thread, one request at a time. */
export function svmSolver(features: Pixels): SvmSolver {
  let problem: SvmProblem | undefined;
  let trainer: MergedSvmTrainer | undefined;
  const problemOf = ({ c, tolerance }: SvmSettings): SvmProblem => {
    if (problem?.c === c && problem.tolerance === tolerance) return problem;
    trainer = undefined;
    problem = new SvmProblem(features, c, tolerance);
    return problem;
  };
  return {
    async solve({ sampled, signs, plane, near, enough, ...settings }) {
      const whole = problemOf(settings);
      const solved = sampled ? whole.sample()?.problem : whole;
      if (solved === undefined) throw new Error("svmSolver: the problem has no sample");
      await solved.solveWorking(signs, plane, near, enough);
      return plane;
    },
    async trainMerged({ members, p, q, ...settings }) {
      const used = problemOf(settings);
      trainer ??= new MergedSvmTrainer(used);
      return trainMerged(trainer, members, p, q);
    },
  };
}

/** Trains the SVM of a merged cluster, of `members`. */
export async function trainMerged(
  trainer: MergedSvmTrainer,
  members: Uint16Array,
  p: Classifier,
  q: Classifier,
): Promise<MergeResult> {
  const { scores, weight, bias, objective, gap } = await trainer.train(members, 1, p, q);
  return { weight, bias, objective, gap, map: confidenceMapOf(scores), ...countOwn(scores, members, 1) };
}
