/** What a run of KLiSH holds between two merges, made from start labels or from an unfinished tree. */

import { checkLabels, classSizes, iouOf } from "../../pixels/labels.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { kMeans } from "../kmeans/kMeans.ts";
import { confidenceMap } from "../svm/confidenceMap.ts";
import { type LinearSvm, trainOneVsRest } from "../svm/linearSvm.ts";
import type { SvmProblem } from "../svm/svmProblem.ts";
import type { SvmPlan } from "../svm/training.ts";
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

/** The SVMs of a run, and how they are trained. */
export interface Trainer {
  readonly problem: SvmProblem;
  readonly plan: SvmPlan;
}

/** Everything that a merge reads or changes. */
export interface State extends Trainer {
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
  const { resumeStart, onStart } = continued(options);
  if (resumeStart?.clusters !== undefined) return resumeStart.clusters;
  const nClusters = Math.min(asked, features.pixels);
  const { seed = 0, onProgress, signal } = options;
  const found = await kMeans(features, {
    nClusters,
    seed,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    ...(resumeStart?.kMeans && { resume: resumeStart.kMeans }),
    ...(onStart && { onIteration: (kMeans) => onStart({ kMeans }) }),
  });
  const k = found.sizes.findLastIndex((size) => size > 0) + 1;
  if (k < 2) throw new RangeError("klish: K-means found a single cluster: all pixels have the same features");
  await onStart?.({ clusters: { labels: found.labels, k } });
  return { labels: found.labels, k };
}

/** What a run may continue. The filter clusters again after a training: its runs continue from the tree only. */
const continued = ({ resumeStart, onStart, filter }: KlishOptions): Pick<KlishOptions, "resumeStart" | "onStart"> =>
  filter ? {} : { ...(resumeStart && { resumeStart }), ...(onStart && { onStart }) };

/** The start classifiers. */
function train({ problem, plan }: Trainer, labels: Uint16Array, k: number, options: KlishOptions): Promise<LinearSvm> {
  const { resumeStart, onStart } = continued(options);
  const { onProgress, signal } = options;
  return trainOneVsRest(problem, labels, k, plan, {
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
    resume: resumeStart?.training,
    onTraining: onStart && ((training) => onStart({ clusters: { labels, k }, training })),
  });
}

/** The state at K0: start labels, their SVMs and confidence maps. */
export async function start(trainer: Trainer, options: KlishOptions): Promise<State> {
  const { features } = trainer.problem;
  let { labels, k } = await startLabels(features, options);
  let svm = await train(trainer, labels, k, options);
  if (options.filter) {
    const filtered = await filteredLabels(features, labels, svm, options);
    if (filtered !== undefined) {
      ({ labels, k } = filtered);
      svm = await train(trainer, labels, k, options);
    }
  }
  const state = emptyState(trainer, labels, k);
  state.weight.set(svm.weight);
  state.bias.set(svm.bias);
  const rows = Array.from({ length: k }, (_, row) => row);
  const passes = await mapPasses(state, rows, rows);
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

function emptyState(trainer: Trainer, initialLabels: Uint16Array, k: number): State {
  const { pixels, channels } = trainer.problem.features;
  const most = 2 * k;
  return {
    ...trainer,
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

/** The passes of the classifiers of `rows`, as those of the clusters of `names`, that keep the scores of their confidence maps. */
function mapPasses({ problem, weight, bias, labels }: State, rows: readonly number[], names: readonly number[]) {
  const { channels } = problem.features;
  const planes = rows.map((row) => ({
    weight: weight.subarray(row * channels, (row + 1) * channels),
    bias: bias[row],
  }));
  return problem.pass(labels, names, planes, { keep: true });
}

/**
 * The passes of the present clusters. Scores round as they did in training: start classifiers are passed over the pixels together, merged
 * ones alone, and all together where unions are.
 */
async function* presentPasses(state: State, rows: readonly number[], names: readonly number[]) {
  const { unionsAtOnce } = state.plan;
  if (unionsAtOnce > 1) return yield* await mapPasses(state, rows, names);
  const all = Array.from({ length: state.records[0]?.k ?? rows.length }, (_, row) => row);
  const starts = rows.some((row) => row < all.length) ? await mapPasses(state, all, all) : [];
  for (const [i, row] of rows.entries())
    yield row < all.length ? starts[row] : (await mapPasses(state, [row], [names[i]]))[0];
}

/** IoUs that differ by more than this were not computed from the same features. */
const SAME_IOU = 1e-3;

/** The state at the last K of `tree`, recomputed so that what follows is what would have followed. */
export async function restore(trainer: Trainer, tree: MergeTree, options: KlishOptions): Promise<State> {
  const { features } = trainer.problem;
  const k0 = tree.initialClusters;
  const state = emptyState(trainer, tree.initialLabels, k0);
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
  let i = 0;
  for await (const pass of presentPasses(state, [...last.members], names)) {
    const size = sizes[names[i]];
    const iou = iouOf(pass, size);
    state.confidence.add(last.members[i], confidenceMap(pass.kept));
    if (Math.abs(iou - last.iou[i]) > SAME_IOU || size !== last.sizes[i])
      throw new RangeError(
        `klish: the tree to resume does not fit these features: cluster ${i} at K = ${last.k} has IoU ${iou}, ` +
          `not ${last.iou[i]}; resume with the features that it was made from`,
      );
    i++;
    options.onProgress?.({ phase: "read what is done", done: i, total: last.k });
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
