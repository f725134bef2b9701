import { z } from "zod";
import { classNameSchema, colorSchema } from "../../dataset/classSchema.ts";
import { MOST_CLASSES } from "../../dataset/labelMap.ts";
import { plainName } from "../../text/escape.ts";
import { plainIssues } from "../../text/issues.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { SEED } from "../requests/seeds.ts";
import { SIDE } from "../requests/side.ts";
import { ProjectError } from "../storage/files.ts";

/**
 * How clusters become labels: the chosen K, clusters merged into named classes, what is ignored, which classes are taken
 * apart by place. Small, and all that masks depend on apart from the generator and the classifiers of K.
 */

/** "left-right": by the side of the picture on which each connected area lies; "components": the largest areas, from left to right. */
export const classSplit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("left-right") }),
  z.strictObject({ kind: z.literal("components"), count: z.int().min(2).max(16) }),
]);
export type ClassSplit = z.infer<typeof classSplit>;

/** What the parts of a class are called after its own name; as many as it takes ids. */
export function partNames(split: ClassSplit | null): string[] {
  if (split === null) return [""];
  if (split.kind === "left-right") return [" left", " right"];
  return Array.from({ length: split.count }, (_, i) => ` ${i + 1}`);
}

export const labelClass = z.strictObject({
  name: classNameSchema,
  color: colorSchema,
  /** Among the K clusters, ascending. */
  clusters: z.array(z.int().min(0)).min(1),
  background: z.boolean(),
  split: classSplit.nullable(),
  /** No edit, stroke or other K changes what it holds, until it is unlocked. */
  locked: z.literal(true).optional(),
});
export type LabelClass = z.infer<typeof labelClass>;

/** What a person said of some pixels of one picture: they belong to a class, whatever the clusters say. */
export const labelStroke = z.strictObject({
  seed: SEED,
  /** Side of the picture, as the stroke counts its pixels. */
  side: SIDE,
  /** First pixel and length of each run, row by row, ascending. */
  runs: z.array(z.tuple([z.int().min(0), z.int().min(1)])).min(1),
  /** The class, by the ids of the clusters that it had, so that it is found again at every K; null: what was said of the pixels is taken back. */
  clusters: z.array(z.int().min(0)).min(1).nullable(),
  /** Ids of clusters that were locked: their pixels are left as they are. */
  spared: z.array(z.int().min(0)).min(1).optional(),
});
/** A stroke, as it is written to labels.json. */
export type LabelStroke = z.infer<typeof labelStroke>;

/** The labels themselves. Ids count up through the classes; a class that is taken apart has one for each part. */
export const labelState = z
  .strictObject({
    k: z.int().min(2).max(MOST_CLASSES),
    classes: z.array(labelClass),
    /** Clusters whose pixels become 255. */
    ignored: z.array(z.int().min(0)),
    /** In the order in which they were made; the clusters' classifiers follow them (see `correctedClassifiers`). */
    strokes: z.array(labelStroke).min(1).optional(),
  })
  .superRefine(({ k, classes, ignored }, context) => {
    // Zod comes here with numbers that are out of their bounds too: nothing may be counted up to them.
    if (context.issues.length > 0) return;
    const owner = new Map<number, string>();
    const claim = (cluster: number, by: string): void => {
      const other = owner.get(cluster);
      if (cluster >= k) context.addIssue(`${by} has cluster ${cluster}, but K = ${k}`);
      else if (other !== undefined) context.addIssue(`cluster ${cluster} belongs to ${other} and to ${by}`);
      owner.set(cluster, by);
    };
    for (const { name, clusters } of classes) for (const c of clusters) claim(c, `"${name}"`);
    for (const c of ignored) claim(c, "the ignored clusters");
    for (let c = 0; c < k; c++) if (!owner.has(c)) context.addIssue(`cluster ${c} belongs to no class`);
    const parts = classes.flatMap(({ name, split }) => partNames(split).map((part) => name + part));
    if (new Set(parts).size !== parts.length) context.addIssue("two classes have the same name");
    if (parts.length > MOST_CLASSES) context.addIssue(`${parts.length} classes; masks hold at most ${MOST_CLASSES}`);
  });
export type LabelState = z.infer<typeof labelState>;

const names = z.array(z.string()).min(1);

