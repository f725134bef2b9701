import { confidenceMap } from "./confidence.ts";
import { subset } from "./denseFeatures.ts";
import type { Cluster, State } from "./klishState.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { spreadSample, trainByWorkingSets, WorkingSets } from "./streamedSvm.ts";
import type { MergeResult } from "./svmHelpers.ts";
import { signsOf } from "./svmProblem.ts";
import { dot } from "./symmetric.ts";
import { combine } from "./warmStart.ts";

/** Pixels on which the two old hyperplanes are combined. */
const COMBINED_ROWS = 16384;

/** Two clusters, of which the second absorbs the first. */
export type ClusterPair = readonly [Cluster, Cluster];

/**
 * The SVMs of merges over streamed pixels. A pass costs about the same for one class as for a few, so with the SVM of the next merge
 * those of pairs that will probably follow are trained. A merged cluster's SVM depends on its two clusters only.
 */
export class StreamedMerges {
  readonly #state: State;
  readonly #workingSets: WorkingSets;
  #trained: { readonly pair: ClusterPair; readonly result: MergeResult }[] = [];

  constructor(state: State) {
    this.#state = state;
    this.#workingSets = new WorkingSets(state.problem.features);
  }

  /** The SVM of the merge of `first`; no cluster is in two pairs. */
  async train(first: ClusterPair, others: readonly ClusterPair[]): Promise<MergeResult> {
    const known = this.#find(first);
    if (known !== undefined) return known;
    const pairs = [first, ...others.filter((pair) => this.#find(pair) === undefined)];
    const results = await trainMerges(this.#state, pairs, this.#workingSets);
    this.#trained.push(...pairs.map((pair, i) => ({ pair, result: results[i] })));
    return results[0];
  }

  /** Drops what was trained with a cluster that is no more. */
  forget(cluster: Cluster): void {
    this.#trained = this.#trained.filter(({ pair }) => !pair.includes(cluster));
  }

  #find([p, q]: ClusterPair): MergeResult | undefined {
    return this.#trained.find(({ pair }) => pair[0] === p && pair[1] === q)?.result;
  }
}

/**
 * Trains the SVM of each pair as one cluster: on a working set, a sample of the pixels that can be active, from the best combination of
 * the two old hyperplanes; then all together by passes over all pixels.
 */
async function trainMerges(
  state: State,
  pairs: readonly ClusterPair[],
  workingSets: WorkingSets,
): Promise<MergeResult[]> {
  const into = new Map(pairs.map(([p, q]) => [p.name, q.name]));
  const labels = state.labels.map((name) => into.get(name) ?? name);
  const starts: Start[] = [];
  for (const pair of pairs) starts.push(await startOf(state, labels, pair));
  const found = await trainByWorkingSets(
    state.problem,
    labels,
    pairs.map(([, q]) => q.name),
    starts.map(({ plane }) => plane),
    workingSets,
    starts.map(({ candidates }) => candidates),
    { keep: true },
  );
  return found.map(({ plane, objective, gap, pass }) => ({
    weight: Float32Array.from(plane.weight),
    bias: plane.bias,
    objective,
    gap,
    map: confidenceMap(pass.kept),
    predicted: pass.predicted,
    truePositive: pass.truePositive,
  }));
}

/** Where the training of a merged cluster begins, and the pixels that can be active there, ascending. */
interface Start {
  readonly plane: Hyperplane;
  readonly candidates: Int32Array;
}

async function startOf(state: State, labels: Uint16Array, [p, q]: ClusterPair): Promise<Start> {
  const { features, penalty } = state.problem;
  const { channels } = features;
  const candidates = eitherActive(state, labels, [p, q]);
  const index = spreadSample(candidates, COMBINED_ROWS);
  const weight = new Float32Array(2 * channels);
  for (const [i, { row }] of [p, q].entries())
    weight.set(state.weight.subarray(row * channels, (row + 1) * channels), i * channels);
  const [weightP, weightQ] = [weight.subarray(0, channels), weight.subarray(channels)];
  const bias = Float32Array.of(state.bias[p.row], state.bias[q.row]);
  const both = await subset(features, index).scores(weight, bias);
  const theta = combine({
    scoresP: both.subarray(0, index.length),
    scoresQ: both.subarray(index.length),
    signs: signsOf(labels, index, q.name),
    products: [dot(weightP, weightP), dot(weightP, weightQ), dot(weightQ, weightQ)],
    penalty: (penalty * candidates.length) / Math.max(index.length, 1),
  });
  const plane = {
    weight: Float64Array.from(weightP, (w, d) => theta.p * w + theta.q * weightQ[d]),
    bias: theta.p * bias[0] + theta.q * bias[1] + theta.constant,
  };
  return { plane, candidates };
}

/** Pixels that may be active. Elsewhere both scores are at most -1 and the pixel is negative: inactive at the start of the search. */
function eitherActive({ confidence }: State, labels: Uint16Array, [p, q]: ClusterPair): Int32Array {
  const marked = new Uint8Array(labels.length);
  for (const { row } of [p, q]) for (const n of confidence.map(row).index) marked[n] = 1;
  let count = 0;
  for (let n = 0; n < labels.length; n++) {
    if (labels[n] === q.name) marked[n] = 1;
    count += marked[n];
  }
  const active = new Int32Array(count);
  for (let n = 0, i = 0; n < labels.length; n++) if (marked[n] === 1) active[i++] = n;
  return active;
}
