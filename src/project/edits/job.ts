import { availableParallelism } from "node:os";
import type { z } from "zod";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { cutTreeAt, recut, type TrainedMerge, type TreeCut, treeOnPixels } from "../../cluster/tree/treeCut.ts";
import { applyTreeEdit, type TreeEdit, transferTreeEdits } from "../../cluster/tree/treeEdits.ts";
import type { HexColor } from "../../dataset/labelMap.ts";
import { predict } from "../../pixels/predict.ts";
import { clusterIdentity, clusterIndex } from "../cluster/identity.ts";
import { loadTree, openProject, type Project } from "../cluster/project.ts";
import { suggestedK } from "../report/suggestedK.ts";
import { defineJob } from "../requests/request.ts";
import { type EditCache, openEditCache, saveTrained } from "../sampling/editCache.ts";
import { ProjectError } from "../storage/files.ts";
import { withLock } from "../storage/lock.ts";
import { SAVED_BEFORE, savedBefore, told } from "../storage/untold.ts";
import { type editAction, editStepRequest } from "./options.ts";
import { drawCut, type EditedCluster } from "./preview.ts";
import {
  type EditRecipe,
  editsPath,
  editText,
  loadEdits,
  redoEdit,
  saveEdits,
  undoEdit,
  withClusters,
  withEdits,
} from "./recipe.ts";

export interface EditStepSummary {
  readonly project: string;
  readonly k: number;
  readonly edits: readonly string[];
  readonly undone: readonly string[];
  /** What became of names, and of an edit that was made before, in sentences. */
  readonly notes: readonly string[];
  readonly clusters: readonly EditedCluster[];
  /** edits.png. */
  readonly preview: string;
  /** Edits of the other project that had no counterpart here, and why. */
  readonly skipped: readonly { readonly edit: string; readonly reason: string }[];
  /** Of the edit itself, without loading and drawing. */
  readonly milliseconds: number;
}

/** Edits the tree of a project in place: edits.json holds what was done, and edits.png shows the clusters. */
export const editStepJob = defineJob(editStepRequest, async (request, job): Promise<EditStepSummary> => {
  const threads = request.threads ?? availableParallelism();
  await openProject(request.project);
  return withLock(request.project, async () => {
    const { project, tree } = await openClustered(request.project);
    const before = await loadEdits(project);
    const repeated = await savedBefore(editsPath(project), request.action);
    const action: z.output<typeof editAction> = repeated ? { type: "list" } : request.action;
    const cache = await openEditCache(project, tree, { ...request, threads, ...job });
    const small = treeOnPixels(tree, cache.labels);
    const known = cache.trained.size;
    const started = performance.now();
    const {
      recipe,
      cut,
      texts,
      undone,
      notes,
      skipped = [],
    } = await edited({ project, tree, small, cache, before, action });
    const milliseconds = performance.now() - started;
    if (cache.trained.size > known) await saveTrained(project, cache.trained);
    if (action.type !== "list") await saveEdits(project, recipe, action);
    const { colors } = await clusterIdentity(project, tree);
    const clusters = clustersOf(tree, cut, colors);
    const preview = await drawCut(project, cache, cut, clusters);
    if (request.action.type !== "list" && !request.tellsItself) await told(editsPath(project));
    return {
      project: request.project,
      k: recipe.k,
      edits: texts,
      undone,
      notes: [...(repeated ? [SAVED_BEFORE] : []), ...notes],
      clusters,
      preview,
      skipped,
      milliseconds,
    };
  });
});

/** A finished project and its tree. Throws ProjectError where the run is not finished. */
export async function openClustered(folder: string): Promise<{ project: Project; tree: MergeTree }> {
  const project = await openProject(folder);
  const tree = project.file.complete ? await loadTree(project) : undefined;
  if (tree === undefined)
    throw new ProjectError(`${folder}: the run is not finished. Continue it with: ${project.file.command}`);
  return { project, tree };
}

interface Editing {
  readonly project: Project;
  readonly tree: MergeTree;
  /** The tree over the pixels of the cache. */
  readonly small: MergeTree;
  readonly cache: EditCache;
  readonly before: EditRecipe | undefined;
  readonly action: z.output<typeof editAction>;
}

interface Edited {
  readonly recipe: EditRecipe;
  readonly cut: TreeCut;
  /** The edits, and what was undone, with clusters by id. */
  readonly texts: readonly string[];
  readonly undone: readonly string[];
  readonly notes: readonly string[];
  readonly skipped?: EditStepSummary["skipped"];
}

/** The cut after each of `edits` in turn, what they were in ids, and what they did to names. */
interface Followed {
  readonly cut: TreeCut;
  readonly texts: readonly string[];
  readonly notes: readonly string[];
}

