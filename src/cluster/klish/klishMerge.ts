/**
 * The merges of KLiSH: choose two clusters, train the SVM of their union, and again, with a record of every K. A merge changes one SVM only;
 * while it is trained, merges that will probably follow are trained too, by other threads or in the same passes.
 */

import { iouOf } from "../../pixels/labels.ts";
import type { Pixels, SparseMap } from "../../pixels/pixels.ts";
import { type MergedSvm, type MergeRequest, NO_SOLVERS, type SvmSolvers } from "../svm/solvers.ts";
import { svmPlan } from "../svm/svmPlan.ts";
import { SvmProblem } from "../svm/svmProblem.ts";
import { trainMerged } from "../svm/trainMerged.ts";
import { type MergeRecord, type MergeTree, mergeTree } from "../tree/mergeTree.ts";
import { ForeseenUnions, type Union } from "./foreseenUnions.ts";
import { checkOptions, type KlishOptions } from "./klishOptions.ts";
import { type Cluster, restore, type State, start } from "./klishState.ts";
import { MergeQueue, type MergeTask } from "./mergeQueue.ts";
import { type MergeChoice, type MergeState, pairRule, paperRule } from "./mergeRule.ts";

/** Merges that threads look ahead for some whose two clusters are there already. */
const FORESEEN_BY_THREADS = 8;

/** Merges from the start, or from the tree to resume, to the last K, with a given lambda. */
export async function mergeAll(features: Pixels, options: KlishOptions, balance: number): Promise<MergeTree> {
  const settings = checkOptions(features, { ...options, balance });
  const { criterion, minClusters, minIou } = settings;
  const problem = new SvmProblem(features, settings.C, settings.tolerance);
  const { resume, solvers = NO_SOLVERS } = options;
  const trainer = { problem, plan: svmPlan(features, solvers) };
  const state = resume === undefined ? await start(trainer, options) : await restore(trainer, resume, options);
  const trainers = state.plan.unionsAtOnce > 1 ? unionTrainers(state) : threadTrainers(state, solvers);
  const tree = (): MergeTree =>
    mergeTree({
      pixels: features.pixels,
      channels: features.channels,
      initialClusters: state.records[0].k,
      criterion,
      balance,
      initialLabels: state.initialLabels,
      weight: state.weight.subarray(0, state.rows * features.channels),
      bias: state.bias.subarray(0, state.rows),
      steps: state.records.slice(),
    });
  const rule = (view: MergeState): MergeChoice => (criterion === "paper" ? paperRule(view) : pairRule(view, balance));
  const first = state.clusters.length;
  try {
    for (;;) {
      const { clusters } = state;
      const view = viewOf(state, clusters);
      const choice = rule(view);
      state.records.push(record(clusters, choice));
      await options.onCheckpoint?.(tree());
      options.onProgress?.({
        phase: "merge clusters",
        done: first - clusters.length,
        total: first - minClusters,
        note: `K = ${clusters.length}`,
      });
      options.signal?.throwIfAborted();
      if (clusters.length <= minClusters || Math.min(...view.iou) >= minIou) return tree();
      await merge(state, trainers, choice, rule);
    }
  } finally {
    await trainers.settle();
  }
}

function viewOf({ confidence }: State, clusters: readonly Cluster[]): MergeState {
  return {
    maps: clusters.map((cluster) => cluster.row),
    confidence,
    iou: Float64Array.from(clusters, (cluster) => cluster.iou),
    sizes: Float64Array.from(clusters, (cluster) => cluster.size),
  };
}

/** Who trains the SVMs of merges: that of the next, and ahead of time those of the `ahead` that will probably follow. */
interface MergeTrainers {
  readonly ahead: number;
  /** The SVM of the first of `unions`, the merges in the order in which they are expected. */
  train(unions: readonly Union[]): Promise<MergedSvm>;
  /** Discards trained merges that cluster p joining q rules out. */
  joined(p: Cluster, q: Cluster): void;
  /** Waits until nothing is trained any more. */
  settle(): Promise<void>;
}

/** Each thread trains one merge at a time, this one the next. */
function threadTrainers(state: State, { merges }: SvmSolvers): MergeTrainers {
  const { problem, plan } = state;
  const here = { trainMerged: ({ members, p, q }: MergeRequest) => trainMerged(problem, members, p, q, plan) };
  const queue = new MergeQueue([...merges, here]);
  return {
    ahead: merges.length > 0 ? FORESEEN_BY_THREADS : 0,
    train([first, ...others]) {
      // A training begins with the classifiers of its two clusters, so both must be there. One more than are trained at a time: who is
      // done early has the next.
      const ready = others.filter(({ parts }) => parts.length === 2).slice(0, merges.length + 1);
      return queue.train(
        taskOf(state, first),
        ready.map((union) => taskOf(state, union)),
      );
    },
    joined(p, q) {
      queue.forget(p.row);
      queue.forget(q.row);
    },
    settle: () => queue.settle(),
  };
}