/** One edit. Classes are named by their name, or by their id in masks where none is called so. */
export const labelAction = z.discriminatedUnion("type", [
  /** Another K, and what the classes are there (see `carryLabels`); `fresh` forgets all that was named. */
  z.strictObject({ type: z.literal("recut"), labels: labelState, fresh: z.boolean() }),
  /** The same in earlier files: `from[c]` is the cluster of the K before whose class cluster c inherits, null starts afresh. */
  z.strictObject({ type: z.literal("cut"), k: z.int().min(2).max(MOST_CLASSES), from: z.array(z.int()).nullable() }),
  z.strictObject({ type: z.literal("name"), class: z.string(), name: z.string() }),
  z.strictObject({ type: z.literal("color"), class: z.string(), color: z.string() }),
  z.strictObject({ type: z.literal("merge"), classes: names, name: z.string().nullable() }),
  /** Moves clusters into a class of their own, or an existing one. */
  z.strictObject({
    type: z.literal("take"),
    clusters: z.array(z.int()).min(1),
    name: z.string(),
    /** Of a new class, unless another class has it. */
    color: z.string().optional(),
  }),
  z.strictObject({ type: z.literal("ignore"), classes: names }),
  /** The background gets id 0; null for none. */
  z.strictObject({ type: z.literal("background"), class: z.string().nullable() }),
  z.strictObject({ type: z.literal("split"), class: z.string(), split: classSplit.nullable() }),
  z.strictObject({ type: z.literal("lock"), class: z.string(), locked: z.boolean() }),
  /** A class taken apart into its clusters (see `takeApart`), and what the labels are then. */
  z.strictObject({ type: z.literal("apart"), class: z.string(), labels: labelState }),
  z.strictObject({ type: z.literal("stroke"), ...labelStroke.shape }),
]);
/** An edit of labels, as it is written to labels.json. */
export type LabelAction = z.infer<typeof labelAction>;

/** The labels with the way to them: replaying `actions` on `base` (a K means fresh labels) gives the state. */
export interface LabelRecipe {
  readonly state: LabelState;
  readonly base: number | LabelState;
  readonly actions: readonly LabelAction[];
  /** What was undone, the last one first; a new edit forgets it. Absent: nothing. */
  readonly undone?: readonly LabelAction[];
}

/** The clusters of one K as people know them: their ids, ascending, and the colour of every id. */
export interface ClusterNames {
  readonly ids: ArrayLike<number>;
  readonly colors: readonly string[];
}

/** Clusters that no tree tells more of: counted from 0, in colours that are far apart. */
const counted = (k: number): ClusterNames => ({
  ids: Array.from({ length: k }, (_, i) => i),
  colors: distinctColors(k).map(cssColor),
});

/** Every cluster a class of its own, called after its id and in its colour. */
export function freshLabels(k: number, { ids, colors }: ClusterNames = counted(k)): LabelState {
  return checked({ k, classes: Array.from(ids, (id, c) => freshClass(c, id, colors)), ignored: [] });
}

/** The class of cluster `c` while nobody named it. */
export function freshClass(c: number, id: number, colors: readonly string[]): LabelClass {
  const digits = String(colors.length - 1).length;
  const name = `part ${String(id).padStart(digits, "0")}`;
  return { name, color: colors[id], clusters: [c], background: false, split: null };
}

/** Whether nobody named the class, merged clusters into it, or said anything else about it but a colour. */
export const isFresh = ({ name, clusters, background, split, locked }: LabelClass): boolean =>
  /^part \d+$/.test(name) && clusters.length === 1 && !background && split === null && !locked;

/** Labels to begin with: those of `freshLabels`. */
export function freshRecipe(k: number, names?: ClusterNames): LabelRecipe {
  const state = freshLabels(k, names);
  return { state, base: names === undefined ? k : state, actions: [] };
}

/** The recipe after an edit. Throws ProjectError where the edit names what is not there, or leaves labels that cannot be. */
export function edit(recipe: LabelRecipe, action: LabelAction): LabelRecipe {
  const state = apply(recipe.state, action);
  if (state.classes.length === 0)
    throw new ProjectError("this would leave no class: every part would be ignored. Keep at least one.");
  return { state, base: recipe.base, actions: [...recipe.actions, action] };
}

