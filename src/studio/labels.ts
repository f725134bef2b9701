/** Labels of a project: what `klish label` edits, by the ids that pages know. */
import type { z } from "zod";
import { clusterOf } from "../project/cluster/identity.ts";
import { takeApart } from "../project/labels/apart.ts";
import { carriedNames, carryLabels, IGNORED, type LostLabel } from "../project/labels/carry.ts";
import { openParts } from "../project/labels/parts.ts";
import {
  classIndex,
  edit,
  freshLabels,
  freshRecipe,
  idTexts,
  isFresh,
  type LabelAction,
  type LabelRecipe,
  redo,
  undo,
} from "../project/labels/recipe.ts";
import { changeRecipe, loadRecipe } from "../project/labels/recipeFile.ts";
import { brushRuns } from "../project/labels/strokes.ts";
import { classNamed, sparedBy } from "../project/labels/words.ts";
import type { editedLabels, Labels, labelEdit } from "./api.ts";
import { LABELS_FILE, revisionOf } from "./places/stamp.ts";
import { fileUrl } from "./places/workspace.ts";
import type { OpenedProject, OpenProject } from "./projects.ts";
import { takingTurns } from "./turns.ts";
import { Refusal } from "./web/refusal.ts";

/** The labels of all projects of a server. */
export interface LabelDesk {
  read(folder: string, at: string): Promise<Labels>;
  /** Edits that are made together. Throws Refusal where one cannot be, or the labels are others than `revision`; nothing is changed then. */
  edit(
    folder: string,
    at: string,
    edits: readonly z.output<typeof labelEdit>[],
    revision: string | undefined,
  ): Promise<z.output<typeof editedLabels>>;
}

/** Edits of one project take turns here, and with commands by the folder's lock. */
export function labelDesk(openProjects: OpenProject): LabelDesk {
  const inTurn = takingTurns();
  /** The labels that were read last, of each project: many tabs ask for the same. */
  const shown = new WeakMap<OpenedProject, Labels>();

  const read = async (folder: string, at: string): Promise<Labels> => {
    const opened = await openProjects(folder);
    // The file may change between the two: then what is read is newer than its revision, and an event will say so.
    const revision = await revisionOf(folder);
    const known = shown.get(opened);
    if (known?.revision === revision) return known;
    const recipe = (await loadRecipe(opened.project, opened.tree)) ?? begin(opened);
    const labels = view(opened, recipe, { at, revision });
    shown.set(opened, labels);
    return labels;
  };
  const change: LabelDesk["edit"] = async (folder, at, edits, revision) => {
    const opened = await openProjects(folder);
    const notes: string[] = [];
    const make = async (found: LabelRecipe | undefined): Promise<LabelRecipe> => {
      const before = await revisionOf(folder);
      if (revision !== undefined && revision !== before)
        throw new Refusal(409, "the labels were edited elsewhere meanwhile: look at them, and edit again.");
      let recipe = found ?? begin(opened);
      for (const one of edits)
        recipe =
          one.type === "undo"
            ? undo(recipe)
            : one.type === "redo"
              ? redo(recipe)
              : edit(recipe, actionOf(opened, recipe, one, notes));
      return recipe;
    };
    const { recipe } = await changeRecipe(opened.project, opened.tree, undefined, make);
    const after = await revisionOf(folder);
    const labels = view(opened, recipe, { at, revision: after });
    shown.set(opened, labels);
    return { labels, notes };
  };
  return { read, edit: (folder, ...rest) => inTurn(folder, () => change(folder, ...rest)) };
}

/** Labels of extractors that learned from masks: there to be seen, and edited by `klish label`. */
export const extractorLabels: LabelDesk = {
  async read(folder, at) {
    const revision = await revisionOf(folder);
    const { cuts } = await openParts(folder);
    const recipe = cuts && (await loadRecipe({ folder }, cuts));
    if (recipe === undefined) throw new Refusal(409, "this extractor has not learned yet: continue it first.");
    const { state } = recipe;
    return {
      ...{ at, revision, k: 0, classes: shownClasses(state, (cluster) => cluster), ignored: [...state.ignored] },
      ...{ strokes: 0, undo: null, redo: null, names: { classes: [], byK: [] } },
      fileUrl: revision === "" ? null : fileUrl(at, LABELS_FILE),
    };
  },
  async edit() {
    throw new Refusal(409, "labels of an extractor are edited in a terminal: klish label.");
  },
};

/** Labels that nobody edited: every cluster a class of its own, at the suggested K. */
const begin = ({ suggestedK: k, identity: { hierarchy, colors } }: OpenedProject): LabelRecipe =>
  freshRecipe(k, { ids: hierarchy.aliveAt(k), colors });

