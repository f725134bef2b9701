/** What a run of KLiSH holds between two merges, made from start labels or from an unfinished tree. */

import { checkLabels, classSizes, countOwn, iouOf } from "../../pixels/labels.ts";
import type { ClassPass, Pixels } from "../../pixels/pixels.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import { confidenceMap, confidenceMapOf } from "../svm/confidenceMap.ts";
import { type LinearSvm, trainOneVsRest } from "../svm/linearSvm.ts";
import { trainStreamed } from "../svm/streamedTraining.ts";
import type { SvmProblem } from "../svm/svmProblem.ts";
import type { MergeRecord, MergeTree } from "../tree/mergeTree.ts";
import { ConfidenceProducts } from "./confidence.ts";
import { filteredLabels } from "./filter.ts";
import { type KlishOptions, startClusters } from "./klishOptions.ts";

/** One present cluster. */
export interface Cluster {
  /** Its name in the label array: that of the start cluster that absorbed the others. */
  readonly name: number;
  /** Its classifier's row in the tree, and its confidence map. */
  readonly row: number;
  readonly iou: number;
  readonly objective: number;
  readonly gap: number;
  readonly size: number;
}

/** Everything that a merge reads or changes. */
export interface State {
  readonly problem: SvmProblem;
  readonly initialLabels: Uint16Array;
  /** The present cluster of each pixel, by name. */
  readonly labels: Uint16Array;
  /** [R,D] and [R] with room for every merge. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly confidence: ConfidenceProducts;
  clusters: readonly Cluster[];
  rows: number;
  readonly records: MergeRecord[];
}

/** Start labels: those given, or K-means without its empty clusters. */
async function startLabels(features: Pixels, options: KlishOptions): Promise<{ labels: Uint16Array; k: number }> {
  const { initialLabels } = options;
  const asked = startClusters(options);
  if (initialLabels !== undefined)
    return { labels: checkLabels("klish: initialLabels", initialLabels, features.pixels, asked), k: asked };
  const { begun, onStart } = startOf(features, options);
  if (begun?.clusters !== undefined) return begun.clusters;
  const nClusters = Math.min(asked, features.pixels);
  const { seed = 0, onProgress, signal } = options;
  const found = await kMeans(features, {
    nClusters,
    seed,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    ...(begun?.kMeans && { begun: begun.kMeans }),
    ...(onStart && { onIteration: (kMeans) => onStart({ kMeans }) }),
  });
  const k = found.sizes.findLastIndex((size) => size > 0) + 1;
  if (k < 2) throw new RangeError("klish: K-means found a single cluster: all pixels have the same features");
  await onStart?.({ clusters: { labels: found.labels, k } });
  return { labels: found.labels, k };
}

/** What streamed features may continue. The filter clusters anew after a training: its runs continue from the tree only. */
function startOf(features: Pixels, { begun, onStart, filter }: KlishOptions): Pick<KlishOptions, "begun" | "onStart"> {
  if (features.passCost === "cheap" || filter) return {};
  return { ...(begun && { begun }), ...(onStart && { onStart }) };
}

/** The start classifiers: by few passes over all pixels where each is dear. */
function train(problem: SvmProblem, labels: Uint16Array, k: number, options: KlishOptions): Promise<LinearSvm> {
  if (problem.features.passCost === "cheap") return trainOneVsRest(problem, labels, k, options);
  const { begun, onStart } = startOf(problem.features, options);
  const { onProgress, signal } = options;
  return trainStreamed(problem, labels, k, {
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    ...(begun?.training && { begun: begun.training }),
    ...(onStart && { onTraining: (training) => onStart({ clusters: { labels, k }, training }) }),
  });
}

/** The state at K0: start labels, their SVMs and confidence maps. */
export async function start(problem: SvmProblem, options: KlishOptions): Promise<State> {
  const { features } = problem;
  let { labels, k } = await startLabels(features, options);
  let svm = await train(problem, labels, k, options);
  if (options.filter) {
    const filtered = await filteredLabels(features, labels, svm, options);
    if (filtered !== undefined) {
      ({ labels, k } = filtered);
      svm = await train(problem, labels, k, options);
    }
  }
  const state = emptyState(problem, labels, k);
  state.weight.set(svm.weight);
  state.bias.set(svm.bias);
  const passes = await mapPass(state, k);
  const sizes = classSizes(labels, k);
  for (const [row, pass] of passes.entries()) state.confidence.add(row, confidenceMap(pass.kept));
  state.clusters = passes.map((pass, row) => ({
    name: row,
    row,
    iou: iouOf(pass, sizes[row]),
    objective: svm.objective[row],
    gap: svm.gap[row],
    size: sizes[row],
  }));
  return state;
}

function emptyState(problem: SvmProblem, initialLabels: Uint16Array, k: number): State {
  const { pixels, channels } = problem.features;
  const most = 2 * k;
  return {
    problem,
    initialLabels,
    labels: initialLabels.slice(),
    weight: new Float32Array(most * channels),
    bias: new Float32Array(most),
    confidence: new ConfidenceProducts(pixels, most),
    clusters: [],
    rows: k,
    records: [],
  };
}

/** Scores of the K0 start classifiers where s > -1. Always of all of them at once: scores then round the same after a resume. */
function mapPass(state: State, k: number) {
  const { problem, weight, bias, initialLabels: labels } = state;
  const classes = Array.from({ length: k }, (_, row) => row);
  return problem.features.svm({
    labels,
    classes,
    weight: weight.subarray(0, k * problem.features.channels),
    bias: bias.subarray(0, k),
    keep: true,
  });
}

/** Scores of the present clusters where s > -1, by row: one pass for all of them. */
async function presentPass(state: State, rows: Int32Array, names: readonly number[]): Promise<ClassPass[]> {
  const { problem, weight, bias, labels } = state;
  const { channels } = problem.features;
  const stacked = new Float32Array(rows.length * channels);
  for (const [i, row] of rows.entries())
    stacked.set(weight.subarray(row * channels, (row + 1) * channels), i * channels);
  const passes = await problem.features.svm({
    labels,
    classes: names,
    weight: stacked,
    bias: Float32Array.from(rows, (row) => bias[row]),
    keep: true,
  });
  const byRow: ClassPass[] = [];
  for (const [i, row] of rows.entries()) byRow[row] = passes[i];
  return byRow;
}

/** IoUs that differ by more than this were not computed from the same features. */
const SAME_IOU = 1e-3;

/** The state at the last K of `tree`, recomputed so that what follows is what would have followed. */
export async function restore(problem: SvmProblem, tree: MergeTree, options: KlishOptions): Promise<State> {
  const { features } = problem;
  const k0 = tree.initialClusters;
  const state = emptyState(problem, tree.initialLabels, k0);
  state.weight.set(tree.weight);
  state.bias.set(tree.bias);
  state.rows = tree.bias.length;
  const last = tree.steps[tree.steps.length - 1];
  state.records.push(...tree.steps.slice(0, -1));
  let names = Array.from({ length: k0 }, (_, i) => i);
  for (const { kept, removed } of state.records) {
    const from = names[removed];
    const to = names[kept];
    for (let n = 0; n < features.pixels; n++) if (state.labels[n] === from) state.labels[n] = to;
    names = names.filter((_, i) => i !== removed);
  }
  const sizes = classSizes(state.labels, k0);
  const passes =
    features.passCost === "dear" ? await presentPass(state, last.members, names) : await mapPass(state, k0);
  for (const [i, row] of last.members.entries()) {
    const name = names[i];
    let iou: number;
    if (row in passes) {
      iou = iouOf(passes[row], sizes[name]);
      state.confidence.add(row, confidenceMap(passes[row].kept));
    } else {
      const weight = tree.weight.subarray(row * features.channels, (row + 1) * features.channels);
      const scores = await features.scores(weight, tree.bias.subarray(row, row + 1));
      iou = iouOf(countOwn(scores, state.labels, name), sizes[name]);
      state.confidence.add(row, confidenceMapOf(scores));
    }
    if (Math.abs(iou - last.iou[i]) > SAME_IOU || sizes[name] !== last.sizes[i])
      throw new RangeError(
        `klish: the tree to resume does not fit these features: cluster ${i} at K = ${last.k} has IoU ${iou}, ` +
          `not ${last.iou[i]}; resume with the features that it was made from`,
      );
    options.onProgress?.({ phase: "resume", done: i + 1, total: last.k });
    options.signal?.throwIfAborted();
  }
  state.clusters = names.map((name, i) => ({
    name,
    row: last.members[i],
    iou: last.iou[i],
    objective: last.objective[i],
    gap: last.gap[i],
    size: last.sizes[i],
  }));
  return state;
}
