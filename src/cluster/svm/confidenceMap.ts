/** Confidence maps v = (clamp(s, -1, 1) + 1) / 2 of Eq. 5. */
import type { SparseMap } from "../../pixels/pixels.ts";

/** The confidence map of kept scores, those above -1 among them: elsewhere v = 0. */
export function confidenceMap({ index: pixels, value: scores }: SparseMap): SparseMap {
  let count = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] > -1) count++;
  const index = new Int32Array(count);
  const value = new Float32Array(count);
  for (let i = 0, to = 0; i < scores.length; i++)
    if (scores[i] > -1) {
      index[to] = pixels[i];
      value[to++] = (Math.min(scores[i], 1) + 1) / 2;
    }
  return { index, value };
}
