/**
 * Cuts through a merge tree that need not be at one K: people split a cluster back along the tree, join two that the tree keeps
 * apart, and lock what is right. A cut is plain data and never changes; every edit gives a new one, so that undo is the one before.
 *
 * A merge changes one SVM of one-vs-rest only, and no other depends on when it was made. So a node of the tree keeps its classifier in
 * any cut: splits are free, and a new merge trains one SVM.
 */

import { checkLabels, classSizes, iouOf } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { svmPlan } from "../svm/svmPlan.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE, SvmProblem } from "../svm/svmProblem.ts";
import { trainMerged } from "../svm/trainMerged.ts";
import { clusterNamesAt, type MergeRecord, type MergeTree, mergeTree } from "./mergeTree.ts";

/** A start cluster, or two nodes merged. */
export interface TreeNode {
  /** Its id, and its place in the order: a start cluster's own, or that of the part which absorbed the other. */
  readonly name: number;
  /** The start clusters that it holds. */
  readonly members: readonly number[];
  /** What it was merged from, that which kept its place first; null for a start cluster. */
  readonly parts: readonly [TreeNode, TreeNode] | null;
  /** [D]. */
  readonly weight: Float32Array;
  readonly bias: number;
  /** As in `MergeRecord`. */
  readonly iou: number;
  readonly objective: number;
  readonly gap: number;
  readonly size: number;
  /** The similarity at which the parts were merged; 0 for start clusters and merges by hand. */
  readonly ecos: number;
}

/** A cluster of a cut: its node of the tree, and what a person said of it. */
export interface CutCluster {
  readonly node: TreeNode;
  /** A locked cluster is neither merged, nor split, nor cut again. */
  readonly locked: boolean;
  /** What a person calls it; a union goes on under the first one's name. */
  readonly name?: string;
}

/** Clusters that hold every start cluster once, ordered by id: at one K this is the order of the tree. */
export interface TreeCut {
  readonly tree: MergeTree;
  readonly clusters: readonly CutCluster[];
  /** What each start cluster was last called, [K0], so that a name comes back where the cut tells it apart again. Absent: nothing. */
  readonly called?: readonly (string | undefined)[];
}

/** The tree's clusters at `k`, nothing locked. Throws RangeError where the tree has no such K. */
export function cutTreeAt(tree: MergeTree, k: number): TreeCut {
  return makeCut(
    tree,
    nodesAt(tree, k).map((node) => ({ node, locked: false })),
  );
}

/**
 * Another K for what is not locked: the tree's clusters at `k`, those that hold a part of a locked cluster split until they do not. A
 * cluster is called as most of its pixels were last called.
 */
export function recut(cut: TreeCut, k: number): TreeCut {
  const { tree, clusters, called } = cut;
  const locked = clusters.filter((cluster) => cluster.locked);
  const taken = new Set(locked.flatMap(({ node }) => node.members));
  const free = (node: TreeNode): TreeNode[] => {
    const inside = node.members.filter((member) => taken.has(member)).length;
    if (inside === 0) return [node];
    if (inside === node.members.length || node.parts === null) return [];
    return node.parts.flatMap(free);
  };
  const others = nodesAt(tree, k).flatMap(free);
  return makeCut(
    tree,
    [...locked, ...others.map((node) => withName({ node, locked: false }, nameOf(cut, node)))],
    called,
  );
}

/** What most of a node's pixels were last called. */
function nameOf({ tree, called }: TreeCut, { members }: TreeNode): string | undefined {
  if (called === undefined) return undefined;
  const weights = new Map<string | undefined, number>();
  for (const leaf of members) weights.set(called[leaf], (weights.get(called[leaf]) ?? 0) + tree.steps[0].sizes[leaf]);
  return [...weights].reduce((best, other) => (other[1] > best[1] ? other : best))[0];
}

/** The cluster under another name; without one where it is undefined. */
function withName({ name: _, ...cluster }: CutCluster, name: string | undefined): CutCluster {
  return name === undefined ? cluster : { ...cluster, name };
}

