/**
 * Labels at another K. A name belongs to the start clusters that it was given to: what one K is too coarse to show is not forgotten, and
 * comes back at a K that tells it apart again.
 */
import { clusterNamesAt, type MergeTree } from "../../cluster/tree/mergeTree.ts";
import { plainName } from "../../text/escape.ts";
import type { ClusterIdentity } from "../cluster/identity.ts";
import { ProjectError } from "../storage/files.ts";
import {
  classIndex,
  freshClass,
  isFresh,
  type LabelAction,
  type LabelClass,
  type LabelRecipe,
  type LabelState,
  replay,
} from "./recipe.ts";
import { checkCut } from "./recipeFile.ts";

/** A class, all of it or a part, that another one holds at the new K. */
export interface LostLabel {
  readonly name: string;
  /** Of the clustered pixels. */
  readonly share: number;
  /** Whether no cluster is called so any more. */
  readonly whole: boolean;
  /** The cluster, by its id, and the class that hold the most of it now; null for clusters that are ignored. */
  readonly into: { readonly id: number; readonly name: string | null };
  /** The next K at which everything that was named stands by itself again; null where the tree has none. */
  readonly backAt: number | null;
}

export interface CarriedLabels {
  readonly action: LabelAction;
  readonly lost: readonly LostLabel[];
}

/** What is called nothing, since masks ignore it. */
export const IGNORED = Symbol("ignored");
/** What a cluster was last called: a class, ignored, or nothing. */
type Memory = string | typeof IGNORED | null;

/** What every cluster is called at every K, and the classes that were ever named. */
export interface CarriedNames {
  readonly classes: readonly LabelClass[];
  /** By cluster, in the order of ids; null where nobody named it. */
  readonly at: readonly { readonly k: number; readonly names: readonly Memory[] }[];
}

/** Names at all K of the tree at once, descending, by the rule of `carryLabels`. */
export function carriedNames(tree: MergeTree, recipe: LabelRecipe): CarriedNames {
  const { memory, classes } = remember(tree, recipe);
  const used = new Set(memory.filter((m) => typeof m === "string"));
  return {
    classes: [...classes].flatMap(([name, c]) => (used.has(name) ? [{ ...c, name }] : [])),
    at:
      used.size === 0 && !memory.includes(IGNORED)
        ? []
        : tree.steps.map(({ k }) => ({ k, names: namesAt(tree, memory, k) })),
  };
}

/**
 * The labels of `recipe` at `k`: each cluster is called as most of its pixels were last called, at whatever K that was; where most were
 * never named it begins afresh. Throws ProjectError where the tree has no such K, or one that would change a locked class.
 */
export function carryLabels(tree: MergeTree, identity: ClusterIdentity, recipe: LabelRecipe, k: number): CarriedLabels {
  checkCut(tree, k);
  const { memory, classes, states } = remember(tree, recipe);
  const names = namesAt(tree, memory, k);
  checkLocks(tree, recipe.state, k, names);
  const ids = identity.hierarchy.aliveAt(k);
  const fresh = Array.from(ids, (id, c) => freshClass(c, id, identity.colors));
  // A class that is called like a cluster which nobody named is not told from it.
  const taken = new Set(fresh.filter((_, c) => names[c] === null).map(({ name }) => name));
  const held = new Map<string, number[]>();
  for (const [c, name] of names.entries())
    if (typeof name === "string" && !taken.has(name)) held.set(name, [...(held.get(name) ?? []), c]);
  const isHeld = new Set([...held.values()].flat());
  const labels: LabelState = {
    k,
    classes: inOrder(
      [
        ...[...held].map(([name, clusters]) => ({ ...classes.get(name)!, name, clusters })),
        ...fresh.filter((_, c) => !isHeld.has(c) && names[c] !== IGNORED),
      ],
      // Ids in masks are as they were when this K was last seen, or else as they are now.
      [states.findLast((state) => state.k === k), recipe.state],
    ),
    ignored: [...names.keys()].filter((c) => names[c] === IGNORED),
  };
  return { action: { type: "recut", labels, fresh: false }, lost: lostLabels(tree, identity, memory, k, names) };
}

/** Throws ProjectError where a locked class would hold more or less of the start clusters at another K. */
function checkLocks(tree: MergeTree, state: LabelState, k: number, names: readonly Memory[]): void {
  const [before, after] = [clusterNamesAt(tree, state.k), clusterNamesAt(tree, k)];
  const changed = state.classes.find(
    ({ locked, name, clusters }) =>
      locked && after.some((cluster, leaf) => (names[cluster] === name) !== clusters.includes(before[leaf])),
  );
  if (changed !== undefined)
    throw new ProjectError(`"${changed.name}" is locked, and K = ${k} would join it with others: unlock it first.`);
}

interface Remembered {
  readonly memory: readonly Memory[];
  /** Colour, background and split of every class that ever was, as they were last. */
  readonly classes: ReadonlyMap<string, LabelClass>;
  readonly states: readonly LabelState[];
}

