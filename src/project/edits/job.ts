import { availableParallelism } from "node:os";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { type TreeCut, treeOnPixels } from "../../cluster/tree/treeCut.ts";
import { applyTreeEdit, replayTreeEdits, type TreeEdit, transferTreeEdits } from "../../cluster/tree/treeEdits.ts";
import { predict } from "../../pixels/predict.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { loadTree, openProject, type Project } from "../cluster/project.ts";
import { ProjectError } from "../storage/files.ts";
import { lockFolder } from "../storage/lock.ts";
import { type EditCache, openEditCache, saveTrained } from "./cache.ts";
import { drawCut, type EditedCluster } from "./preview.ts";
import { type EditRecipe, editText, loadEdits, redoEdit, saveEdits, undoEdit, withEdits } from "./recipe.ts";

/** What to do to the edits of a project. */
export type EditAction =
  /** `k` is where edits begin; it starts again where there are some already. */
  | { readonly type: "do"; readonly k: number | null; readonly edits: readonly TreeEdit[] }
  | { readonly type: "undo" }
  | { readonly type: "redo" }
  | { readonly type: "list" }
  /** Carries over the edits of another project, clusters matched by IoU. */
  | { readonly type: "apply"; readonly from: string; readonly minIou: number };

export interface EditStepRequest {
  readonly project: string;
  readonly action: EditAction;
  readonly network: string | null;
  readonly provider: ProviderChoice;
  readonly threads: number | null;
}

export interface EditStepSummary {
  readonly project: string;
  readonly k: number;
  readonly edits: readonly string[];
  readonly undone: readonly string[];
  readonly clusters: readonly EditedCluster[];
  /** edits.png. */
  readonly preview: string;
  /** Edits of the other project that had no counterpart here, and why. */
  readonly skipped: readonly { readonly edit: string; readonly reason: string }[];
  /** Of the edit itself, without loading and drawing. */
  readonly milliseconds: number;
}

/** Edits the tree of a project in place: edits.json holds what was done, and edits.png shows the clusters. */
export async function editStepJob(request: EditStepRequest, job: JobOptions): Promise<EditStepSummary> {
  const { action } = request;
  const threads = request.threads ?? availableParallelism();
  const { project, tree } = await openClustered(request.project);
  const release = await lockFolder(project.folder);
  try {
    const before = await loadEdits(project);
    const cache = await openEditCache(project, tree, { ...request, threads, ...job });
    const small = treeOnPixels(tree, cache.labels);
    const known = cache.trained.size;
    const started = performance.now();
    const { recipe, cut, skipped = [] } = await edited({ project, small, cache, before, action });
    const milliseconds = performance.now() - started;
    if (cache.trained.size > known) await saveTrained(project, cache.trained);
    if (action.type !== "list") await saveEdits(project, recipe);
    const clusters = clustersOf(tree, cut);
    return {
      project: request.project,
      k: recipe.k,
      edits: recipe.edits.map(editText),
      undone: recipe.undone.map(editText),
      clusters,
      preview: await drawCut(project, cache, cut, clusters),
      skipped: skipped.map(({ edit, reason }) => ({ edit: editText(edit), reason })),
      milliseconds,
    };
  } finally {
    await release();
  }
}

async function openClustered(folder: string): Promise<{ project: Project; tree: MergeTree }> {
  const project = await openProject(folder);
  const tree = project.file.complete ? await loadTree(project) : undefined;
  if (tree === undefined)
    throw new ProjectError(`${folder}: the run is not finished. Continue it with: ${project.file.command}`);
  return { project, tree };
}

interface Editing {
  readonly project: Project;
  /** The tree over the pixels of the cache. */
  readonly small: MergeTree;
  readonly cache: EditCache;
  readonly before: EditRecipe | undefined;
  readonly action: EditAction;
}

interface Edited {
  readonly recipe: EditRecipe;
  readonly cut: TreeCut;
  readonly skipped?: readonly { readonly edit: TreeEdit; readonly reason: string }[];
}

async function edited({ project, small, cache, before, action }: Editing): Promise<Edited> {
  const { features, trained } = cache;
  const { tolerance } = project.file.settings;
  const options = { tolerance, trained };
  const replayed = async (recipe: EditRecipe): Promise<Edited> => ({
    recipe,
    cut: await replayTreeEdits(features, small, recipe, options),
  });
  if (action.type === "apply") {
    const { tree: source, recipe } = await otherEdits(project, action.from);
    // The pixels of two runs may differ; those of the sample get the start clusters that the other run's classifiers give them.
    const labels = await predict(features, source.classifierAt(source.initialClusters));
    const { minIou } = action;
    const found = await transferTreeEdits(features, treeOnPixels(source, labels), recipe, small, {
      minIou,
      ...options,
    });
    return { recipe: { ...found.recipe, undone: [] }, cut: found.cut, skipped: found.skipped };
  }
  const k = action.type === "do" ? action.k : null;
  const begun = k === null ? before : { k, edits: [], undone: [] };
  if (begun === undefined)
    throw new ProjectError(`${project.folder} has no edits yet. Begin with: klish edit do ${project.folder} --k <K> …`);
  if (action.type === "undo") return replayed(undoEdit(begun));
  if (action.type === "redo") return replayed(redoEdit(begun));
  if (action.type === "list") return replayed(begun);
  let { cut } = await replayed(begun);
  for (const edit of action.edits) cut = await applyTreeEdit(features, cut, edit, options);
  return { recipe: withEdits(begun, action.edits), cut };
}

/** Another project of the same generator and layers, and its edits. */
async function otherEdits(project: Project, from: string): Promise<{ tree: MergeTree; recipe: EditRecipe }> {
  const other = await openClustered(from);
  const recipe = await loadEdits(other.project);
  if (recipe === undefined) throw new ProjectError(`${from} has no edits to carry over.`);
  const [a, b] = [project.file.settings, other.project.file.settings];
  if (a.networkSha256 !== b.networkSha256 || a.layers.join() !== b.layers.join())
    throw new ProjectError(`${from} is of another generator or other layers: its clusters have no counterparts here.`);
  return { tree: other.tree, recipe };
}

function clustersOf(tree: MergeTree, { clusters }: TreeCut): EditedCluster[] {
  const { sizes } = tree.steps[0];
  return clusters.map(({ node, locked, name = null }) => ({
    name,
    locked,
    share: node.members.reduce((sum, member) => sum + sizes[member], 0) / tree.pixels,
    iou: node.iou,
    starts: node.members.length,
  }));
}
