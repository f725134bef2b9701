import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { EDITED_FROM, type Project, pathIn } from "../cluster/project.ts";
import { readIfThere } from "../storage/files.ts";
import { clusterFigures, openingK, suggestStops } from "./stops.ts";

/**
 * The K to look at first, and to label unless the user says another: in the report, the sheets, the summary of `klish cluster`, `klish
 * info`, `klish label cut` and `klish edit do`. An edited tree was made for its last K.
 */
export async function suggestedK(project: Project, tree: MergeTree): Promise<number> {
  const last = tree.steps[tree.steps.length - 1].k;
  if ((await readIfThere(pathIn(project, EDITED_FROM))) !== undefined) return last;
  return openingK(suggestStops(clusterFigures(tree)), last, tree.initialClusters);
}
