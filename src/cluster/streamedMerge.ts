import { subset } from "./denseFeatures.ts";
import type { Classifier } from "./mergedSvm.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { type PolishedSvm, spreadSample, trainByWorkingSets } from "./streamedSvm.ts";
import type { SparseMap } from "./svmPass.ts";
import { type SvmProblem, signsOf } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";
import { combine } from "./warmStart.ts";

/** Pixels on which the two old hyperplanes are combined. */
const COMBINED_ROWS = 16384;

/**
 * Trains the one SVM that a merge changes, over streamed pixels: on a working set, a sample of the pixels that can be active, from the
 * best combination of the two old hyperplanes; then by passes over all pixels. `mapP` and `mapQ` are the two old clusters' kept pixels.
 */
export async function trainMergeStreamed(
  problem: SvmProblem,
  labels: Uint16Array,
  own: number,
  [p, q]: readonly [Classifier, Classifier],
  [mapP, mapQ]: readonly [SparseMap, SparseMap],
): Promise<PolishedSvm> {
  const { features, penalty } = problem;
  const { pixels, channels } = features;
  // Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search.
  const marked = new Uint8Array(pixels);
  for (const n of mapP.index) marked[n] = 1;
  for (const n of mapQ.index) marked[n] = 1;
  let count = 0;
  for (let n = 0; n < pixels; n++) {
    if (labels[n] === own) marked[n] = 1;
    count += marked[n];
  }
  const candidates = new Int32Array(count);
  for (let n = 0, i = 0; n < pixels; n++) if (marked[n] === 1) candidates[i++] = n;
  const index = spreadSample(candidates, COMBINED_ROWS);
  const sample = subset(features, index);

  const weight = new Float32Array(2 * channels);
  weight.set(p.weight);
  weight.set(q.weight, channels);
  const both = await sample.scores(weight, Float32Array.of(p.bias, q.bias));
  const scoresP = both.subarray(0, index.length);
  const scoresQ = both.subarray(index.length);
  const signs = signsOf(labels, index, own);
  const theta = combine({
    scoresP,
    scoresQ,
    signs,
    products: [dot(p.weight, p.weight), dot(p.weight, q.weight), dot(q.weight, q.weight)],
    penalty: (penalty * count) / Math.max(index.length, 1),
  });
  const plane: Hyperplane = {
    weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
    bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
  };
  const [result] = await trainByWorkingSets(problem, labels, [own], [plane], [candidates], { keep: true });
  return result;
}
