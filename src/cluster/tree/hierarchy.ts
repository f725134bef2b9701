/** The merges as a forest over start clusters: who lives at which K, who owns whom, in which order to draw them. */

export interface MergeIndices {
  readonly k: number;
  /** Indices among the step's k clusters; the last step's are not used. */
  readonly kept: number;
  readonly removed: number;
}

/** One merge in ids (see data.ts): `removed` joins `kept` and k becomes k - 1. */
export interface Merge {
  readonly k: number;
  readonly kept: number;
  readonly removed: number;
}

export interface Hierarchy {
  readonly maxK: number;
  readonly minK: number;
  /** Descending in k; none leads below minK. */
  readonly merges: readonly Merge[];
  /** The smallest K at which each start cluster still exists under its own id, [K0]. */
  readonly lastK: Uint16Array;
  /** Start clusters, the longest-lived first. */
  readonly bySurvival: readonly number[];
  /** Start clusters in an order in which no two branches of the tree cross. */
  readonly leafOrder: readonly number[];
  /** Ids alive at `k`, ascending: the id of each of the step's clusters. */
  aliveAt(k: number): Uint16Array;
  /** Id that owns each start cluster at `k`, [K0]. */
  ownersAt(k: number): Uint16Array;
}

/** Places p's leaves beside q's, on the side where q's line is nearer, with p turned towards q. */
function joinLeaves(q: number, qLeaves: readonly number[], p: number, pLeaves: readonly number[]): number[] {
  const after = qLeaves.indexOf(q) >= qLeaves.length / 2;
  const pNearStart = pLeaves.indexOf(p) < pLeaves.length / 2;
  const turned = pNearStart === after ? pLeaves : pLeaves.toReversed();
  return after ? [...qLeaves, ...turned] : [...turned, ...qLeaves];
}

/**
 * Reads the forest off the steps of a merge tree, which must descend by one from `initialClusters`.
 * Throws RangeError where they do not, or where a merge names a cluster that does not exist.
 */
export function hierarchyOf(initialClusters: number, steps: readonly MergeIndices[]): Hierarchy {
  if (steps.length === 0) throw new RangeError("hierarchyOf: expected at least one step, got none");
  const alive: Uint16Array[] = [Uint16Array.from({ length: initialClusters }, (_, i) => i)];
  const owners: Uint16Array[] = [alive[0].slice()];
  const leaves: (readonly number[])[] = Array.from(alive[0], (id) => [id]);
  const merges: Merge[] = [];
  const minK = steps[steps.length - 1].k;
  const lastK = new Uint16Array(initialClusters).fill(minK);

  steps.forEach((step, i) => {
    if (step.k !== initialClusters - i)
      throw new RangeError(`hierarchyOf: step ${i} should be at K = ${initialClusters - i}, got ${step.k}`);
    if (i === steps.length - 1) return;
    const ids = alive[i];
    const [kept, removed] = [ids[step.kept], ids[step.removed]];
    if (kept === undefined || removed === undefined || kept === removed)
      throw new RangeError(`hierarchyOf: at K = ${step.k} cannot merge ${step.removed} into ${step.kept}`);
    merges.push({ k: step.k, kept, removed });
    lastK[removed] = step.k;
    leaves[kept] = joinLeaves(kept, leaves[kept], removed, leaves[removed]);
    alive.push(ids.filter((id) => id !== removed));
    owners.push(owners[i].map((id) => (id === removed ? kept : id)));
  });

  const at = <T>(table: readonly T[], k: number): T => {
    const row = table[initialClusters - k];
    if (row === undefined) throw new RangeError(`hierarchy: expected K in [${minK}, ${initialClusters}], got ${k}`);
    return row;
  };
  const survivors = Array.from(alive[alive.length - 1]);
  return {
    maxK: initialClusters,
    minK,
    merges,
    lastK,
    bySurvival: [...survivors, ...merges.toReversed().map((m) => m.removed)],
    leafOrder: survivors.flatMap((id) => leaves[id]),
    aliveAt: (k) => at(alive, k),
    ownersAt: (k) => at(owners, k),
  };
}
