import { hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { fleissKappa } from "../../metrics/fleissKappa.ts";
import type { Project } from "../cluster/project.ts";
import { truncationWarning } from "../network/options.ts";

/** From here on a cluster lies at its place in every image as if the place alone decided (Fleiss' kappa). */
const POSITIONAL = 0.85;
/** Of the pixels in such clusters, from which on the reader should know. */
const MUCH = 0.5;

/** What a reader of the clusters at `k` should know before trusting them, in sentences; none where all seems well. */
export function clusterWarnings({ file: { settings } }: Project, tree: MergeTree, k: number): string[] {
  const odd = truncationWarning(settings.truncationPsi);
  return [...positionWarning(tree, settings.seeds.length, k), ...(odd === undefined ? [] : [odd])];
}

/**
 * Whether most of the merged labels at `k`, [images, places], say where rather than what: clusters of a high Fleiss' kappa, the places
 * being the subjects and the images the raters, that hold at least half of the pixels.
 */
export function positionWarning(tree: MergeTree, images: number, k: number): string[] {
  if (images < 2) return [];
  const { byClass } = fleissKappa(tree.labelsAt(k), images, k);
  const { sizes } = tree.steps[tree.initialClusters - k];
  const ids = hierarchyOf(tree.initialClusters, tree.steps).aliveAt(k);
  const fixed = [...byClass.keys()].filter((c) => byClass[c] >= POSITIONAL);
  const share = fixed.reduce((sum, c) => sum + sizes[c], 0) / tree.pixels;
  if (share < MUCH) return [];
  return [
    `At K = ${k}, ${fixed.map((c) => `#${ids[c]}`).join(", ")}, with ${Math.round(100 * share)} % of the pixels, lie at the same place in ` +
      "every image: they say where, not what, and their IoU is high for that alone. Images that hardly differ do this: train the " +
      "generator for longer, raise --trunc, or leave out the coarse layers with --layers 16+.",
  ];
}
