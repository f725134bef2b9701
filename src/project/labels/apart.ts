/** A class taken apart along the tree. */
import type { ClusterIdentity } from "../cluster/identity.ts";
import { ProjectError } from "../storage/files.ts";
import type { Cuts } from "./parts.ts";
import { classIndex, freshClass, type LabelAction, type LabelClass, type LabelState, refuseLocked } from "./recipe.ts";

/**
 * Makes each cluster of a class a class of its own; the one that has the id of its first keeps name, colour and what else was said of
 * it. A class of one cluster is taken apart where the tree joined it: K rises to the first at which the cluster is two, and all other
 * classes and what is ignored stay as they are. Throws ProjectError where the tree has no such K.
 */
export function takeApart(
  tree: Pick<Cuts, "initialClusters">,
  { hierarchy, colors }: ClusterIdentity,
  state: LabelState,
  name: string,
): LabelAction {
  const index = classIndex(state, name);
  refuseLocked([state.classes[index]]);
  const { clusters } = state.classes[index];
  const k = clusters.length > 1 ? state.k : splittingK(hierarchy, state.k, clusters[0], tree.initialClusters, name);
  const ids = hierarchy.aliveAt(k);
  const before = hierarchy.aliveAt(state.k);
  const owners = hierarchy.ownersAt(state.k);
  /** The clusters at `k` of clusters at the K before. */
  const now = (those: readonly number[]): number[] =>
    [...ids].flatMap((id, c) => (those.some((cluster) => before[cluster] === owners[id]) ? [c] : []));
  const classes = state.classes.flatMap((c, i): LabelClass[] => {
    const all = now(c.clusters);
    if (i !== index) return [{ ...c, clusters: all }];
    const heir = all.find((cluster) => ids[cluster] === before[clusters[0]])!;
    const others = all.filter((cluster) => cluster !== heir);
    return [{ ...c, clusters: [heir] }, ...others.map((other) => freshClass(other, ids[other], colors))];
  });
  return { type: "apart", class: state.classes[index].name, labels: { k, classes, ignored: now(state.ignored) } };
}

/** The smallest K above `k` at which the cluster is two. */
function splittingK(
  { merges, aliveAt }: ClusterIdentity["hierarchy"],
  k: number,
  cluster: number,
  initialClusters: number,
  name: string,
): number {
  const id = aliveAt(k)[cluster];
  // The last of the merges above K that the cluster absorbed another in.
  const merge = merges.findLast((m) => m.k > k && m.kept === id);
  if (merge === undefined)
    throw new ProjectError(
      `"${name}" is one cluster, #${id}, that nothing was merged into down from K = ${initialClusters}: the tree cannot take it apart. ` +
        "Take it apart by place, or cluster again with a larger --init-clusters.",
    );
  return merge.k;
}