/**
 * The cluster taken apart into what was merged into it last; the larger part keeps its name. Throws RangeError for a start cluster, or a
 * locked one.
 */
export function splitCluster(cut: TreeCut, index: number): TreeCut {
  const { node, name } = freeCluster(cut, index);
  if (node.parts === null) throw new RangeError(`#${node.name} is one of the start clusters: it has no parts`);
  const [first, second] = node.parts;
  const heir = second.size > first.size ? second : first;
  const parts = node.parts.map((part) => withName({ node: part, locked: false }, part === heir ? name : undefined));
  const others = cut.clusters.filter((_, i) => i !== index);
  const lost = new Set(node.parts.filter((part) => part !== heir).flatMap(({ members }) => members));
  return makeCut(
    cut.tree,
    [...others, ...parts],
    cut.called?.map((m, leaf) => (lost.has(leaf) && m === name ? undefined : m)),
  );
}

/** Locks a cluster, or unlocks it. */
export function lockCluster(cut: TreeCut, index: number, locked = true): TreeCut {
  const cluster = clusterOf(cut, index);
  return { ...cut, clusters: cut.clusters.map((other) => (other === cluster ? { ...cluster, locked } : other)) };
}

/** Gives a cluster a name; an empty one takes it away. What is called otherwise at a finer cut keeps that name there. */
export function nameCluster(cut: TreeCut, index: number, name: string): TreeCut {
  const { tree, clusters, called = new Array<undefined>(tree.initialClusters).fill(undefined) } = cut;
  const cluster = clusterOf(cut, index);
  const given = name === "" ? undefined : name;
  const members = new Set(cluster.node.members);
  return {
    tree,
    clusters: clusters.map((other) => (other === cluster ? withName(cluster, given) : other)),
    called: called.map((m, leaf) => (members.has(leaf) && m === cluster.name ? given : m)),
  };
}

/** What the training of a merge found. */
export type TrainedMerge = Pick<TreeNode, "weight" | "bias" | "iou" | "objective" | "gap">;

/** How the SVM of a merge by hand is trained. */
export interface MergeClustersOptions {
  /** As for `klish`. */
  readonly C?: number;
  readonly tolerance?: number;
  /** Merges trained before, by `mergeKey`: they are not trained again, and those that are trained are added. */
  readonly trained?: Map<string, TrainedMerge>;
}

/** Names a union of start clusters of one tree. */
export const mergeKey = (members: readonly number[]): string => members.join();

/**
 * Two clusters as one. Where the tree has a cluster of the same pixels it is taken from there; else one SVM is trained, for which `features` must be
 * those that the tree was made from. Throws RangeError where a cluster is locked, both are the same, or they are the last two.
 */
export async function mergeClusters(
  features: Pixels,
  cut: TreeCut,
  first: number,
  second: number,
  { C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE, trained = new Map() }: MergeClustersOptions = {},
): Promise<TreeCut> {
  const { tree, clusters } = cut;
  const kept = freeCluster(cut, first);
  const removed = freeCluster(cut, second);
  if (kept === removed) throw new RangeError(`#${kept.node.name} cannot be merged with itself`);
  if (clusters.length === 2)
    throw new RangeError("these are the last two clusters: merging them would leave a single one");
  if (features.pixels !== tree.pixels || features.channels !== tree.channels)
    throw new RangeError(
      `the tree is of ${tree.pixels} pixels and ${tree.channels} channels, the features have ${features.pixels} and ${features.channels}`,
    );
  const others = clusters.filter((cluster) => cluster !== kept && cluster !== removed);
  // The SVM of a set of pixels is the same however the set came about.
  const key = memberKey(joined(kept.node, removed.node));
  const known = nodesOf(tree).find((candidate) => memberKey(candidate) === key);
  const node = known ?? (await mergedNode(features, cut, kept.node, removed.node, { C, tolerance, trained }));
  const { name = removed.name } = kept;
  // Under one name from now on: also at finer cuts.
  const members = new Set(node.members);
  const called = cut.called?.map((m, leaf) =>
    members.has(leaf) && (m === kept.name || m === removed.name) ? name : m,
  );
  return makeCut(tree, [...others, withName({ node, locked: false }, name)], called);
}

