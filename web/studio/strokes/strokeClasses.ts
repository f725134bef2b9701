/** From a project's labels to what a brush paints with, and back to edits. */
import type { LabelEdit, Labels } from "../../../src/studio/api.ts";
import type { PaintClass, PaintedStroke } from "../../shared/maskEditor/editor.ts";

/** A class of masks, and a cluster by which edits mean it. */
export interface StrokeClass extends PaintClass {
  readonly part: number;
}

/** First and last id in masks of each class. */
const maskIdsOf = ({ maskIds }: Labels["classes"][number]): [first: number, last: number] => {
  const [first, last = first] = maskIds.split("-").map(Number);
  return [first, last];
};

/** The ids in masks that no stroke changes. */
export const lockedLabels = ({ classes }: Pick<Labels, "classes">): number[] =>
  classes.flatMap((one) => {
    if (!one.locked) return [];
    const [first, last] = maskIdsOf(one);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });

/** The classes by their ids in masks; the halves of one that is split have an id each. */
export function strokeClasses({ classes }: Pick<Labels, "classes">): StrokeClass[] {
  const found: StrokeClass[] = [];
  for (const one of classes) {
    const { name, color, parts } = one;
    const [first, last] = maskIdsOf(one);
    for (let id = first; id <= last; id++)
      found[id] = { name: first === last ? name : `${name} ${id - first + 1}`, color, part: parts[0] };
  }
  return found;
}

/** Places of a stroke that are sent at most, its last among them; those between are left out. */
const MOST_POINTS = 10_000;

/** A stroke on a square mask as an edit of labels; on no class's label it is left to the classifier again. */
export function strokeEdit(
  { label, radius, points }: PaintedStroke,
  classes: readonly StrokeClass[],
  { seed, side }: { readonly seed: number; readonly side: number },
): LabelEdit {
  const step = Math.ceil(points.length / (MOST_POINTS - 1));
  return {
    type: "stroke",
    seed,
    part: classes[label]?.part ?? null,
    points: points
      .filter((_, i) => i % step === 0 || i === points.length - 1)
      .map(({ x, y }) => [x / side, y / side] as [number, number]),
    radius: Math.min(1, radius / side),
  };
}