/** Follows the recipe from its beginning. */
function remember(tree: MergeTree, { base, actions }: LabelRecipe): Remembered {
  let { state } = replay(base, []);
  let memory: readonly Memory[] = memoryOf(tree, state);
  const classes = new Map(state.classes.map((c) => [c.name, c]));
  const states = [state];
  for (const action of actions) {
    const before = state;
    const of = (word: string): LabelClass => before.classes[classIndex(before, word)];
    /** All that is called like the class, also what sleeps in other clusters; of a class that nobody named, what was never named. */
    const rename = (c: LabelClass, name: Memory): void => {
      if (isFresh(c)) memory = renamed(tree, memory, before, (cluster) => c.clusters.includes(cluster), name);
      memory = memory.map((m) => (m === c.name ? name : m));
    };
    state = replay(before, [action]).state;
    states.push(state);
    switch (action.type) {
      case "name":
        rename(of(action.class), plainName(action.name));
        break;
      case "merge": {
        const name = action.name === null ? of(action.classes[0]).name : plainName(action.name);
        for (const word of action.classes) rename(of(word), name);
        break;
      }
      case "take":
        memory = renamed(tree, memory, before, (cluster) => action.clusters.includes(cluster), plainName(action.name));
        break;
      case "ignore":
        for (const word of action.classes) rename(of(word), IGNORED);
        break;
      case "background":
        for (const [name, c] of classes) classes.set(name, { ...c, background: false });
        if (action.class !== null) rename(of(action.class), of(action.class).name);
        break;
      case "split":
      case "lock":
        rename(of(action.class), of(action.class).name);
        break;
      case "apart": {
        // Of its clusters, those that are not called like it any more were never named.
        const [was, is] = [called(before), called(state)];
        const [at, now] = [clusterNamesAt(tree, before.k), clusterNamesAt(tree, state.k)];
        memory = memory.map((m, leaf) => (m === action.class && was[at[leaf]] === m ? is[now[leaf]] : m));
        break;
      }
      case "color":
      case "stroke":
        break;
      case "recut":
        if (action.fresh) memory = memoryOf(tree, state);
        break;
      case "cut":
        if (action.from === null) memory = memoryOf(tree, state);
    }
    for (const c of state.classes) classes.set(c.name, c);
  }
  return { memory, classes, states };
}

/** What each cluster is called; null where nobody named it. */
function called({ k, classes, ignored }: LabelState): Memory[] {
  const names = new Array<Memory>(k).fill(null);
  for (const c of classes) if (!isFresh(c)) for (const cluster of c.clusters) names[cluster] = c.name;
  for (const cluster of ignored) names[cluster] = IGNORED;
  return names;
}

/** What each start cluster is called in a state that nothing was before. */
function memoryOf(tree: MergeTree, state: LabelState): Memory[] {
  const names = called(state);
  return Array.from(clusterNamesAt(tree, state.k), (cluster) => names[cluster]);
}

/** Another name for what is called like its chosen cluster; what only sleeps there, for that K is too coarse, stays as it is. */
function renamed(
  tree: MergeTree,
  memory: readonly Memory[],
  state: LabelState,
  chosen: (cluster: number) => boolean,
  name: Memory,
): Memory[] {
  const at = clusterNamesAt(tree, state.k);
  const names = called(state);
  return memory.map((m, leaf) => (chosen(at[leaf]) && m === names[at[leaf]] ? name : m));
}

/** What most pixels of each cluster are called. */
function namesAt(tree: MergeTree, memory: readonly Memory[], k: number): Memory[] {
  const { sizes } = tree.steps[0];
  const weights = Array.from({ length: k }, () => new Map<Memory, number>());
  clusterNamesAt(tree, k).forEach((cluster, leaf) => {
    const of = weights[cluster];
    of.set(memory[leaf], (of.get(memory[leaf]) ?? 0) + sizes[leaf]);
  });
  return weights.map((of) => [...of].reduce((best, other) => (other[1] > best[1] ? other : best))[0]);
}

/** The background first, then as in the first of `states` that has the class, new ones last. */
function inOrder(classes: LabelClass[], states: readonly (LabelState | undefined)[]): LabelClass[] {
  const known = [...new Set(states.flatMap((state) => state?.classes.map(({ name }) => name) ?? []))];
  const place = ({ name, background }: LabelClass): number =>
    background ? -1 : known.includes(name) ? known.indexOf(name) : known.length;
  return classes.sort((a, b) => place(a) - place(b) || a.clusters[0] - b.clusters[0]);
}

function lostLabels(
  tree: MergeTree,
  { hierarchy }: ClusterIdentity,
  memory: readonly Memory[],
  k: number,
  names: readonly Memory[],
): LostLabel[] {
  const { sizes } = tree.steps[0];
  const at = clusterNamesAt(tree, k);
  const gone = new Map<string, Map<number, number>>();
  memory.forEach((m, leaf) => {
    if (typeof m !== "string" || names[at[leaf]] === m) return;
    const into = gone.get(m) ?? new Map<number, number>();
    into.set(at[leaf], (into.get(at[leaf]) ?? 0) + sizes[leaf]);
    gone.set(m, into);
  });
  if (gone.size === 0) return [];
  const next = tree.steps.map((step) => step.k).reverse();
  const backAt = next.find((other) => other > k && isWhole(tree, memory, other)) ?? null;
  const ids = hierarchy.aliveAt(k);
  return [...gone].map(([name, into]) => {
    const [cluster] = [...into].reduce((best, other) => (other[1] > best[1] ? other : best));
    const holder = names[cluster];
    return {
      name,
      share: [...into.values()].reduce((a, b) => a + b, 0) / tree.pixels,
      whole: !names.includes(name),
      into: {
        id: ids[cluster],
        name: holder === IGNORED ? null : (holder ?? `#${ids[cluster]}`),
      },
      backAt,
    };
  });
}

/** Whether at `k` every start cluster that has a name is in a cluster of that name. */
function isWhole(tree: MergeTree, memory: readonly Memory[], k: number): boolean {
  const names = namesAt(tree, memory, k);
  return clusterNamesAt(tree, k).every(
    (cluster, leaf) => typeof memory[leaf] !== "string" || names[cluster] === memory[leaf],
  );
}
