/** The hinge of Eq. 3 at given scores, and what it pulls each pixel by. Plain loops: inside an asynchronous function they run far slower. */

/** Sums over pixels with margin m = 1 - y s > 0. */
export interface Hinge {
  /** Sum of m^2, of m, and of y m. */
  readonly loss: number;
  readonly pull: number;
  readonly signedPull: number;
  /** The pixels. */
  readonly active: number;
}

/** Of pixels with `signs` y and `scores` s; y max(0, m) goes to `pulls`. */
export function hinge(signs: Int8Array, scores: Float32Array, pulls: Float32Array): Hinge {
  let [loss, pull, signedPull, active] = [0, 0, 0, 0];
  for (let n = 0; n < signs.length; n++) {
    const sign = signs[n];
    const margin = 1 - sign * scores[n];
    if (margin > 0) {
      active++;
      loss += margin * margin;
      pull += margin;
      signedPull += sign * margin;
      pulls[n] = sign * margin;
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
