/** What another thread that solves SVMs does. */

import type { Pixels } from "../../pixels/pixels.ts";
import type { SvmSettings, SvmSolver } from "./solvers.ts";
import { svmPlan } from "./svmPlan.ts";
import { SvmProblem } from "./svmProblem.ts";
import { trainMerged } from "./trainMerged.ts";

/** Solves on this thread, one request at a time. */
export function svmSolver(features: Pixels): SvmSolver {
  const plan = svmPlan(features);
  let last: SvmProblem | undefined;
  const problemOf = ({ c, tolerance }: SvmSettings): SvmProblem => {
    if (last?.c !== c || last.tolerance !== tolerance) last = new SvmProblem(features, c, tolerance);
    return last;
  };
  return {
    async solve({ sampled, signs, plane, near, stopAt, ...settings }) {
      const whole = problemOf(settings);
      const { size, tolerance = settings.tolerance } = plan.sample(features);
      if (sampled && size === undefined) throw new Error("svmSolver: the problem has no sample");
      const problem = sampled && size !== undefined ? (await whole.sample(size, tolerance)).problem : whole;
      await problem.solveNear(signs, plane, near, stopAt);
      return plane;
    },
    trainMerged: ({ members, p, q, ...settings }) => trainMerged(problemOf(settings), members, p, q, plan),
  };
}
