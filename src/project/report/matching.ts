/** Gives another method's clusters the colours of the clusters that they resemble most. */

/**
 * For each label of `labels`, [N], a distinct id of `ids`, [N]: the pair that shares most points first, and so on; labels left over take
 * the ids left over, in order. `alive` must hold at least as many ids as there are labels.
 */
export function matchIds(labels: Uint16Array, ids: Uint16Array, alive: readonly number[]): Map<number, number> {
  const shared = new Map<number, number>();
  const width = 1 << 16;
  for (let n = 0; n < labels.length; n++) {
    const key = labels[n] * width + ids[n];
    shared.set(key, (shared.get(key) ?? 0) + 1);
  }
  const matched = new Map<number, number>();
  const free = new Set(alive);
  for (const [key] of [...shared].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    const label = Math.floor(key / width);
    const id = key % width;
    if (matched.has(label) || !free.has(id)) continue;
    matched.set(label, id);
    free.delete(id);
  }
  const rest = [...free];
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    if (matched.has(label)) continue;
    const id = rest.shift();
    if (id === undefined) throw new RangeError(`matchIds: more labels than the ${alive.length} ids`);
    matched.set(label, id);
  }
  return matched;
}
