/** All scores of a clustering against a known truth, by name. */

import {
  adjustedMutualInfo,
  adjustedRandIndex,
  assignedMeanIou,
  completeness,
  fowlkesMallows,
  homogeneity,
  type ImageContingency,
  matchedMeanIou,
  meanIou,
  pooled,
  randIndex,
  vMeasure,
} from "./agreement.ts";

/**
 * The names of all scores. The mean IoUs differ in three ways: `matched` is the paper's greedy Algorithm 2 and `assigned` the best
 * one-to-one assignment; `Pooled` is over the pixels of the data set, else over images; `Foreground` leaves the background out of
 * the mean.
 */
export const scoreNames = [
  "adjustedMutualInfo",
  "adjustedRandIndex",
  "randIndex",
  "fowlkesMallows",
  "homogeneity",
  "completeness",
  "vMeasure",
  "matchedMeanIou",
  "matchedMeanIouForeground",
  "matchedMeanIouPooled",
  "matchedMeanIouPooledForeground",
  "assignedMeanIou",
  "assignedMeanIouForeground",
  "assignedMeanIouPooled",
  "assignedMeanIouPooledForeground",
] as const;
export type ScoreName = (typeof scoreNames)[number];

/** Every score of a clustering; those of the foreground are NaN where no class is the background. */
export function clusterScores(table: ImageContingency, background?: number): Record<ScoreName, number> {
  const all = pooled(table);
  const matched = matchedMeanIou(table);
  const matchedPooled = matchedMeanIou(all);
  const assigned = assignedMeanIou(table);
  const assignedPooled = assignedMeanIou(all);
  const foreground = (perClass: Float64Array): number =>
    background === undefined ? Number.NaN : meanIou(perClass, background);
  return {
    adjustedMutualInfo: adjustedMutualInfo(all),
    adjustedRandIndex: adjustedRandIndex(all),
    randIndex: randIndex(all),
    fowlkesMallows: fowlkesMallows(all),
    homogeneity: homogeneity(all),
    completeness: completeness(all),
    vMeasure: vMeasure(all),
    matchedMeanIou: matched.mean,
    matchedMeanIouForeground: foreground(matched.perClass),
    matchedMeanIouPooled: matchedPooled.mean,
    matchedMeanIouPooledForeground: foreground(matchedPooled.perClass),
    assignedMeanIou: assigned.mean,
    assignedMeanIouForeground: foreground(assigned.perClass),
    assignedMeanIouPooled: assignedPooled.mean,
    assignedMeanIouPooledForeground: foreground(assignedPooled.perClass),
  };
}