/** The recipe before its last edit. Throws ProjectError when there is none. */
export function undo(recipe: LabelRecipe): LabelRecipe {
  const last = recipe.actions.at(-1);
  if (last === undefined) throw new ProjectError("nothing to undo: the labels have no edits.");
  return { ...replay(recipe.base, recipe.actions.slice(0, -1)), undone: [last, ...(recipe.undone ?? [])] };
}

/** The recipe with the edit that was undone last. Throws ProjectError when there is none. */
export function redo(recipe: LabelRecipe): LabelRecipe {
  const [next, ...rest] = recipe.undone ?? [];
  if (next === undefined) throw new ProjectError("nothing to redo: nothing was undone since the last edit.");
  return { ...edit(recipe, next), ...(rest.length > 0 && { undone: rest }) };
}

/** Throws ProjectError where an action does not fit. */
export function replay(base: number | LabelState, actions: readonly LabelAction[]): LabelRecipe {
  const start = typeof base === "number" ? freshLabels(base) : base;
  return { state: actions.reduce(apply, start), base, actions };
}

function apply(state: LabelState, action: LabelAction): LabelState {
  switch (action.type) {
    case "recut":
      if (action.fresh) refuseLocked(state.classes);
      return checked(action.fresh ? action.labels : withStrokes(action.labels, state.strokes));
    case "apart":
      return checked(withStrokes(action.labels, state.strokes));
    case "stroke": {
      const { type: _, ...stroke } = action;
      if (stroke.clusters?.some((id) => stroke.spared?.includes(id)))
        throw new ProjectError("the stroke is of a part that is locked: unlock it first.");
      return checked(withStrokes(state, [...(state.strokes ?? []), stroke]));
    }
    case "cut":
      return checked(action.from === null ? freshLabels(action.k) : inherit(state, action.k, action.from));
    case "name":
      return checked(change(state, action.class, { name: plainName(action.name) }));
    case "color":
      return checked(change(state, action.class, { color: action.color.toLowerCase() }));
    case "split":
      refuseLocked([state.classes[classIndex(state, action.class)]]);
      return checked(change(state, action.class, { split: action.split }));
    case "lock": {
      const index = classIndex(state, action.class);
      const { locked: _, ...open } = state.classes[index];
      const changed: LabelClass = action.locked ? { ...open, locked: true } : open;
      return checked({ ...state, classes: state.classes.with(index, changed) });
    }
    case "merge":
      return checked(merge(state, action.classes, action.name));
    case "take":
      return checked(take(state, action.clusters, plainName(action.name), action.color));
    case "ignore": {
      const dropped = new Set(action.classes.map((name) => classIndex(state, name)));
      refuseLocked([...dropped].map((id) => state.classes[id]));
      const ignored = [...dropped].flatMap((id) => state.classes[id].clusters);
      return checked({
        ...state,
        classes: state.classes.filter((_, id) => !dropped.has(id)),
        ignored: ascending([...state.ignored, ...ignored]),
      });
    }
    case "background": {
      const id = action.class === null ? -1 : classIndex(state, action.class);
      const classes = state.classes.map((c, i) => ({ ...c, background: i === id }));
      // Id 0 is the background in most tools.
      return { ...state, classes: id > 0 ? [classes[id], ...classes.filter((_, i) => i !== id)] : classes };
    }
  }
}

/** Throws ProjectError where one of the classes is locked. */
export function refuseLocked(classes: readonly LabelClass[]): void {
  const held = classes.filter(({ locked }) => locked).map(({ name }) => `"${name}"`);
  if (held.length > 0)
    throw new ProjectError(
      `${held.join(", ")} ${held.length === 1 ? "is locked: unlock it" : "are locked: unlock them"} first.`,
    );
}

const withStrokes = (state: LabelState, strokes: LabelState["strokes"]): LabelState =>
  strokes === undefined ? state : { ...state, strokes };

const ascending = (clusters: readonly number[]): number[] => [...clusters].sort((a, b) => a - b);

function checked(state: LabelState): LabelState {
  const result = labelState.safeParse(state);
  if (!result.success) throw new ProjectError(`invalid labels: ${plainIssues(result.error, state)}.`);
  return result.data;
}

