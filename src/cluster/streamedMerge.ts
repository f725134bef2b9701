import { RandomState } from "../tensor/random.ts";
import { subset } from "./denseFeatures.ts";
import type { Classifier } from "./mergedSvm.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { type PolishedSvm, polish, polishSample, sampledHessian } from "./streamedSvm.ts";
import type { SparseMap } from "./svmPass.ts";
import { SvmProblem, signsOf } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";
import { combine } from "./warmStart.ts";

/** Rows per channel of the working set, and the least. */
const ROWS_PER_CHANNEL = 64;
const LEAST_ROWS = 16384;
/** Relative gap at which the working set is solved well enough. */
const SAMPLE_TOLERANCE = 0.01;

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
  const candidate = new Uint8Array(pixels);
  for (const n of mapP.index) candidate[n] = 1;
  for (const n of mapQ.index) candidate[n] = 1;
  let candidates = 0;
  for (let n = 0; n < pixels; n++) {
    if (labels[n] === own) candidate[n] = 1;
    candidates += candidate[n];
  }
  const index = spreadSample(candidate, candidates, Math.max(LEAST_ROWS, ROWS_PER_CHANNEL * channels));
  const sample = subset(features, index);
  const samplePenalty = (penalty * candidates) / Math.max(index.length, 1);

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
    penalty: samplePenalty,
  });
  const plane: Hyperplane = {
    weight: Float64Array.from(p.weight, (w, d) => theta.p * w + theta.q * q.weight[d]),
    bias: theta.p * p.bias + theta.q * q.bias + theta.constant,
  };
  // The sample's problem in units of its own number of pixels.
  const working = new SvmProblem(sample, samplePenalty * index.length, SAMPLE_TOLERANCE);
  const sampleLabels = Uint16Array.from(index, (n) => labels[n]);
  const [start] = await polishSample(working, sampleLabels, [own], [plane]);
  const factor = await sampledHessian(working, sampleLabels, own, start);
  const [result] = await polish(problem, labels, [own], [start], [factor], { keep: true });
  return result;
}

/** At most `size` of the marked pixels, ascending and evenly spread: one at a random place of each of `size` equal parts of their list. */
function spreadSample(marked: Uint8Array, count: number, size: number): Int32Array {
  const total = Math.min(size, count);
  const random = new RandomState(0);
  const index = new Int32Array(total);
  let taken = 0;
  let next = 0;
  const place = () => Math.floor(((taken + random.randomSample()) * count) / total);
  if (total > 0) next = count === total ? 0 : place();
  for (let n = 0, seen = 0; n < marked.length && taken < total; n++) {
    if (marked[n] === 0) continue;
    if (seen++ !== next) continue;
    index[taken++] = n;
    next = count === total ? taken : Math.max(place(), seen);
  }
  return index.subarray(0, taken);
}
