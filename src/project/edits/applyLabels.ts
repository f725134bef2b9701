import { availableParallelism } from "node:os";
import { treeOnPixels } from "../../cluster/tree/treeCut.ts";
import { predict } from "../../pixels/predict.ts";
import { type ClusterIdentity, clusterIdentity } from "../cluster/identity.ts";
import { applyLabelsRequest } from "../labels/options.ts";
import { classByOverlap } from "../labels/overlap.ts";
import { edit, freshClass, isFresh, type LabelClass, type LabelState } from "../labels/recipe.ts";
import { checkCut, loadRecipe, saveRecipe } from "../labels/recipeFile.ts";
import { defineJob } from "../requests/request.ts";
import { openEditCache } from "../sampling/editCache.ts";
import { ProjectError } from "../storage/files.ts";
import { withLock } from "../storage/lock.ts";
import { openClustered, sameFeatures } from "./job.ts";

export interface AppliedLabels {
  readonly k: number;
  /** Named classes of the other project that no cluster here shows. */
  readonly left: readonly string[];
}

/** A cluster is called as another run calls its pixels where that holds for at least this share of them. */
const LEAST_SHARE = 0.5;

/**
 * The labels of another run, at the same K: each cluster joins the class that most of its pixels are in there, over the sample that
 * edits use; one of which no half is in any class begins afresh. Can be undone where there were labels before.
 */
export const applyLabelsJob = defineJob(applyLabelsRequest, async (request, job): Promise<AppliedLabels> => {
  const { project, tree } = await openClustered(request.project);
  const other = await openClustered(request.from);
  const labels = (await loadRecipe(other.project, other.tree))?.state;
  if (labels === undefined) throw new ProjectError(`${request.from} has no labels to carry over.`);
  sameFeatures(project, other.project);
  const { k } = labels;
  checkCut(tree, k);
  return withLock(project.folder, async () => {
    const threads = request.threads ?? availableParallelism();
    const cache = await openEditCache(project, tree, { ...request, threads, ...job });
    const there = await predict(cache.features, other.tree.classifierAt(k));
    const here = treeOnPixels(tree, cache.labels).labelsAt(k);
    const state = calledAlike(labels, there, here, await clusterIdentity(project, tree));
    const file = request.recipe ?? undefined;
    const before = await loadRecipe(project, tree, file);
    const recipe =
      before === undefined
        ? { state, base: state, actions: [] }
        : edit(before, { type: "recut", labels: state, fresh: true });
    await saveRecipe(project, recipe, file);
    const found = new Set(state.classes.map(({ name }) => name));
    return { k, left: labels.classes.filter((c) => !isFresh(c) && !found.has(c.name)).map((c) => c.name) };
  });
});

/** `labels` are of the clusters `there`; the same for those `here`, pixel by pixel. What nobody named there is not carried. */
export function calledAlike(
  { k, classes, ignored }: LabelState,
  there: ArrayLike<number>,
  here: ArrayLike<number>,
  { hierarchy, colors }: ClusterIdentity,
): LabelState {
  const named = classes.filter((c) => !isFresh(c));
  // After the classes come what is ignored there, and what is not named.
  const [asIgnored, unnamed] = [named.length, named.length + 1];
  const classOf = new Uint16Array(k).fill(unnamed);
  for (const [i, { clusters }] of named.entries()) for (const cluster of clusters) classOf[cluster] = i;
  for (const cluster of ignored) classOf[cluster] = asIgnored;
  const winners = classByOverlap(
    here,
    k,
    Uint16Array.from(there, (cluster) => classOf[cluster]),
    named.length + 2,
    LEAST_SHARE,
  ).map((winner) => (winner < 0 ? unnamed : winner));
  const clustersOf = (column: number): number[] => winners.flatMap((winner, c) => (winner === column ? [c] : []));
  const ids = hierarchy.aliveAt(k);
  const carried = named.flatMap((c, i): LabelClass[] => {
    const clusters = clustersOf(i);
    return clusters.length > 0 ? [{ ...c, clusters }] : [];
  });
  const fresh = clustersOf(unnamed).map((c) => freshClass(c, ids[c], colors));
  return { k, classes: [...carried, ...fresh], ignored: clustersOf(asIgnored) };
}
