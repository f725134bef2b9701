/**
 * KLiSH (Xu, Zhang, Hu, "Extracting Semantic Knowledge from GANs with Unsupervised Learning"): K-means++ over-segments the
 * pixels, one-vs-rest L2-SVMs (Eq. 3) re-draw the clusters with linear borders, and clusters are merged two by two down to 2: the
 * least separable one, by IoU (Eq. 4), into the one whose confidence map is most like its own, by ECoS (Eq. 5).
 *
 * A merge changes the labels of two clusters only, so one SVM is retrained per merge and all others stay optimal: the merges are
 * those of the definition, which retrains all.
 */
import type { JobOptions } from "../tensor/progress.ts";
import { ConfidenceProducts, confidenceMap, confidenceMapOf } from "./confidence.ts";
import { filteredLabels } from "./filter.ts";
import { kMeans } from "./kMeans.ts";
import { checkLabels, classSizes } from "./labels.ts";
import type { LinearFeatures } from "./linearFeatures.ts";
import { trainOneVsRest } from "./linearSvm.ts";
import { MergedSvmTrainer } from "./mergedSvm.ts";
import { type MergeChoice, pairRule, paperRule } from "./mergeRule.ts";
import { type MergeRecord, type MergeTree, mergeTree } from "./mergeTree.ts";
import { svmPass } from "./svmPass.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE, SvmProblem } from "./svmProblem.ts";

export interface KlishOptions extends JobOptions {
  /** K0, the clusters to start from. Default 100; with `initialLabels`, their number of classes. */
  readonly initialClusters?: number;
  /** Start from these clusters instead of K-means: one integer in [0, K0) per pixel. */
  readonly initialLabels?: ArrayLike<number>;
  /** Of the K-means start. Default 0. */
  readonly seed?: number;
  /**
   * "paper" (default): p = argmin IoU joins q = argmax ECoS(p, .). "pair": the pair of the highest S_lambda, the smaller joining the
   * larger, which keeps one cluster from swallowing the rest on weak generators.
   */
  readonly criterion?: "paper" | "pair";
  /** lambda of the pair criterion, in [0, 1]: how much of the chance overlap is subtracted. Default 0.5. */
  readonly balance?: number;
  /** Default 5000, the paper's. */
  readonly C?: number;
  /** Certified relative gap of every SVM. Default 1e-3; 1e-5 reproduces merges that nearly tie. */
  readonly tolerance?: number;
  /** Drop the start clusters of exceptionally low IoU and cluster again from the rest (paper, section on filtering). Default false. */
  readonly filter?: boolean;
  /** Stop at this K. Default 2. */
  readonly minClusters?: number;
  /** Stop when every cluster's IoU is at least this. Default: do not. */
  readonly minIou?: number;
  /** Continue this tree, made from the same features and options: the result is that of an uninterrupted run. */
  readonly resume?: MergeTree;
  /** Called with the tree so far at each K; may be passed as `resume` later. */
  readonly onCheckpoint?: (tree: MergeTree) => void | Promise<void>;
}