async function mergedNode(
  features: Pixels,
  cut: TreeCut,
  kept: TreeNode,
  removed: TreeNode,
  { C, tolerance, trained }: Required<MergeClustersOptions>,
): Promise<TreeNode> {
  const base = joined(kept, removed);
  const size = kept.size + removed.size;
  const before = trained.get(mergeKey(base.members));
  if (before !== undefined) return { ...base, ...before, size, ecos: 0 };
  const own = cut.clusters.findIndex(({ node }) => node === kept);
  const gone = cut.clusters.findIndex(({ node }) => node === removed);
  const members = cutLabels(cut).map((label) => (label === gone || label === own ? 1 : 0));
  const problem = new SvmProblem(features, C, tolerance);
  const svm = await trainMerged(problem, members, removed, kept, svmPlan(features));
  const { weight, bias, objective, gap } = svm;
  const found = { weight, bias, iou: iouOf(svm, size), objective, gap };
  trained.set(mergeKey(base.members), found);
  return { ...base, ...found, size, ecos: 0 };
}

/**
 * The same merges and classifiers over other pixels, given by their start clusters in [0, K0): a sample of those that were clustered,
 * or those of another run. Sizes are counted again; IoU and objectives stay those of the tree's own pixels.
 */
export function treeOnPixels(tree: MergeTree, labels: ArrayLike<number>): MergeTree {
  const { initialClusters: k0 } = tree;
  const initialLabels = checkLabels("treeOnPixels", labels, labels.length, k0);
  let sizes = classSizes(initialLabels, k0);
  const steps = tree.steps.map((step): MergeRecord => {
    const now = sizes;
    const { kept, removed } = step;
    sizes = now.map((size, i) => (i === kept ? size + now[removed] : size)).filter((_, i) => i !== removed);
    const { k, members, iou, objective, gap, ecos } = step;
    return { k, members, iou, objective, gap, sizes: now, kept, removed, ecos };
  });
  return mergeTree({ ...tree, pixels: labels.length, initialLabels, steps });
}

/** The cluster of every pixel by the merged start labels, an index into the cut. */
export function cutLabels({ tree, clusters }: TreeCut): Uint16Array {
  const index = new Uint16Array(tree.initialClusters);
  for (const [i, { node }] of clusters.entries()) for (const member of node.members) index[member] = i;
  return tree.initialLabels.map((label) => index[label]);
}

/** The classifiers of the cut: it labels pixels that were not clustered. */
export function cutClassifier({ tree, clusters }: TreeCut): LinearClassifier {
  const { channels } = tree;
  const weight = new Float32Array(clusters.length * channels);
  for (const [i, { node }] of clusters.entries()) weight.set(node.weight, i * channels);
  return { k: clusters.length, channels, weight, bias: Float32Array.from(clusters, ({ node }) => node.bias) };
}

/**
 * A merge tree from K0 down to the cut: the same merges in an order that leads there, those by hand last. At its last K it is the
 * cut, in the same order; everything that takes a tree takes it. (The merge that its last step names is none that was chosen.)
 */
