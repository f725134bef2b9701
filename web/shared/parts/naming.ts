/**
 * Names that are given to clusters. A name belongs to the start clusters that it was given to: what one K is too coarse to show comes back
 * at a K that tells it apart again, as in `klish label`.
 */
import { plainName } from "../../../src/text/escape.ts";
import type { Model } from "./model.ts";

/** What each start cluster was last called, [K0]; null: nothing. */
export type Memory = readonly (string | null)[];

type Known = Pick<Model, "data" | "hierarchy">;

export const noNames = ({ data }: Known): Memory => new Array<string | null>(data.initialClusters).fill(null);

/** Names at `k` by the clusters' ids: each is called as most of its pixels are; where most have no name it has none. */
export function namesAt({ data, hierarchy }: Known, memory: Memory, k: number): Map<number, string> {
  const owners = hierarchy.ownersAt(k);
  const weights = new Map<number, Map<string | null, number>>();
  memory.forEach((name, leaf) => {
    const of = weights.get(owners[leaf]) ?? new Map<string | null, number>();
    of.set(name, (of.get(name) ?? 0) + data.steps[0].share[leaf]);
    weights.set(owners[leaf], of);
  });
  const names = new Map<number, string>();
  for (const [id, of] of weights) {
    const [name] = [...of].reduce((best, other) => (other[1] > best[1] ? other : best));
    if (name !== null) names.set(id, name);
  }
  return names;
}

/** The memory after the cluster `id` of `k` got a name, "" for none. What only sleeps within it, for `k` is too coarse, stays as it is. */
export function renamed(model: Known, memory: Memory, k: number, id: number, name: string): Memory {
  const owners = model.hierarchy.ownersAt(k);
  const before = namesAt(model, memory, k).get(id) ?? null;
  return memory.map((called, leaf) =>
    owners[leaf] === id && (called === before || called === null) ? plainName(name) || null : called,
  );
}
