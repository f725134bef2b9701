import { checkOptions, type KlishOptions } from "./klishOptions.ts";
import { type Cluster, iouOf, restore, type State, start } from "./klishState.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import { MergedSvmTrainer } from "./mergedSvm.ts";
import { MergeQueue, type MergeTask } from "./mergeQueue.ts";
import { type MergeChoice, type MergeState, pairRule, paperRule } from "./mergeRule.ts";
import { type MergeRecord, type MergeTree, mergeTree } from "./mergeTree.ts";
import { type ClusterPair, StreamedMerges } from "./streamedMerge.ts";
import { type MergeRequest, type MergeResult, type SvmHelper, trainMerged } from "./svmHelpers.ts";
import type { SparseMap } from "./svmPass.ts";
import { SvmProblem } from "./svmProblem.ts";

/** Merges over streamed pixels that are trained with the next one. */
const STREAMED_AHEAD = 7;

/** Merges from the start, or from the tree to resume, to the last K, with a given lambda. */
export async function mergeAll(features: LinearFeatures, options: KlishOptions, balance: number): Promise<MergeTree> {
  const settings = checkOptions(features, { ...options, balance });
  const { criterion, minClusters, minIou } = settings;
  const problem = new SvmProblem(features, settings.C, settings.tolerance);
  const state =
    options.resume === undefined ? await start(problem, options) : await restore(problem, options.resume, options);
  const trainers = features.streamed ? passTrainers(state) : threadTrainers(state);
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
        phase: "merge",
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

/** Who trains the SVMs of merges: that of the next, and ahead of time those of `ahead` pairs that will probably follow. */
interface MergeTrainers {
  readonly ahead: number;
  train(first: ClusterPair, others: readonly ClusterPair[]): Promise<MergeResult>;
  /** Drops what was trained with a cluster that is no more. */
  forget(cluster: Cluster): void;
  /** Waits until nothing is trained any more. */
  settle(): Promise<void>;
}

/** Each thread trains one merge at a time, this one the next. */
function threadTrainers(state: State): MergeTrainers {
  const { problem } = state;
  const helpers = (problem.features.solving?.helpers ?? []).filter(
    (helper): helper is SvmHelper => helper.trainMerged !== undefined,
  );
  const trainer = new MergedSvmTrainer(problem);
  const here = { trainMerged: ({ members, p, q }: MergeRequest) => trainMerged(trainer, members, p, q) };
  const queue = new MergeQueue([...helpers, here]);
  return {
    // One more than are trained at a time: who is done early has the next.
    ahead: helpers.length > 0 ? helpers.length + 1 : 0,
    train: (first, others) =>
      queue.train(
        taskOf(state, first),
        others.map((pair) => taskOf(state, pair)),
      ),
    forget: ({ row }) => queue.forget(row),
    settle: () => queue.settle(),
  };
}

/** Over streamed pixels nothing is held per pixel but labels and maps, and all threads share each pass. */
function passTrainers(state: State): MergeTrainers {
  const merges = new StreamedMerges(state);
  return {
    ahead: STREAMED_AHEAD,
    train: (first, others) => merges.train(first, others),
    forget: (cluster) => merges.forget(cluster),
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
  const { map, ...svm } = await trainers.train([p, q], foreseen(state, p, q, rule, trainers.ahead));
  trainers.forget(p);
  trainers.forget(q);
  join(state, choice, svm, map);
}

function taskOf({ labels, problem, weight, bias }: State, [p, q]: ClusterPair): MergeTask {
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

/** Pairs that would be merged if the clusters merged before them were left out: none of them meets another. */
function foreseen(
  state: State,
  p: Cluster,
  q: Cluster,
  rule: (view: MergeState) => MergeChoice,
  count: number,
): ClusterPair[] {
  const pairs: ClusterPair[] = [];
  let left = state.clusters.filter((cluster) => cluster !== p && cluster !== q);
  while (pairs.length < count && left.length > 1) {
    const { removed, kept } = rule(viewOf(state, left));
    const pair = [left[removed], left[kept]] as const;
    pairs.push(pair);
    left = left.filter((cluster) => !pair.includes(cluster));
  }
  return pairs;
}

function relabel({ labels }: State, p: Cluster, q: Cluster): void {
  for (let n = 0; n < labels.length; n++) if (labels[n] === p.name) labels[n] = q.name;
}

/** Puts the merged cluster in the place of q, and removes p. */
function join(state: State, { removed, kept }: MergeChoice, svm: Omit<MergeResult, "map">, map: SparseMap): void {
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