export function treeThrough({ tree, clusters }: TreeCut): MergeTree {
  const { initialClusters: k0, channels } = tree;
  const nodes = nodesOf(tree);
  const original = new Map(nodes.map((node, row) => [memberKey(node), row]));
  const merges = clusters.flatMap(({ node }) => innerNodes(node));
  const order = (node: TreeNode): number => original.get(memberKey(node)) ?? nodes.length;
  merges.sort((a, b) => order(a) - order(b));
  const rows = [...nodes.slice(0, k0), ...merges];
  const rowOf = new Map(rows.map((node, row) => [memberKey(node), row]));
  let present: TreeNode[] = nodes.slice(0, k0);
  const steps: MergeRecord[] = [];
  const place = (node: TreeNode): number => present.findIndex((other) => other.name === node.name);
  for (let step = 0; step <= merges.length; step++) {
    const parts = merges[step]?.parts;
    const [kept, removed] = parts ? [place(parts[0]), place(parts[1])] : [0, 1];
    const column = (value: (node: TreeNode) => number) => Float64Array.from(present, value);
    steps.push({
      k: present.length,
      members: Int32Array.from(present, (node) => rowOf.get(memberKey(node)) as number),
      iou: column((node) => node.iou),
      objective: column((node) => node.objective),
      gap: column((node) => node.gap),
      sizes: column((node) => node.size),
      kept,
      removed,
      ecos: merges[step]?.ecos ?? 0,
    });
    present = present.map((node, i) => (parts && i === kept ? merges[step] : node)).filter((_, i) => i !== removed);
  }
  const weight = new Float32Array(rows.length * channels);
  for (const [row, node] of rows.entries()) weight.set(node.weight, row * channels);
  return mergeTree({ ...tree, weight, bias: Float32Array.from(rows, (node) => node.bias), steps });
}

/** The nodes merged within `node`, itself included, parts before wholes. */
function innerNodes(node: TreeNode): TreeNode[] {
  return node.parts === null ? [] : [...node.parts.flatMap(innerNodes), node];
}

/** Every node of the tree, by its row. */
function nodesOf(tree: MergeTree): TreeNode[] {
  const { channels, initialClusters: k0, steps } = tree;
  const node = (row: number, step: MergeRecord, base: Pick<TreeNode, "name" | "members" | "parts">, ecos: number) => {
    const at = step.members.indexOf(row);
    return {
      ...base,
      weight: tree.weight.subarray(row * channels, (row + 1) * channels),
      bias: tree.bias[row],
      iou: step.iou[at],
      objective: step.objective[at],
      gap: step.gap[at],
      size: step.sizes[at],
      ecos,
    };
  };
  const nodes = Array.from(
    { length: k0 },
    (_, row): TreeNode => node(row, steps[0], { name: row, members: [row], parts: null }, 0),
  );
  for (const [i, { members, kept, removed, ecos }] of steps.slice(0, -1).entries())
    nodes.push(node(k0 + i, steps[i + 1], joined(nodes[members[kept]], nodes[members[removed]]), ecos));
  return nodes;
}

function joined(kept: TreeNode, removed: TreeNode): Pick<TreeNode, "name" | "members" | "parts"> {
  return { name: kept.name, members: ascending([...kept.members, ...removed.members]), parts: [kept, removed] };
}

function nodesAt(tree: MergeTree, k: number): TreeNode[] {
  clusterNamesAt(tree, k); // says which K there are
  const nodes = nodesOf(tree);
  const step = tree.steps[tree.initialClusters - k];
  return Array.from(step.members, (row) => nodes[row]);
}

const ascending = (members: readonly number[]): number[] => [...members].sort((a, b) => a - b);
const memberKey = ({ members }: Pick<TreeNode, "members">): string => mergeKey(members);

function makeCut(tree: MergeTree, clusters: readonly CutCluster[], called?: TreeCut["called"]): TreeCut {
  const sorted = [...clusters].sort((a, b) => a.node.name - b.node.name);
  return { tree, clusters: sorted, ...(called === undefined ? {} : { called }) };
}

function clusterOf({ clusters }: TreeCut, index: number): CutCluster {
  const cluster = clusters[index];
  if (cluster === undefined)
    throw new RangeError(`there is no cluster ${index}: the cut has ${clusters.length}, 0 to ${clusters.length - 1}`);
  return cluster;
}

function freeCluster(cut: TreeCut, index: number): CutCluster {
  const cluster = clusterOf(cut, index);
  if (cluster.locked) throw new RangeError(`#${cluster.node.name} is locked; unlock it first`);
  return cluster;
}
