/** Where to stop merging: figures per K, and a simple rule that suggests a few K. */
import type { MergeTreeContents } from "../../cluster/tree/mergeTree.ts";

/** Clusters at one K: `iou` in [0, 1] and `share` (fractions that sum to 1), per cluster. */
export interface ClusterFigures {
  readonly k: number;
  readonly iou: readonly number[];
  readonly share: readonly number[];
}

/** A share above which one cluster is said to have swallowed the rest: its IoU is then high by size alone. */
export const COLLAPSE_SHARE = 0.8;

/** Suggestions are worth something only when they are few. */
const MOST_STOPS = 4;

/** Suggestions nearer than this ratio of K would say the same thing twice. */
const LEAST_RATIO = 1.25;

/** A gain in the lowest IoU below this is noise, not a stop. */
const LEAST_GAIN = 0.005;

export const minimum = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

export const maximum = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * The rule: walking down from K0, the gain of K is how far its lowest IoU lies above the lowest IoU of every larger K. The (at most
 * four) K with the largest gains are suggested, largest first: there the worst cluster was just resolved, and going further
 * sets out to break a better one. K = 2 never counts, nor a K above K0 / 2 (K0 is chosen to be far too many), nor one at which a
 * cluster holds over 80 % of the pixels, nor one within a ratio of 1.25 of a better suggestion.
 */
export function suggestStops(steps: readonly ClusterFigures[]): number[] {
  let best = minimum(steps[0].iou);
  const gains: { k: number; gain: number }[] = [];
  for (const { k, iou, share } of steps.slice(1)) {
    const lowest = minimum(iou);
    if (k > 2 && k <= steps[0].k / 2 && lowest - best >= LEAST_GAIN && maximum(share) <= COLLAPSE_SHARE)
      gains.push({ k, gain: lowest - best });
    best = Math.max(best, lowest);
  }
  const stops: number[] = [];
  for (const { k } of gains.sort((a, b) => b.gain - a.gain || a.k - b.k)) {
    if (stops.length === MOST_STOPS) break;
    if (stops.every((stop) => Math.max(k / stop, stop / k) >= LEAST_RATIO)) stops.push(k);
  }
  return stops;
}

/** About as many parts as are taken in at a glance. */
const GLANCE = 12;

/** What the rule asks of a tree, per step. The IoU of an empty cluster, 0/0, counts as 0. */
export const clusterFigures = ({ steps, pixels }: Pick<MergeTreeContents, "steps" | "pixels">): ClusterFigures[] =>
  steps.map(({ k, iou, sizes }) => ({
    k,
    iou: Array.from(iou, (x) => (Number.isFinite(x) ? x : 0)),
    share: Array.from(sizes, (n) => n / pixels),
  }));

/** The K to show first: the suggestion nearest to a dozen in ratio, or else the K nearest to a dozen. */
export function openingK(stops: readonly number[], minK: number, maxK: number): number {
  const distance = (k: number): number => Math.abs(Math.log(k / GLANCE));
  return stops.length > 0
    ? stops.reduce((best, k) => (distance(k) < distance(best) ? k : best))
    : Math.min(maxK, Math.max(minK, GLANCE));
}