/** One present cluster. */
interface Cluster {
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
interface State {
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

/**
 * Clusters the pixels at every K from K0 down. Deterministic for a seed, and for start labels. Rejects with RangeError for options
 * or labels that do not fit, and with the signal's reason when aborted.
 */
export async function klish(features: LinearFeatures, options: KlishOptions = {}): Promise<MergeTree> {
  const settings = checkOptions(features, options);
  const { criterion, balance, minClusters, minIou } = settings;
  const problem = new SvmProblem(features, settings.C, settings.tolerance);
  const state =
    options.resume === undefined ? await start(problem, options) : await restore(problem, options.resume, options);
  const trainer = new MergedSvmTrainer(problem);
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

function checkOptions(features: LinearFeatures, options: KlishOptions) {
  const { criterion = "paper", C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE, minClusters = 2 } = options;
  const k0 = options.initialClusters;
  if (k0 !== undefined && (!Number.isInteger(k0) || k0 < 2))
    throw new RangeError(`klish: initialClusters must be an integer of at least 2, got ${k0}`);
  if (k0 !== undefined && k0 > features.pixels)
    throw new RangeError(
      `klish: initialClusters = ${k0} exceeds the ${features.pixels} pixels; ask for fewer clusters`,
    );
  if (criterion !== "paper" && criterion !== "pair")
    throw new RangeError(`klish: criterion must be "paper" or "pair", got ${JSON.stringify(criterion)}`);
  const balance = criterion === "paper" ? 0 : (options.balance ?? 0.5);
  if (!(balance >= 0 && balance <= 1)) throw new RangeError(`klish: balance must be from 0 to 1, got ${balance}`);
  if (!(C > 0)) throw new RangeError(`klish: C must be positive, got ${C}`);
  if (!(tolerance > 0)) throw new RangeError(`klish: tolerance must be positive, got ${tolerance}`);
  if (!Number.isInteger(minClusters) || minClusters < 2)
    throw new RangeError(`klish: minClusters must be an integer of at least 2, got ${minClusters}`);
  const { minIou = Number.POSITIVE_INFINITY, resume } = options;
  if (Number.isNaN(minIou)) throw new RangeError("klish: minIou must be a number, got NaN");
  if (resume !== undefined) {
    if (resume.pixels !== features.pixels || resume.channels !== features.channels)
      throw new RangeError(
        `klish: the tree to resume is of ${resume.pixels} pixels and ${resume.channels} channels, ` +
          `the features have ${features.pixels} and ${features.channels}`,
      );
    if (resume.criterion !== criterion || resume.balance !== balance)
      throw new RangeError(
        `klish: the tree to resume was made with criterion ${resume.criterion}, balance ${resume.balance}; ` +
          `asked for ${criterion}, ${balance}`,
      );
  }
  return { criterion, balance, C, tolerance, minClusters, minIou };
}

/** Start labels: those given, or K-means without its empty clusters. */
async function startLabels(
  features: LinearFeatures,
  options: KlishOptions,
): Promise<{ labels: Uint16Array; k: number }> {
  const { initialClusters = 100, initialLabels } = options;
  if (initialLabels !== undefined) {
    let largest = 1;
    for (let n = 0; n < initialLabels.length; n++) largest = Math.max(largest, initialLabels[n]);
    const k = options.initialClusters ?? (Number.isInteger(largest) ? largest + 1 : 2);
    return { labels: checkLabels("klish: initialLabels", initialLabels, features.pixels, k), k };
  }
  const nClusters = Math.min(initialClusters, features.pixels);
  const { seed = 0, onProgress, signal } = options;
  const found = await kMeans(features, {
    nClusters,
    seed,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  const k = found.sizes.findLastIndex((size) => size > 0) + 1;
  if (k < 2) throw new RangeError("klish: K-means found a single cluster: all pixels have the same features");
  return { labels: found.labels, k };
}

async function start(problem: SvmProblem, options: KlishOptions): Promise<State> {
  const { features } = problem;
  let { labels, k } = await startLabels(features, options);
  let svm = await trainOneVsRest(problem, labels, k, options);
  if (options.filter) {
    const filtered = await filteredLabels(features, labels, svm, options);
    if (filtered !== undefined) {
      ({ labels, k } = filtered);
      svm = await trainOneVsRest(problem, labels, k, options);
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
  return svmPass(problem.features, {
    labels,
    classes,
    weight: weight.subarray(0, k * problem.features.channels),
    bias: bias.subarray(0, k),
    keep: true,
  });
}

/** |{s > 0} and {own}| / |{s > 0} or {own}|; 0 for a class without pixels that predicts none. */
function iouOf(counts: { readonly predicted: number; readonly truePositive: number }, size: number): number {
  return counts.truePositive / Math.max(counts.predicted + size - counts.truePositive, 1);
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
async function merge(state: State, trainer: MergedSvmTrainer, { removed, kept }: MergeChoice): Promise<void> {
  const { clusters, labels, weight, bias, confidence } = state;
  const { channels } = state.problem.features;
  const p = clusters[removed];
  const q = clusters[kept];
  for (let n = 0; n < labels.length; n++) if (labels[n] === p.name) labels[n] = q.name;
  const classifier = ({ row }: Cluster) => ({
    weight: weight.subarray(row * channels, (row + 1) * channels),
    bias: bias[row],
  });
  const svm = await trainer.train(labels, q.name, classifier(p), classifier(q));
  const row = state.rows++;
  weight.set(svm.weight, row * channels);
  bias[row] = svm.bias;
  confidence.delete(p.row);
  confidence.delete(q.row);
  confidence.add(row, confidenceMapOf(svm.scores));
  const { objective, gap } = svm;
  const size = p.size + q.size;
  const merged = { name: q.name, row, iou: iouOf(countOwn(svm.scores, labels, q.name), size), objective, gap, size };
  state.clusters = clusters.map((cluster, i) => (i === kept ? merged : cluster)).filter((_, i) => i !== removed);
}

/** IoUs that differ by more than this were not computed from the same features. */
const SAME_IOU = 1e-3;

/** The state at the last K of `tree`, recomputed so that what follows is what would have followed. */
async function restore(problem: SvmProblem, tree: MergeTree, options: KlishOptions): Promise<State> {
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
  const passes = await mapPass(state, k0);
  const sizes = classSizes(state.labels, k0);
  for (const [i, row] of last.members.entries()) {
    const name = names[i];
    let iou: number;
    if (row < k0) {
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

/** Pixels with s > 0, and those among them whose label is `own`. */
function countOwn(scores: Float32Array, labels: Uint16Array, own: number) {
  let predicted = 0;
  let truePositive = 0;
  for (let n = 0; n < labels.length; n++)
    if (scores[n] > 0) {
      predicted++;
      if (labels[n] === own) truePositive++;
    }
  return { predicted, truePositive };
}
