import { confidenceMap, confidenceMapOf } from "./confidence.ts";
import { checkOptions, type KlishOptions } from "./klishOptions.ts";
import { type Cluster, countOwn, iouOf, restore, type State, start } from "./klishState.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import { type Classifier, MergedSvmTrainer } from "./mergedSvm.ts";
import { type MergeChoice, pairRule, paperRule } from "./mergeRule.ts";
import { type MergeRecord, type MergeTree, mergeTree } from "./mergeTree.ts";
import { trainMergeStreamed } from "./streamedMerge.ts";
import type { ClassPass, SparseMap } from "./svmPass.ts";
import { SvmProblem } from "./svmProblem.ts";

/** Merges from the start, or from the tree to resume, to the last K, with a given lambda. */
export async function mergeAll(features: LinearFeatures, options: KlishOptions, balance: number): Promise<MergeTree> {
  const settings = checkOptions(features, { ...options, balance });
  const { criterion, minClusters, minIou } = settings;
  const problem = new SvmProblem(features, settings.C, settings.tolerance);
  const state =
    options.resume === undefined ? await start(problem, options) : await restore(problem, options.resume, options);
  // Over streamed pixels nothing is held per pixel but labels and maps.
  const trainer = features.streamed ? undefined : new MergedSvmTrainer(problem);
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
  const first = state.clusters.length;
  for (;;) {
    const { clusters } = state;
    const view = {
      maps: clusters.map((cluster) => cluster.row),
      confidence: state.confidence,
      iou: Float64Array.from(clusters, (cluster) => cluster.iou),
      sizes: Float64Array.from(clusters, (cluster) => cluster.size),
    };
    const choice = criterion === "paper" ? paperRule(view) : pairRule(view, balance);
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
    await merge(state, trainer, choice);
  }
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

/** Relabels p to q and retrains q. */
async function merge(
  state: State,
  trainer: MergedSvmTrainer | undefined,
  { removed, kept }: MergeChoice,
): Promise<void> {
  const { clusters, labels, weight, bias, confidence } = state;
  const { channels } = state.problem.features;
  const p = clusters[removed];
  const q = clusters[kept];
  for (let n = 0; n < labels.length; n++) if (labels[n] === p.name) labels[n] = q.name;
  const classifier = ({ row }: Cluster) => ({
    weight: weight.subarray(row * channels, (row + 1) * channels),
    bias: bias[row],
  });
  const before = [classifier(p), classifier(q)] as const;
  let svm: Classifier & Pick<Cluster, "objective" | "gap">;
  let map: SparseMap;
  let counts: Pick<ClassPass, "predicted" | "truePositive">;
  if (trainer === undefined) {
    const maps = [confidence.map(p.row), confidence.map(q.row)] as const;
    const { plane, pass, objective, gap } = await trainMergeStreamed(state.problem, labels, q.name, before, maps);
    svm = { weight: Float32Array.from(plane.weight), bias: plane.bias, objective, gap };
    map = confidenceMap(pass.kept);
    counts = pass;
  } else {
    const trained = await trainer.train(labels, q.name, ...before);
    svm = trained;
    map = confidenceMapOf(trained.scores);
    counts = countOwn(trained.scores, labels, q.name);
  }
  const row = state.rows++;
  weight.set(svm.weight, row * channels);
  bias[row] = svm.bias;
  confidence.delete(p.row);
  confidence.delete(q.row);
  confidence.add(row, map);
  const { objective, gap } = svm;
  const size = p.size + q.size;
  const merged = { name: q.name, row, iou: iouOf(counts, size), objective, gap, size };
  state.clusters = clusters.map((cluster, i) => (i === kept ? merged : cluster)).filter((_, i) => i !== removed);
}
