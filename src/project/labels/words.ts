/** How people say which class or cluster they mean: a class by its name, or by any of its clusters; a cluster as 47 or #47. */
import { type ClusterIdentity, clusterOf, parseClusterId } from "../cluster/identity.ts";
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

/** What a class is apart from its clusters, for lists: "background, split left-right". */
export const classNotes = ({ background, split, locked }: LabelClass): string =>
  [
    background ? "background" : "",
    split === null ? "" : split.kind === "left-right" ? "split left-right" : `split into ${split.count} areas`,
    locked ? "locked" : "",
  ]
    .filter((note) => note !== "")
    .join(", ");

/** Ids of the clusters of locked classes, as a stroke keeps them; undefined where there are none. */
export function sparedBy({ hierarchy }: ClusterIdentity, { k, classes }: LabelState): number[] | undefined {
  const ids = hierarchy.aliveAt(k);
  const spared = classes.flatMap(({ locked, clusters }) => (locked ? clusters.map((cluster) => ids[cluster]) : []));
  return spared.length > 0 ? spared : undefined;
}