/** All unions are trained together, and nothing is held per pixel but labels and maps. */
function unionTrainers(state: State): MergeTrainers {
  const unions = new ForeseenUnions(state);
  return {
    ahead: state.plan.unionsAtOnce - 1,
    train: (wanted) => unions.train(wanted),
    joined: (p, q) => unions.joined(p, q),
    settle: async () => undefined,
  };
}

function record(clusters: readonly Cluster[], { removed, kept, similarity }: MergeChoice): MergeRecord {
  const column = (value: (cluster: Cluster) => number) => Float64Array.from(clusters, value);
  return {
    k: clusters.length,
    members: Int32Array.from(clusters, (cluster) => cluster.row),
    iou: column((cluster) => cluster.iou),
    objective: column((cluster) => cluster.objective),
    gap: column((cluster) => cluster.gap),
    sizes: column((cluster) => cluster.size),
    kept,
    removed,
    ecos: similarity,
  };
}

/** Relabels p to q and retrains q; with it, merges that will probably follow. */
async function merge(
  state: State,
  trainers: MergeTrainers,
  choice: MergeChoice,
  rule: (view: MergeState) => MergeChoice,
): Promise<void> {
  const { clusters } = state;
  const [p, q] = [clusters[choice.removed], clusters[choice.kept]];
  const { map, ...svm } = await trainers.train(foreseen(state, choice, rule, trainers.ahead));
  trainers.joined(p, q);
  join(state, choice, svm, map);
}

function taskOf({ labels, problem, weight, bias }: State, { from: [p, q] }: Union): MergeTask {
  const { c, tolerance, features } = problem;
  const classifier = ({ row }: Cluster) => ({
    weight: weight.slice(row * features.channels, (row + 1) * features.channels),
    bias: bias[row],
  });
  return {
    p: p.row,
    q: q.row,
    request() {
      const members = labels.map((name) => (name === p.name || name === q.name ? 1 : 0));
      return { c, tolerance, members, p: classifier(p), q: classifier(q) };
    },
  };
}

/**
 * The merge that is chosen, and up to `count` that will probably follow: a merged cluster is taken to be well separable, and otherwise for
 * the one that absorbed the other.
 */
function foreseen(state: State, choice: MergeChoice, rule: (view: MergeState) => MergeChoice, count: number): Union[] {
  const unions: Union[] = [];
  let present = state.clusters.map((cluster) => ({ cluster, parts: [cluster] }));
  for (let next = choice; ; ) {
    const [p, q] = [present[next.removed], present[next.kept]];
    const parts = [...q.parts, ...p.parts];
    unions.push({ from: [p.cluster, q.cluster], parts });
    if (unions.length > count || present.length === 2) return unions;
    const merged = { cluster: { ...q.cluster, iou: 1, size: p.cluster.size + q.cluster.size }, parts };
    present = present.map((one) => (one === q ? merged : one)).filter((one) => one !== p);
    const clusters = present.map(({ cluster }) => cluster);
    next = rule(viewOf(state, clusters));
  }
}

function relabel({ labels }: State, p: Cluster, q: Cluster): void {
  for (let n = 0; n < labels.length; n++) if (labels[n] === p.name) labels[n] = q.name;
}

/** Puts the merged cluster in the place of q, and removes p. */
function join(state: State, { removed, kept }: MergeChoice, svm: Omit<MergedSvm, "map">, map: SparseMap): void {
  const { clusters, weight, bias, confidence } = state;
  const { channels } = state.problem.features;
  const [p, q] = [clusters[removed], clusters[kept]];
  relabel(state, p, q);
  const row = state.rows++;
  weight.set(svm.weight, row * channels);
  bias[row] = svm.bias;
  confidence.delete(p.row);
  confidence.delete(q.row);
  confidence.add(row, map);
  const { objective, gap } = svm;
  const size = p.size + q.size;
  const merged = { name: q.name, row, iou: iouOf(svm, size), objective, gap, size };
  state.clusters = clusters.map((cluster, i) => (i === kept ? merged : cluster)).filter((_, i) => i !== removed);
}
