/** Confidence maps v = (clamp(s, -1, 1) + 1) / 2 of Eq. 5. */
import type { SparseMap } from "../../pixels/pixels.ts";

/** The confidence map of scores that were kept where s > -1: elsewhere v = 0. */
export function confidenceMap({ index, value }: SparseMap): SparseMap {
  return { index, value: value.map((s) => (Math.min(s, 1) + 1) / 2) };
}

/** The confidence map of the scores of all pixels. */
export function confidenceMapOf(scores: Float32Array): SparseMap {
  let count = 0;
  for (let n = 0; n < scores.length; n++) if (scores[n] > -1) count++;
  const index = new Int32Array(count);
  const value = new Float32Array(count);
  for (let n = 0, i = 0; n < scores.length; n++)
    if (scores[n] > -1) {
      index[i] = n;
      value[i++] = (Math.min(scores[n], 1) + 1) / 2;
    }
  return { index, value };
}
