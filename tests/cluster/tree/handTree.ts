import { type MergeTree, mergeTree } from "../../../src/cluster/tree/mergeTree.ts";

/**
 * A tree by hand: `sizes` pixels of each start cluster, or the labels of all pixels themselves, and [kept, removed] by ids at each merge.
 * Classifiers are zero.
 */
export function handTree(
  start: { readonly sizes: readonly number[] } | { readonly labels: readonly number[]; readonly k0: number },
  merges: readonly (readonly [kept: number, removed: number])[],
): MergeTree {
  const labels = "labels" in start ? start.labels : start.sizes.flatMap((n, id) => new Array<number>(n).fill(id));
  const k0 = "labels" in start ? start.k0 : start.sizes.length;
  let alive = Array.from({ length: k0 }, (_, id) => ({ id, row: id, size: labels.filter((l) => l === id).length }));
  const steps = [];
  for (let i = 0; i <= merges.length; i++) {
    const k = alive.length;
    const [kept, removed] = (merges[i] ?? []).map((id) => alive.findIndex((cluster) => cluster.id === id));
    steps.push({
      k,
      members: Int32Array.from(alive, ({ row }) => row),
      iou: new Float64Array(k).fill(0.9),
      objective: new Float64Array(k),
      gap: new Float64Array(k),
      sizes: Float64Array.from(alive, ({ size }) => size),
      kept: kept ?? 0,
      removed: removed ?? 1,
      ecos: 0.5,
    });
    if (merges[i] === undefined) break;
    const [q, p] = [alive[kept], alive[removed]];
    alive = alive
      .map((cluster) => (cluster === q ? { ...q, row: k0 + i, size: q.size + p.size } : cluster))
      .filter((cluster) => cluster !== p);
  }
  return mergeTree({
    pixels: labels.length,
    channels: 1,
    initialClusters: k0,
    criterion: "pair",
    balance: 0,
    initialLabels: Uint16Array.from(labels),
    weight: new Float32Array(k0 + merges.length),
    bias: new Float32Array(k0 + merges.length),
    steps,
  });
}
