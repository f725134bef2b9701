import { createHash } from "node:crypto";
import { z } from "zod";
import { MOST_CLASSES } from "../../dataset/labelMap.ts";
import { modelBytes } from "../../models/pixelModel.ts";
import { pathIn } from "../cluster/project.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { withLock } from "../storage/lock.ts";
import { savedBefore, saveUntold, told } from "../storage/untold.ts";
import type { Cuts, Parts } from "./parts.ts";
import { type LabelAction, type LabelRecipe, type LabelState, labelAction, labelState, replay } from "./recipe.ts";

const FILE = "labels.json";

const recipeFile = z.strictObject({
  klish: z.literal("labels"),
  version: z.literal(1),
  labels: labelState,
  history: z.strictObject({
    base: z.union([z.int().min(2).max(MOST_CLASSES), labelState]),
    actions: z.array(labelAction),
    undone: z.array(labelAction).min(1).optional(),
  }),
});

/** Where a project has its labels. */
const labelsFile = (project: Pick<Parts, "folder">): string => pathIn(project, FILE);

/**
 * The project's labels, or others for it at `path`; undefined where there are none. Throws ProjectError when the file is damaged
 * or does not fit the tree.
 */
export async function loadRecipe(
  project: Pick<Parts, "folder">,
  tree: Cuts,
  path = labelsFile(project),
): Promise<LabelRecipe | undefined> {
  const found = await readJsonFile(path, recipeFile, {
    what: "labels",
    remedy: "Restore it, or delete it to start again.",
  });
  if (found === undefined) return undefined;
  const { labels, history } = found;
  checkCut(tree, labels.k);
  const replayed = replayOrNothing(history.base, history.actions);
  // A file edited by hand stands by what it says; its history begins there.
  if (replayed === undefined || JSON.stringify(replayed.state) !== JSON.stringify(labels))
    return { state: labels, base: labels, actions: [] };
  return { ...replayed, ...(history.undone && { undone: history.undone }) };
}

function replayOrNothing(base: number | LabelState, actions: readonly LabelAction[]): LabelRecipe | undefined {
  try {
    return replay(base, actions);
  } catch (error) {
    if (error instanceof ProjectError) return undefined;
    throw error;
  }
}

/** Writes the labels of a project, or those of another file. */
export const saveRecipe = (
  project: Pick<Parts, "folder">,
  recipe: LabelRecipe,
  path = labelsFile(project),
): Promise<void> => writeAtomic(path, textOf(recipe));

function textOf({ state, base, actions, undone = [] }: LabelRecipe): string {
  const history = { base, actions, ...(undone.length > 0 && { undone }) };
  const content = { klish: "labels", version: 1, labels: state, history };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/** Edits of labels that are made at once take turns. */
export const LABEL_WAIT_SECONDS = 30;

export interface ChangedRecipe {
  readonly recipe: LabelRecipe;
  /** The same request was saved before it was killed: nothing was changed now. */
  readonly repeated: boolean;
  /** To be called when the user has been told. */
  told(): Promise<void>;
}

/**
 * Makes other labels of a project's, or of those at `path`, while nobody else does. `request` is what the user asked for; undefined where
 * whoever asks sees for himself what was done, and would ask for something else. Throws ProjectError where the project stays in use, and what `make` throws.
 */
export async function changeRecipe(
  project: Pick<Parts, "folder">,
  tree: Cuts,
  request: unknown,
  make: (before: LabelRecipe | undefined) => LabelRecipe | Promise<LabelRecipe>,
  path = labelsFile(project),
): Promise<ChangedRecipe> {
  return withLock(
    project.folder,
    async () => {
      const before = await loadRecipe(project, tree, path);
      if (request === undefined) {
        const recipe = await make(before);
        await writeAtomic(path, textOf(recipe));
        return { recipe, repeated: false, told: async () => undefined };
      }
      const repeated = before !== undefined && (await savedBefore(path, request));
      const recipe = repeated ? before : await make(before);
      if (!repeated) await saveUntold(path, textOf(recipe), request);
      return { recipe, repeated, told: () => told(path) };
    },
    { waitSeconds: LABEL_WAIT_SECONDS },
  );
}

/** Throws ProjectError where the tree has no such K. */
export function checkCut(tree: Cuts, k: number): void {
  if (tree.steps.some((step) => step.k === k)) return;
  throw new ProjectError(`the project has no K = ${k}; it holds ${tree.steps.at(-1)?.k} to ${tree.initialClusters}.`);
}

/** What masks depend on apart from the generator: the labels and the classifiers of their K. SHA-256, hexadecimal. */
export function recipeHash(state: LabelState, tree: Cuts): string {
  // Locks say what may be edited, not what masks hold.
  const classes = state.classes.map(({ locked: _, ...shown }) => shown);
  const hash = createHash("sha256").update(JSON.stringify({ ...state, classes }));
  for (const bytes of modelBytes(tree.classifierAt(state.k))) hash.update(bytes);
  return hash.digest("hex");
}
