/** How people say which class or cluster they mean: a class by its name, or by any of its clusters; a cluster as 47 or #47. */
import { type ClusterIdentity, clusterIndex, parseClusterId } from "../cluster/identity.ts";
import { ProjectError } from "../storage/files.ts";
import type { LabelClass, LabelState } from "./recipe.ts";

/** "#3 #47": the clusters of a class, by their ids. */
export const clusterList = ({ hierarchy }: ClusterIdentity, k: number, clusters: readonly number[]): string =>
  clusters.map((c) => `#${hierarchy.aliveAt(k)[c]}`).join(" ");

/** The class's name. Throws ProjectError that lists the classes, or says where the cluster is. */
export function classNamed(identity: ClusterIdentity, state: LabelState, word: string): string {
  const named = state.classes.find(({ name }) => name === word);
  if (named !== undefined) return named.name;
  const id = parseClusterId(word);
  if (id === undefined) {
    const list = state.classes.map(({ name, clusters }) => `"${name}" (${clusterList(identity, state.k, clusters)})`);
    throw new ProjectError(`no class is called "${word}"; there are ${list.join(", ")}.`);
  }
  const cluster = clusterOf(identity, state.k, id);
  const holder = state.classes.find(({ clusters }) => clusters.includes(cluster));
  if (holder === undefined)
    throw new ProjectError(`#${id} is ignored. Give it a class first: klish label take <project> ${id} as <name>`);
  return holder.name;
}

/** The cluster with this id among the `k`, from 0. Throws ProjectError that says what became of it. */
export function clusterOf({ hierarchy }: ClusterIdentity, k: number, id: number): number {
  const owner = hierarchy.ownersAt(k)[id];
  if (owner !== undefined && owner !== id)
    throw new ProjectError(
      `at K = ${k}, #${id} is a part of #${owner}. It stands by itself down to K = ${hierarchy.lastK[id]}.`,
    );
  return clusterIndex(hierarchy.ownersAt(k), id);
}

/** What a class is apart from its clusters, for lists: "background, split left-right". */
export const classNotes = ({ background, split }: LabelClass): string =>
  [
    background ? "background" : "",
    split === null ? "" : split.kind === "left-right" ? "split left-right" : `split into ${split.count} areas`,
  ]
    .filter((note) => note !== "")
    .join(", ");
