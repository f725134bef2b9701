/**
 * The SVMs of merges where passes are dear. A pass costs about the same for one class as for a few, so with the SVM of the next merge
 * those that will probably follow are trained, of unions of three and more clusters too. A merged cluster's SVM depends on its pixels
 * only.
 */

import { subset } from "../../pixels/denseFeatures.ts";
import { labelTable } from "../../pixels/svmPass.ts";
import { signsOf } from "../svm/hinge.ts";
import type { MergedSvm } from "../svm/solvers.ts";
import type { SvmStart } from "../svm/training.ts";
import { mergedSvm } from "../svm/trainMerged.ts";
import { trainSvms } from "../svm/trainSvms.ts";
import { warmStart } from "../svm/warmStart.ts";
import { spreadSample } from "../svm/workingSets.ts";
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

/** Trains unions together, and holds those that are not wanted yet. */
export class ForeseenUnions {
  readonly #state: State;
  /** By the names of their parts. */
  #trained: { readonly names: ReadonlySet<number>; readonly result: MergedSvm }[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  /** The SVM of the first of `unions`, which are those to be trained with it. */
  async train(unions: readonly Union[]): Promise<MergedSvm> {
    const wanted = this.#find(unions[0]);
    if (wanted !== undefined) return wanted;
    const missing = unions.filter((union) => this.#find(union) === undefined);
    const results = await trainUnions(this.#state, missing);
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

  #find(union: Union): MergedSvm | undefined {
    const wanted = namesOf(union);
    return this.#trained.find(({ names }) => names.size === wanted.size && [...names].every((name) => wanted.has(name)))
      ?.result;
  }
}

const namesOf = ({ parts }: Union): ReadonlySet<number> => new Set(parts.map(({ name }) => name));

/** Trains the SVM of each union as one cluster, all together. */
async function trainUnions(state: State, unions: readonly Union[]): Promise<MergedSvm[]> {
  const { problem, plan, labels } = state;
  const starts: SvmStart[] = [];
  for (const union of unions) starts.push(await startOf(state, union));
  const classes = unions.map((union) => [...namesOf(union)]);
  return (await trainSvms(problem, { labels, classes }, starts, plan, { keep: true })).map(mergedSvm);
}

/** Where the training of a union begins, from a sample of the pixels that can be active there. */
async function startOf(state: State, { from: [p, q], parts }: Union): Promise<SvmStart> {
  const { features, penalty } = state.problem;
  const { channels } = features;
  const names = parts.map(({ name }) => name);
  const candidates = anyActive(state, labelTable(names), parts);
  const index = spreadSample(candidates, COMBINED_ROWS);
  const classifier = ({ row }: Cluster) => ({
    weight: state.weight.subarray(row * channels, (row + 1) * channels),
    bias: state.bias[row],
  });
  const signs = signsOf(state.labels, names, index);
  const share = candidates.length / Math.max(index.length, 1);
  const some = await subset(features, index);
  const { plane } = await warmStart(some, signs, classifier(p), classifier(q), penalty * share);
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
