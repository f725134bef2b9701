import { z } from "zod";
import type { TreeEdit } from "../../cluster/tree/treeEdits.ts";
import { plainName } from "../../text/escape.ts";
import { pathIn, treeHash } from "../cluster/project.ts";
import { ProjectError } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { saveUntold } from "../storage/untold.ts";

/**
 * How a project's tree was edited: a K, and what was done to its clusters since. Small, and all that the edited clusters depend on
 * beside the tree.
 */
const cluster = z.int().min(0);
/** An edit of a tree, as JSON. */
export const treeEdit = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("cut"), k: z.int().min(2) }),
  z.strictObject({ type: z.literal("split"), cluster }),
  z.strictObject({ type: z.literal("merge"), clusters: z.tuple([cluster, cluster]).readonly() }),
  z.strictObject({ type: z.literal("lock"), cluster, locked: z.boolean() }),
  z.strictObject({ type: z.literal("name"), cluster, name: z.string().overwrite(plainName).max(80) }),
]);

const recipeFile = z.strictObject({
  klish: z.literal("edits"),
  version: z.literal(1),
  /** SHA-256 of tree.safetensors. */
  tree: z.string(),
  k: z.int().min(2),
  edits: z.array(treeEdit),
  /** What was undone, the last one first; a new edit forgets it. */
  undone: z.array(treeEdit),
});

export interface EditRecipe {
  readonly k: number;
  readonly edits: readonly TreeEdit[];
  readonly undone: readonly TreeEdit[];
}

export const editsPath = (project: { readonly folder: string }): string => pathIn(project, "edits.json");

/** The edits of a project; undefined where there are none. Throws ProjectError when they are damaged, or of another tree. */
export async function loadEdits(project: { readonly folder: string }): Promise<EditRecipe | undefined> {
  const path = editsPath(project);
  const found = await readJsonFile(path, recipeFile, {
    what: "edits",
    remedy: "Restore it, or delete it to start again.",
  });
  if (found === undefined) return undefined;
  if (found.tree !== (await treeHash(project)))
    throw new ProjectError(`${path} edits another tree than the project has now. Delete it to start again.`);
  const { k, edits, undone } = found;
  return { k, edits, undone };
}

/** Saves the edits that a request led to; see storage/untold. */
export async function saveEdits(
  project: { readonly folder: string },
  recipe: EditRecipe,
  request: unknown,
): Promise<void> {
  const content = { klish: "edits", version: 1, tree: await treeHash(project), ...recipe };
  await saveUntold(editsPath(project), `${JSON.stringify(content, null, 1)}\n`, request);
}

/** The recipe after further edits; what was undone before is forgotten. */
export function withEdits({ k, edits }: EditRecipe, more: readonly TreeEdit[]): EditRecipe {
  return { k, edits: [...edits, ...more], undone: [] };
}

/** The recipe without its last edit. Throws ProjectError when there is none. */
export function undoEdit({ k, edits, undone }: EditRecipe): EditRecipe {
  const last = edits.at(-1);
  if (last === undefined) throw new ProjectError("nothing to undo: there are no edits.");
  return { k, edits: edits.slice(0, -1), undone: [last, ...undone] };
}

/** The recipe with the edit that was undone last. Throws ProjectError when there is none. */
export function redoEdit({ k, edits, undone }: EditRecipe): EditRecipe {
  const [next, ...rest] = undone;
  if (next === undefined) throw new ProjectError("nothing to redo: nothing was undone since the last edit.");
  return { k, edits: [...edits, next], undone: rest };
}

/** The edit with other numbers for its clusters. */
export function withClusters(edit: TreeEdit, number: (cluster: number) => number): TreeEdit {
  switch (edit.type) {
    case "cut":
      return edit;
    case "merge":
      return { ...edit, clusters: [number(edit.clusters[0]), number(edit.clusters[1])] };
    default:
      return { ...edit, cluster: number(edit.cluster) };
  }
}

/** An edit of clusters by id, as it is written on the command line. */
export function editText(edit: TreeEdit): string {
  switch (edit.type) {
    case "cut":
      return `cut ${edit.k}`;
    case "split":
      return `split ${edit.cluster}`;
    case "merge":
      return `merge ${edit.clusters.join(" ")}`;
    case "lock":
      return `${edit.locked ? "lock" : "unlock"} ${edit.cluster}`;
    case "name":
      return `name ${edit.cluster} ${JSON.stringify(edit.name)}`;
  }
}
