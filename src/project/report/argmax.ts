/** The exact SVM labels at every K, without scoring every classifier again at every K. */
import type { Hierarchy } from "../../cluster/tree/hierarchy.ts";

/** A step's classifiers: `members[i]` is the row of cluster i. */
export interface StepRows {
  readonly members: Int32Array;
}

/**
 * Yields, for each step, the id of the highest-scoring cluster at each pixel, [N]; the lowest id wins a tie, as the first index does.
 * `scores` is [rows, N]. The yielded array is reused.
 *
 * Between two steps p's classifier goes and q's changes. A pixel won by neither can only change hands to a changed classifier; one whose
 * winner is still the same classifier's id with a score that did not fall keeps it; the rest are searched again.
 */
export function* argmaxLabels(
  hierarchy: Hierarchy,
  steps: readonly StepRows[],
  scores: Float32Array,
  pixels: number,
): Generator<Uint16Array> {
  const k0 = hierarchy.maxK;
  const rowOf = new Int32Array(k0).fill(-1);
  const winner = new Uint16Array(pixels);
  const best = new Float32Array(pixels);
  const search = (n: number, ids: Uint16Array): void => {
    let id = ids[0];
    let top = scores[rowOf[id] * pixels + n];
    for (let i = 1; i < ids.length; i++) {
      const s = scores[rowOf[ids[i]] * pixels + n];
      if (s > top) {
        top = s;
        id = ids[i];
      }
    }
    winner[n] = id;
    best[n] = top;
  };

  for (const [i, step] of steps.entries()) {
    const ids = hierarchy.aliveAt(k0 - i);
    const changed = Array.from(ids).filter((id, j) => rowOf[id] !== step.members[j]);
    const gone = i === 0 ? -1 : hierarchy.merges[i - 1].removed;
    ids.forEach((id, j) => {
      rowOf[id] = step.members[j];
    });
    if (i === 0) {
      for (let n = 0; n < pixels; n++) search(n, ids);
    } else {
      for (let n = 0; n < pixels; n++) {
        const id = winner[n];
        if (id === gone) {
          search(n, ids);
          continue;
        }
        for (const c of changed) {
          const s = scores[rowOf[c] * pixels + n];
          if (c === winner[n]) {
            if (s < best[n]) {
              search(n, ids);
              break;
            }
            best[n] = s;
          } else if (s > best[n] || (s === best[n] && c < winner[n])) {
            winner[n] = c;
            best[n] = s;
          }
        }
      }
    }
    yield winner;
  }
}

/** Eq. 5 in 8 bits: v = (clamp(s, -1, 1) + 1) / 2, as 0..255. `out` has the length of `scores`. */
export function quantiseConfidence(scores: Float32Array, out: Uint8Array = new Uint8Array(scores.length)): Uint8Array {
  for (let n = 0; n < scores.length; n++) out[n] = Math.round((Math.min(1, Math.max(-1, scores[n])) + 1) * 127.5);
  return out;
}
