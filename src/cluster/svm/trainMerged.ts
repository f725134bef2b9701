/** The one SVM that a merge changes: that of the merged cluster against the rest. */

import { confidenceMap } from "./confidenceMap.ts";
import { nearMargin, pick, signsOf } from "./hinge.ts";
import type { MergedSvm } from "./solvers.ts";
import { NEAR, type SvmProblem } from "./svmProblem.ts";
import type { SvmPlan, TrainedSvm } from "./training.ts";
import { trainFromSample } from "./trainSvms.ts";
import { type Classifier, warmStart } from "./warmStart.ts";

/** Trains the SVM of `members` (1 in the cluster, else 0), which were those of the classifiers `p` and `q`. */
export async function trainMerged(
  problem: SvmProblem,
  members: Uint16Array,
  p: Classifier,
  q: Classifier,
  plan: SvmPlan,
): Promise<MergedSvm> {
  const [svm] = await trainFromSample(
    problem,
    { labels: members, classes: [1] },
    async ({ features, penalty }, some) => {
      const signs = signsOf(some, 1);
      const { plane, scores } = await warmStart(features, signs, p, q, penalty);
      const index = nearMargin(signs, scores, NEAR);
      return [{ plane, near: { index, value: pick(scores, index) }, curvature: {} }];
    },
    plan,
    { keep: true },
  );
  return mergedSvm(svm);
}

/** A trained SVM, whose scores were kept, as merges keep it. */
export function mergedSvm({ plane, objective, gap, predicted, truePositive, kept }: TrainedSvm): MergedSvm {
  const { bias } = plane;
  return {
    weight: Float32Array.from(plane.weight),
    bias,
    objective,
    gap,
    map: confidenceMap(kept),
    predicted,
    truePositive,
  };
}
