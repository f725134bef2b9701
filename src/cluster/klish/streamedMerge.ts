import { dot } from "../../numeric/symmetric.ts";
import { subset } from "../../pixels/denseFeatures.ts";
import { labelTable } from "../../pixels/svmPass.ts";
import { confidenceMap } from "../svm/confidenceMap.ts";
import type { Hyperplane } from "../svm/newtonSvm.ts";
import { trainByWorkingSets } from "../svm/streamedSvm.ts";
import type { MergeResult } from "../svm/svmSolver.ts";
import { combine } from "../svm/warmStart.ts";
import { spreadSample, WorkingSets } from "../svm/workingSets.ts";
import type { Cluster, State } from "./klishState.ts";

/** Pixels on which the two old hyperplanes are combined. */
const COMBINED_ROWS = 16384;

/** A merge of two clusters, each of which may itself be one that is yet to be made. */
export interface Union {
  /** Present clusters whose classifiers the new one begins with: those of the two, or that stand for them. */
  readonly from: readonly [Cluster, Cluster];
  /** The present clusters that become one. */
  readonly parts: readonly Cluster[];
}

/**
 * The SVMs of merges over streamed pixels. A pass costs about the same for one class as for a few, so with the SVM of the next merge
 * those that will probably follow are trained, of unions of three and more clusters too. A merged cluster's SVM depends on its pixels
 * only.
 */
export class StreamedMerges {
  readonly #state: State;
  readonly #workingSets: WorkingSets;
  /** By the names of their parts. */
  #trained: { readonly names: ReadonlySet<number>; readonly result: MergeResult }[] = [];

  constructor(state: State) {
    this.#state = state;
    this.#workingSets = new WorkingSets(state.problem.features);
  }

  /** The SVM of the first of `unions`, which are those to be trained with it. */
  async train(unions: readonly Union[]): Promise<MergeResult> {
    const wanted = this.#find(unions[0]);
    if (wanted !== undefined) return wanted;
    const missing = unions.filter((union) => this.#find(union) === undefined);
    const results = await trainMerges(this.#state, missing, this.#workingSets);
    for (const [i, union] of missing.entries()) this.#trained.push({ names: namesOf(union), result: results[i] });
    return results[0];
  }

  /** Cluster p has joined q: what was trained with one of the two only will never be. */
  joined(p: Cluster, q: Cluster): void {
    this.#trained = this.#trained
      .filter(({ names }) => names.has(p.name) === names.has(q.name))
      .map(({ names, result }) => ({ names: new Set([...names].filter((name) => name !== p.name)), result }))
      .filter(({ names }) => names.size > 1);
  }

  #find(union: Union): MergeResult | undefined {
    const wanted = namesOf(union);
    return this.#trained.find(({ names }) => names.size === wanted.size && [...names].every((name) => wanted.has(name)))
      ?.result;
  }
}

const namesOf = ({ parts }: Union): ReadonlySet<number> => new Set(parts.map(({ name }) => name));

/**
 * Trains the SVM of each union as one cluster: on a working set, a sample of the pixels that can be active, from the best combination of
 * two old hyperplanes; then all together by passes over all pixels.
 */
async function trainMerges(state: State, unions: readonly Union[], workingSets: WorkingSets): Promise<MergeResult[]> {
  const starts: Start[] = [];
  for (const union of unions) starts.push(await startOf(state, union));
  const found = await trainByWorkingSets(
    state.problem,
    state.labels,
    unions.map((union) => [...namesOf(union)]),
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

async function startOf(state: State, { from: [p, q], parts }: Union): Promise<Start> {
  const { features, penalty } = state.problem;
  const { channels } = features;
  const own = labelTable(parts.map(({ name }) => name));
  const candidates = anyActive(state, own, parts);
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
    signs: Int8Array.from(index, (n) => 2 * own[state.labels[n]] - 1),
    products: [dot(weightP, weightP), dot(weightP, weightQ), dot(weightQ, weightQ)],
    penalty: (penalty * candidates.length) / Math.max(index.length, 1),
  });
  const plane = {
    weight: Float64Array.from(weightP, (w, d) => theta.p * w + theta.q * weightQ[d]),
    bias: theta.p * bias[0] + theta.q * bias[1] + theta.constant,
  };
  return { plane, candidates };
}

/** Pixels that may be active. Elsewhere all scores are at most -1 and the pixel is negative: inactive at the start of the search. */
function anyActive({ confidence, labels }: State, own: Uint8Array, parts: readonly Cluster[]): Int32Array {
  const marked = new Uint8Array(labels.length);
  for (const { row } of parts) for (const n of confidence.map(row).index) marked[n] = 1;
  let count = 0;
  for (let n = 0; n < labels.length; n++) {
    if (own[labels[n]] === 1) marked[n] = 1;
    count += marked[n];
  }
  const active = new Int32Array(count);
  for (let n = 0, i = 0; n < labels.length; n++) if (marked[n] === 1) active[i++] = n;
  return active;
}