/** The ids of each class in masks, as text: "4", or "4-5" where it is taken apart. */
export function idTexts(classes: readonly LabelClass[]): string[] {
  let next = 0;
  return classes.map((c) => {
    const first = next;
    next += partNames(c.split).length;
    return next - first === 1 ? String(first) : `${first}-${next - 1}`;
  });
}

/** The index of a class by its name, or by one of its ids in masks where none is called so. Throws ProjectError that lists the classes. */
export function classIndex({ classes }: LabelState, name: string): number {
  const found = classes.findIndex((c) => c.name === name);
  if (found >= 0) return found;
  const owners = classes.flatMap((c, index) => partNames(c.split).map(() => index));
  if (/^\d+$/.test(name) && Number(name) < owners.length) return owners[Number(name)];
  const ids = idTexts(classes);
  throw new ProjectError(
    `no class is called "${name}"; there are ${classes.map((c, i) => `${ids[i]} "${c.name}"`).join(", ")}.`,
  );
}

function change(state: LabelState, name: string, values: Partial<LabelClass>): LabelState {
  const id = classIndex(state, name);
  return { ...state, classes: state.classes.map((c, i) => (i === id ? { ...c, ...values } : c)) };
}

function merge(state: LabelState, wanted: readonly string[], name: string | null): LabelState {
  const ids = [...new Set(wanted.map((n) => classIndex(state, n)))];
  if (ids.length < 2) throw new ProjectError("a merge needs at least two different classes.");
  const parts = ids.map((id) => state.classes[id]);
  refuseLocked(parts);
  const joined: LabelClass = {
    ...parts[0],
    name: name === null ? parts[0].name : plainName(name),
    clusters: ascending(parts.flatMap((c) => c.clusters)),
    background: parts.some((c) => c.background),
  };
  const keep = joined.background ? Math.min(...ids) : ids[0];
  return {
    ...state,
    classes: state.classes.flatMap((c, id) => (id === keep ? [joined] : ids.includes(id) ? [] : [c])),
  };
}

function take(state: LabelState, wanted: readonly number[], name: string, color?: string): LabelState {
  const outside = wanted.find((c) => c < 0 || c >= state.k);
  if (outside !== undefined)
    throw new ProjectError(`there is no cluster ${outside}: K = ${state.k}, so 0 to ${state.k - 1}.`);
  const without = (clusters: readonly number[]): number[] => clusters.filter((c) => !wanted.includes(c));
  const target = state.classes.findIndex((c) => c.name === name);
  refuseLocked(state.classes.filter((c, i) => i === target || c.clusters.some((cluster) => wanted.includes(cluster))));
  const classes = state.classes.map((c, id) => ({
    ...c,
    clusters: id === target ? ascending([...without(c.clusters), ...new Set(wanted)]) : without(c.clusters),
  }));
  const left = classes.filter((c) => c.clusters.length > 0);
  if (target < 0) {
    const own = color ?? cssColor(distinctColors(state.k)[wanted[0]]);
    const clusters = ascending([...new Set(wanted)]);
    // In the place of a class that it empties, so that the ids of others stay.
    const before = state.classes.findIndex((c) => c.clusters.includes(wanted[0]));
    const at = before >= 0 && classes[before].clusters.length === 0 ? before : classes.length;
    const place = classes.slice(0, at).filter((c) => c.clusters.length > 0).length;
    left.splice(place, 0, { name, color: unusedColor(left, own), clusters, background: false, split: null });
  }
  return { ...state, classes: left, ignored: without(state.ignored) };
}

/** The colour, or the first that no class has. */
function unusedColor(classes: readonly LabelClass[], color: string): string {
  const used = new Set(classes.map((c) => c.color));
  if (!used.has(color)) return color;
  return (
    distinctColors(used.size + 1)
      .map(cssColor)
      .find((other) => !used.has(other)) ?? color
  );
}

function inherit(state: LabelState, k: number, from: readonly number[]): LabelState {
  if (from.length !== k) throw new ProjectError(`K = ${k} needs ${k} origins, got ${from.length}.`);
  const of = (clusters: readonly number[]): number[] =>
    from.flatMap((origin, c) => (clusters.includes(origin) ? [c] : []));
  const classes = state.classes.map((c) => ({ ...c, clusters: of(c.clusters) })).filter((c) => c.clusters.length > 0);
  return withStrokes({ k, classes, ignored: of(state.ignored) }, state.strokes);
}
