/**
 * Agglomerative linkage by the nearest-neighbour chain (Murtagh 1983): exact for linkages that are reducible, O(n^2) time, the
 * distances updated in place by the Lance-Williams formulas.
 */

export type Linkage = "ward" | "average";

/** One union of the hierarchy: two items (any member of each cluster) and the distance at which their clusters joined. */
export interface Union {
  readonly a: number;
  readonly b: number;
  readonly height: number;
}

/** Position of the pair i != j among the n (n - 1) / 2 pairs. */
export function pairIndex(i: number, j: number): number {
  return i > j ? (i * (i - 1)) / 2 + j : (j * (j - 1)) / 2 + i;
}

/** Called every so many unions. */
const REPORT_EVERY = 64;

/**
 * The n - 1 unions of n items, lowest first. `distances` by `pairIndex`; squared Euclidean ones for Ward. It is overwritten.
 */
export function linkageTree(
  distances: Float32Array,
  n: number,
  linkage: Linkage,
  onUnion?: (done: number) => void,
): Union[] {
  const sizes = new Float64Array(n).fill(1);
  const alive = Int32Array.from({ length: n }, (_, i) => i);
  let count = n;
  const chain: number[] = [];
  const unions: Union[] = [];
  while (count > 1) {
    if (chain.length === 0) chain.push(alive[0]);
    for (;;) {
      const top = chain[chain.length - 1];
      const previous = chain[chain.length - 2];
      // The previous element wins ties, or the chain could run in a circle.
      let nearest = previous ?? -1;
      let least = previous === undefined ? Number.POSITIVE_INFINITY : distances[pairIndex(top, previous)];
      for (let p = 0; p < count; p++) {
        const other = alive[p];
        if (other === top) continue;
        const distance = distances[pairIndex(top, other)];
        if (distance < least) {
          least = distance;
          nearest = other;
        }
      }
      if (nearest !== previous) {
        chain.push(nearest);
        continue;
      }
      chain.length -= 2;
      unions.push({ a: top, b: nearest, height: least });
      count = removeFrom(alive, count, nearest);
      join(distances, sizes, alive, count, top, nearest, linkage);
      break;
    }
    if (unions.length % REPORT_EVERY === 0) onUnion?.(unions.length);
  }
  return unions.sort((x, y) => x.height - y.height);
}

/** Drops `item` from the first `count` of `alive`, keeping their order, and returns the new count. */
function removeFrom(alive: Int32Array, count: number, item: number): number {
  const at = alive.subarray(0, count).indexOf(item);
  alive.copyWithin(at, at + 1, count);
  return count - 1;
}

/** Cluster `into` absorbs `gone`: new distances to all others. */
function join(
  distances: Float32Array,
  sizes: Float64Array,
  alive: Int32Array,
  count: number,
  into: number,
  gone: number,
  linkage: Linkage,
): void {
  const a = sizes[into];
  const b = sizes[gone];
  const between = distances[pairIndex(into, gone)];
  for (let p = 0; p < count; p++) {
    const other = alive[p];
    if (other === into) continue;
    const at = pairIndex(into, other);
    const toGone = distances[pairIndex(gone, other)];
    const c = sizes[other];
    distances[at] =
      linkage === "average"
        ? (a * distances[at] + b * toGone) / (a + b)
        : ((a + c) * distances[at] + (b + c) * toGone - c * between) / (a + b + c);
  }
  sizes[into] = a + b;
}

/** Clusters of the n items after their lowest n - k unions, numbered by first occurrence. */
export function cutTree(unions: readonly Union[], n: number, k: number): Uint16Array {
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const root = (i: number): number => {
    let r = i;
    while (parent[r] !== r) r = parent[r];
    parent[i] = r;
    return r;
  };
  for (const { a, b } of unions.slice(0, n - k)) parent[root(a)] = root(b);
  const names = new Map<number, number>();
  return Uint16Array.from({ length: n }, (_, i) => {
    const r = root(i);
    if (!names.has(r)) names.set(r, names.size);
    return names.get(r) ?? 0;
  });
}
