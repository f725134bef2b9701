/** The hinge of Eq. 3 at given scores, and what it pulls each pixel by. Plain loops: inside an asynchronous function they run far slower. */

import type { ClassLabels } from "../../pixels/pixels.ts";
import { labelTable } from "../../pixels/svmPass.ts";

/** Sums over pixels with margin m = 1 - y s > 0. */
export interface Hinge {
  /** Sum of m^2, of m, and of y m. */
  readonly loss: number;
  readonly pull: number;
  readonly signedPull: number;
  /** The pixels. */
  readonly active: number;
}

/** Of pixels with `signs` y and `scores` s, each counted `weights` times, or once; y max(0, m), as often, goes to `pulls`. */
export function hinge(signs: Int8Array, scores: Float32Array, pulls: Float32Array, weights?: Float32Array): Hinge {
  let [loss, pull, signedPull, active] = [0, 0, 0, 0];
  for (let n = 0; n < signs.length; n++) {
    const sign = signs[n];
    const margin = 1 - sign * scores[n];
    if (margin > 0) {
      const own = weights === undefined ? margin : weights[n] * margin;
      active++;
      loss += own * margin;
      pull += own;
      signedPull += sign * own;
      pulls[n] = sign * own;
    } else pulls[n] = 0;
  }
  return { loss, pull, signedPull, active };
}

/** Pixels that are active now and were not, or the other way round. */
export function changedSince(before: Uint8Array, pulls: Float32Array): number {
  let count = 0;
  for (let n = 0; n < pulls.length; n++) if ((pulls[n] !== 0) !== (before[n] !== 0)) count++;
  return count;
}

/** target += t change. */
export function move(target: Float32Array, change: Float32Array, t: number): void {
  for (let n = 0; n < target.length; n++) target[n] += t * change[n];
}

/** y of the pixels in `index`, or of all: +1 in the class, else -1. */
export function signsOf(labels: Uint16Array, own: ClassLabels, index?: Int32Array): Int8Array {
  const signs = new Int8Array(index?.length ?? labels.length);
  if (typeof own === "number") {
    for (let i = 0; i < signs.length; i++) signs[i] = labels[index === undefined ? i : index[i]] === own ? 1 : -1;
    return signs;
  }
  const table = labelTable(own);
  for (let i = 0; i < signs.length; i++) signs[i] = 2 * table[labels[index === undefined ? i : index[i]]] - 1;
  return signs;
}

/** The positions, ascending, with a margin above minus `most`: those that are active, and with `most` > 0 those near it. */
export function nearMargin(signs: Int8Array, scores: Float32Array, most: number): Int32Array {
  const found = new Int32Array(signs.length);
  let count = 0;
  for (let i = 0; i < signs.length; i++) if (1 - signs[i] * scores[i] > -most) found[count++] = i;
  return found.slice(0, count);
}

/** The numbers at the positions `at`. */
export function pick<T extends Float32Array | Int32Array | Uint16Array | Int8Array>(values: T, at: Int32Array): T {
  const result = values.slice(0, at.length) as T;
  for (let i = 0; i < at.length; i++) result[i] = values[at[i]];
  return result;
}
