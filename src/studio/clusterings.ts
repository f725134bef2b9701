/** Clusterings on their way, as pages see them. */
import type { z } from "zod";
import { effectiveClusters, largestShare } from "../cluster/tree/mergeTree.ts";
import { loadTree, openProject } from "../project/cluster/project.ts";
import type { Clustering, figure } from "./api.ts";

/** The figures of a step of the tree. */
const FIGURES: readonly z.output<typeof figure>[] = [
  { name: "clusters", meaning: "Clusters that are left: K." },
  { name: "lowestIoU", meaning: "How well the worst cluster's classifier finds its own pixels; 1 is best." },
  { name: "similarity", meaning: "How much the two clusters that merged next looked alike; 1 is the same." },
  { name: "largestShare", meaning: "Share of the pixels in the largest cluster; near 1, it has swallowed the rest." },
  { name: "effectiveClusters", meaning: "As many clusters of one size would be as evenly spread." },
  { name: "objective", meaning: "Loss of the classifiers (f of the paper), mean over the clusters; lower is better." },
];

/** Answer of `GET /api/clustering`: a line for each K that the tree has so far. */
export async function clusteringOf(folder: string, at: string): Promise<Clustering> {
  const steps = (await loadTree(await openProject(folder)))?.steps ?? [];
  const lines = steps.map(({ k, iou, sizes, objective, ecos }) => ({
    merges: steps[0].k - k,
    clusters: k,
    lowestIoU: Math.min(...iou),
    similarity: ecos,
    largestShare: largestShare(sizes),
    effectiveClusters: effectiveClusters(sizes),
    objective: objective.reduce((sum, one) => sum + one, 0) / k,
  }));
  return { at, lines, figures: [...FIGURES] };
}
