/** Passes over all pixels from those over consecutive parts of them, added in the order of the parts. */

import { accumulate } from "../numeric/matrices.ts";
import type { LinearClassifier } from "./linearClassifier.ts";
import type { ClassPass, NearestPass } from "./pixels.ts";

/** The passes of `k` classes. */
export const joinSvm = (parts: readonly ClassPass[][], k: number): ClassPass[] =>
  Array.from({ length: k }, (_, c) => joinClass(parts, c));

/** The pass of class `c` over all pixels, from those over consecutive ranges. What was kept of a part is given up at once. */
function joinClass(parts: readonly ClassPass[][], c: number): ClassPass {
  let [loss, predicted, truePositive, pull, signedPull, kept] = [0, 0, 0, 0, 0, 0];
  let gradient: Float64Array | undefined;
  for (const { [c]: part } of parts) {
    loss += part.loss;
    predicted += part.predicted;
    truePositive += part.truePositive;
    pull += part.pull;
    signedPull += part.signedPull;
    kept += part.kept.index.length;
    if (part.pullGradient === undefined) continue;
    if (gradient === undefined) gradient = part.pullGradient.slice();
    else accumulate(gradient, part.pullGradient);
  }
  const index = new Int32Array(kept);
  const value = new Float32Array(kept);
  let at = 0;
  for (const part of parts) {
    index.set(part[c].kept.index, at);
    value.set(part[c].kept.value, at);
    at += part[c].kept.index.length;
    part[c] = { ...part[c], kept: { index: new Int32Array(0), value: new Float32Array(0) } };
  }
  return { loss, predicted, truePositive, kept: { index, value }, pull, signedPull, pullGradient: gradient };
}

/** The assignment of all pixels. */
export function joinNearest(
  parts: readonly NearestPass[],
  { k, channels }: Pick<LinearClassifier, "k" | "channels">,
): NearestPass {
  const labels = new Uint16Array(parts.reduce((sum, part) => sum + part.labels.length, 0));
  const sums = new Float64Array(k * channels);
  const sizes = new Float64Array(k);
  let [at, scored] = [0, 0];
  for (const part of parts) {
    labels.set(part.labels, at);
    at += part.labels.length;
    accumulate(sums, part.sums);
    accumulate(sizes, part.sizes);
    scored += part.scored;
  }
  return { labels, sums, sizes, scored };
}