function actionOf(
  { project, tree, identity }: OpenedProject,
  recipe: LabelRecipe,
  one: Exclude<z.output<typeof labelEdit>, { type: "undo" | "redo" }>,
  notes: string[],
): LabelAction {
  const { state } = recipe;
  const named = (part: number): string => classNamed(identity, state, `#${part}`);
  const all = (parts: readonly number[]): string[] => [...new Set(parts.map(named))];
  switch (one.type) {
    case "cut": {
      const { k, fresh } = one;
      const carried = carryLabels(tree, identity, recipe, k);
      if (fresh) {
        const names = { ids: identity.hierarchy.aliveAt(k), colors: identity.colors };
        return { type: "recut", labels: freshLabels(k, names), fresh: true };
      }
      notes.push(...carried.lost.map(lostText));
      return carried.action;
    }
    case "name":
      return { type: "name", class: named(one.part), name: one.name };
    case "color":
      return { type: "color", class: named(one.part), color: one.color };
    case "merge":
      return { type: "merge", classes: all(one.parts), name: one.name };
    case "take": {
      const clusters = one.parts.map((part) => clusterOf(identity, state.k, part));
      return { type: "take", clusters, name: one.name, color: identity.colors[one.parts[0]] };
    }
    case "ignore":
      return { type: "ignore", classes: all(one.parts) };
    case "background":
      return { type: "background", class: one.part === null ? null : named(one.part) };
    case "split":
      return { type: "split", class: named(one.part), split: one.split };
    case "lock":
      return { type: "lock", class: named(one.part), locked: one.locked };
    case "apart":
      return takeApart(tree, identity, state, named(one.part));
    case "stroke": {
      const { seed, part, points, radius } = one;
      const ids = identity.hierarchy.aliveAt(state.k);
      const side = project.file.settings.resolution;
      const clusters =
        part === null ? null : state.classes[classIndex(state, named(part))].clusters.map((cluster) => ids[cluster]);
      const spared = sparedBy(identity, state);
      return { type: "stroke", seed, side, runs: brushRuns(points, radius, side), clusters, ...(spared && { spared }) };
    }
    case "add":
    case "remove":
      throw new Refusal(
        400,
        "classes are made of clusters here: name one, or take clusters into a class of their own.",
      );
  }
}

function lostText({ name, whole, share, into, backAt }: LostLabel): string {
  const holder = into.name === null || into.name.startsWith("#") ? "" : `, “${into.name}”`;
  const back = backAt === null ? "" : `; it comes back at K = ${backAt}`;
  return `“${name}”${whole ? "" : ", a part of it"} (${(100 * share).toFixed(1)} % of the pixels) is in #${into.id}${holder} at this K${back}.`;
}

interface Shown {
  readonly at: string;
  readonly revision: string;
}

function view({ tree, identity }: OpenedProject, recipe: LabelRecipe, { at, revision }: Shown): Labels {
  const { state, actions, undone = [] } = recipe;
  const ids = identity.hierarchy.aliveAt(state.k);
  const names = carriedNames(tree, recipe);
  const index = new Map(names.classes.map(({ name }, i) => [name, i]));
  return {
    ...{ at, revision, k: state.k },
    classes: shownClasses(state, (cluster) => ids[cluster]),
    ignored: state.ignored.map((cluster) => ids[cluster]),
    strokes: state.strokes?.length ?? 0,
    undo: actions.length === 0 ? null : actionText(actions[actions.length - 1]),
    redo: undone.length === 0 ? null : actionText(undone[0]),
    names: {
      classes: names.classes.map(({ name, color }) => ({ name, color })),
      byK: names.at.map(({ k, names: called }) => ({
        k,
        of: called.map((name) => (name === null ? -1 : name === IGNORED ? -2 : (index.get(name) ?? -1))),
      })),
    },
    fileUrl: revision === "" ? null : fileUrl(at, LABELS_FILE),
  };
}

function shownClasses({ classes }: LabelRecipe["state"], idOf: (cluster: number) => number): Labels["classes"] {
  const maskIds = idTexts(classes);
  return classes.map((c, i) => ({
    ...{ name: c.name, named: !isFresh(c), color: c.color, parts: c.clusters.map(idOf) },
    ...{ background: c.background, split: c.split, locked: c.locked === true, maskIds: maskIds[i], painted: null },
  }));
}

/** A name in a sentence. */
export const quoted = (name: string): string => `“${name}”`;

/** An edit in words. */
function actionText(action: LabelAction): string {
  switch (action.type) {
    case "recut":
      return `K = ${action.labels.k}${action.fresh ? ", afresh" : ""}`;
    case "cut":
      return `K = ${action.k}`;
    case "name":
      return `name ${quoted(action.class)} ${quoted(action.name)}`;
    case "color":
      return `colour of ${quoted(action.class)}`;
    case "merge":
      return `merge ${action.classes.map(quoted).join(", ")}`;
    case "take":
      return `into ${quoted(action.name)}`;
    case "ignore":
      return `ignore ${action.classes.map(quoted).join(", ")}`;
    case "background":
      return action.class === null ? "no background" : `${quoted(action.class)} is the background`;
    case "split":
      return `${action.split === null ? "make whole" : "split"} ${quoted(action.class)}`;
    case "lock":
      return `${action.locked ? "lock" : "unlock"} ${quoted(action.class)}`;
    case "apart":
      return `take ${quoted(action.class)} apart`;
    case "stroke":
      return action.clusters === null ? "take a stroke back" : "stroke";
  }
}