async function edited({ project, tree, small, cache, before, action }: Editing): Promise<Edited> {
  const { features, trained } = cache;
  const { tolerance } = project.file.settings;
  const options = { tolerance, trained };
  const follow = async (from: TreeCut, edits: readonly TreeEdit[], known = trained): Promise<Followed> => {
    let cut = from;
    const texts: string[] = [];
    const notes: string[] = [];
    for (const edit of edits) {
      texts.push(editText(withClusters(edit, idIn(cut))));
      const next = await applyTreeEdit(features, cut, edit, { tolerance, trained: known });
      notes.push(...namesChanged(cut, next, edit));
      cut = next;
    }
    return { cut, texts, notes };
  };
  const replayed = async (recipe: EditRecipe): Promise<Edited> => {
    const { cut, texts } = await follow(cutTreeAt(small, recipe.k), recipe.edits);
    const undone = (await follow(cut, recipe.undone)).texts;
    return { recipe, cut, texts, undone, notes: [] };
  };
  if (action.type === "apply") {
    const { tree: source, recipe } = await otherEdits(project, action.from);
    // The pixels of two runs may differ; those of the sample get the start clusters that the other run's classifiers give them.
    const labels = await predict(features, source.classifierAt(source.initialClusters));
    const { minIou } = action;
    const smallSource = treeOnPixels(source, labels);
    const trainedSource = new Map<string, TrainedMerge>();
    const found = await transferTreeEdits(features, smallSource, recipe, small, { minIou, trainedSource, ...options });
    const { texts } = await follow(cutTreeAt(smallSource, recipe.k), recipe.edits, trainedSource);
    const skipped = found.skipped.map(({ edit, reason }) => ({ edit: texts[recipe.edits.indexOf(edit)], reason }));
    return { ...(await replayed({ ...found.recipe, undone: [] })), skipped };
  }
  const begins = before === undefined && (action.type === "do" || action.type === "list");
  const k = (action.type === "do" ? action.k : null) ?? (begins ? await suggestedK(project, tree) : null);
  const begun = k === null ? before : { k, edits: [], undone: [] };
  if (begun === undefined)
    throw new ProjectError(`${project.folder} has no edits yet. Begin with: klish edit do ${project.folder} …`);
  if (action.type === "undo") return replayed(undoEdit(begun));
  if (action.type === "redo") return replayed(redoEdit(begun));
  if (action.type === "list") return replayed(begun);
  const start = await replayed(begun);
  let { cut } = start;
  const texts = [...start.texts];
  const notes: string[] = [];
  const done: TreeEdit[] = [];
  for (const byId of action.edits) {
    const edit = withClusters(byId, (id) => clusterIndex(ownersIn(cut), id));
    const next = await follow(cut, [edit]);
    done.push(edit);
    texts.push(...next.texts);
    notes.push(...next.notes);
    cut = next.cut;
  }
  return { recipe: withEdits(begun, done), cut, texts, undone: [], notes };
}

/** The id of the cluster at an index of the cut. */
const idIn =
  ({ clusters }: TreeCut) =>
  (index: number): number =>
    clusters[index]?.node.name ?? index;

/** The id of every start cluster's cluster, [K0]. */
function ownersIn({ tree, clusters }: TreeCut): Uint16Array {
  const owners = new Uint16Array(tree.initialClusters);
  for (const { node } of clusters) for (const member of node.members) owners[member] = node.name;
  return owners;
}

/** Which part keeps a name, which name a merge or another K leaves out; nothing where it is as anybody would expect. */
function namesChanged(before: TreeCut, after: TreeCut, edit: TreeEdit): string[] {
  if (edit.type === "split") {
    const { node, name } = before.clusters[edit.cluster];
    if (name === undefined) return [];
    const parts = after.clusters.filter((c) => c.node.members.every((member) => node.members.includes(member)));
    const heir = parts.find((part) => part.name === name);
    const others = parts.filter((part) => part !== heir).map((part) => `#${part.node.name}`);
    return [`"${name}" stays with #${heir?.node.name}, the larger part; ${others.join(", ")} has no name`];
  }
  if (edit.type === "merge") {
    const [kept, removed] = edit.clusters.map((cluster) => before.clusters[cluster]);
    if (removed.name === undefined || kept.name === undefined || kept.name === removed.name) return [];
    return [`"${removed.name}" is a part of "${kept.name}" now; undo brings it back`];
  }
  if (edit.type !== "cut") return [];
  const names = new Set(after.clusters.map(({ name }) => name));
  return before.clusters.flatMap(({ name, node }) => {
    if (name === undefined || names.has(name)) return [];
    const holder = after.clusters.find((c) => c.node.members.includes(node.members[0]));
    const holding = holder?.name === undefined ? "" : `, "${holder.name}"`;
    let k = edit.k + 1;
    while (k <= after.tree.initialClusters && !recut(after, k).clusters.some((c) => c.name === name)) k++;
    const back = k <= after.tree.initialClusters ? `; it comes back with: cut ${k}` : "";
    return [`at K = ${edit.k}, "${name}" is a part of #${holder?.node.name}${holding}${back}`];
  });
}

/** Another project of the same generator and layers, and its edits. */
async function otherEdits(project: Project, from: string): Promise<{ tree: MergeTree; recipe: EditRecipe }> {
  const other = await openClustered(from);
  const recipe = await loadEdits(other.project);
  if (recipe === undefined) throw new ProjectError(`${from} has no edits to carry over.`);
  sameFeatures(project, other.project);
  return { tree: other.tree, recipe };
}

/** Throws ProjectError where the features of `other` are not those of `project`. */
export function sameFeatures(project: Project, other: Project): void {
  const [a, b] = [project.file.settings, other.file.settings];
  if (a.networkSha256 !== b.networkSha256 || a.layers.join() !== b.layers.join())
    throw new ProjectError(
      `${other.folder} is of another generator or other layers: its clusters have no counterparts here.`,
    );
}

function clustersOf(tree: MergeTree, { clusters }: TreeCut, colors: readonly HexColor[]): EditedCluster[] {
  const { sizes } = tree.steps[0];
  return clusters.map(({ node, locked, name = null }) => ({
    id: node.name,
    color: colors[node.name],
    name,
    locked,
    share: node.members.reduce((sum, member) => sum + sizes[member], 0) / tree.pixels,
    iou: node.iou,
    starts: node.members.length,
  }));
}
