/**
 * Classes that a person teaches by a few strokes on generated pictures, without clusters: what was said so far, and how it is edited. A
 * teaching is the list of its actions; classes and painted pixels follow from them.
 */
import { z } from "zod";
import { classNameSchema, colorSchema } from "../../dataset/classSchema.ts";
import { IGNORE_LABEL, MOST_CLASSES } from "../../dataset/labelMap.ts";
import { SEED } from "../requests/seeds.ts";
import { ProjectError } from "../storage/files.ts";

/** Of a class: how many were added before it. It stays the same, whatever becomes of the others. */
const classId = z
  .int()
  .min(0)
  .max(MOST_CLASSES - 1);

/** One edit, as it is written to teach.json. */
export const teachAction = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("add"), name: classNameSchema, color: colorSchema }),
  z.strictObject({ type: z.literal("name"), class: classId, name: classNameSchema }),
  z.strictObject({ type: z.literal("color"), class: classId, color: colorSchema }),
  /** With all that was painted of it. */
  z.strictObject({ type: z.literal("remove"), class: classId }),
  /** Pixels of a picture as runs, first pixel and length; null: nothing is said of them any more. */
  z.strictObject({
    type: z.literal("stroke"),
    seed: SEED,
    class: classId.nullable(),
    runs: z.array(z.tuple([z.int().min(0), z.int().min(1)])).min(1),
  }),
]);
export type TeachAction = z.infer<typeof teachAction>;

export interface TaughtClass {
  readonly id: number;
  readonly name: string;
  readonly color: string;
}

/** What was said: the classes in the order of their labels, and by seed the class of each pixel, its place in that list; 255 where nothing was said. */
export interface Teaching {
  /** Side of the pictures, as strokes count their pixels. */
  readonly side: number;
  readonly classes: readonly TaughtClass[];
  /** Ascending in the seed; only pictures that something was said of. */
  readonly labels: ReadonlyMap<number, Uint8Array>;
  /** Strokes so far, those that took something back among them. */
  readonly strokes: number;
}

/** The way to a teaching, and what was undone, the last one first. */
export interface TeachHistory {
  readonly actions: readonly TeachAction[];
  readonly undone: readonly TeachAction[];
}

/** What the actions come to. Throws ProjectError where one does not fit. */
export function taught(side: number, actions: readonly TeachAction[]): Teaching {
  const classes: TaughtClass[] = [];
  /** Ids of classes by pixel. */
  const said = new Map<number, Uint8Array>();
  let added = 0;
  let strokes = 0;
  const indexOf = (id: number): number => {
    const index = classes.findIndex((one) => one.id === id);
    if (index < 0) throw new ProjectError("this class is not there any more.");
    return index;
  };
  const refuseTwice = (name: string, id: number): void => {
    if (classes.some((one) => one.name === name && one.id !== id))
      throw new ProjectError(`there is a class "${name}" already: choose another name.`);
  };
  for (const action of actions)
    switch (action.type) {
      case "add": {
        if (added === MOST_CLASSES) throw new ProjectError(`no more than ${MOST_CLASSES} classes can be added.`);
        refuseTwice(action.name, added);
        classes.push({ id: added++, name: action.name, color: action.color });
        break;
      }
      case "name": {
        const index = indexOf(action.class);
        refuseTwice(action.name, action.class);
        classes[index] = { ...classes[index], name: action.name };
        break;
      }
      case "color": {
        const index = indexOf(action.class);
        classes[index] = { ...classes[index], color: action.color };
        break;
      }
      case "remove": {
        classes.splice(indexOf(action.class), 1);
        for (const pixels of said.values()) replaceAll(pixels, action.class, IGNORE_LABEL);
        break;
      }
      case "stroke": {
        if (action.class !== null) indexOf(action.class);
        const pixels = said.get(action.seed) ?? new Uint8Array(side * side).fill(IGNORE_LABEL);
        said.set(action.seed, pixels);
        for (const [first, length] of action.runs)
          pixels.fill(action.class ?? IGNORE_LABEL, first, Math.min(pixels.length, first + length));
        strokes++;
      }
    }
  const labelOf = new Uint8Array(256).fill(IGNORE_LABEL);
  for (const [label, { id }] of classes.entries()) labelOf[id] = label;
  const labels = [...said]
    .sort(([a], [b]) => a - b)
    .map(([seed, pixels]) => [seed, pixels.map((id) => labelOf[id])] as const)
    .filter(([, pixels]) => pixels.some((label) => label !== IGNORE_LABEL));
  return { side, classes, labels: new Map(labels), strokes };
}

function replaceAll(pixels: Uint8Array, from: number, to: number): void {
  for (let p = 0; p < pixels.length; p++) if (pixels[p] === from) pixels[p] = to;
}

/** The history before its last action. Throws ProjectError where there is none. */
export function undoTeaching({ actions, undone }: TeachHistory): TeachHistory {
  const last = actions.at(-1);
  if (last === undefined) throw new ProjectError("there is nothing to undo.");
  return { actions: actions.slice(0, -1), undone: [last, ...undone] };
}

/** The history with the action that was undone last. Throws ProjectError where there is none. */
export function redoTeaching({ actions, undone }: TeachHistory): TeachHistory {
  const [next, ...rest] = undone;
  if (next === undefined) throw new ProjectError("there is nothing to redo.");
  return { actions: [...actions, next], undone: rest };
}

/** Painted pixels of each class. */
export function paintedPixels({ classes, labels }: Pick<Teaching, "classes" | "labels">): number[] {
  const counts = new Array<number>(256).fill(0);
  for (const pixels of labels.values()) for (const label of pixels) counts[label]++;
  return classes.map((_, label) => counts[label]);
}
