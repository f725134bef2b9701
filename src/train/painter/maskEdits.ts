/** Masks that a data set has not got: a part of one made larger, moved, removed or doubled (the paper's Fig. 9). */
import { fillGaps, IGNORE_LABEL } from "../../dataset/labelMap.ts";
import type { RandomState } from "../../tensor/random.ts";

/** What is done to a part. */
export const maskEdits = ["enlarge", "move", "remove", "duplicate"] as const;
export type MaskEdit = (typeof maskEdits)[number];

/** Shares of the picture that a part to be edited has. */
const [LEAST, MOST] = [0.005, 0.3];
/** How much larger a part becomes, and how far away it or its double goes, as shares of the side. */
export interface EditSizes {
  readonly larger: number;
  readonly moved: number;
  readonly doubled: number;
}

/** Those that painters are judged by. */
const JUDGED: EditSizes = { larger: 1.4, moved: 1 / 8, doubled: 1 / 4 };

/** Classes of a mask that can be edited: not the background, neither tiny nor most of the picture. */
export function editableParts(labels: Uint8Array, background: readonly boolean[]): number[] {
  const pixels = new Float64Array(background.length);
  for (const id of labels) if (id < pixels.length) pixels[id]++;
  return [...pixels.keys()].filter((id) => {
    const share = pixels[id] / labels.length;
    return !background[id] && share >= LEAST && share <= MOST;
  });
}

/** The mask [side * side] with one of its parts edited. `random` draws the direction of what moves. */
export function editMask(
  labels: Uint8Array,
  side: number,
  part: number,
  edit: MaskEdit,
  random: RandomState,
  { larger, moved, doubled }: EditSizes = JUDGED,
): Uint8Array {
  const angle = 2 * Math.PI * random.randomSample();
  const step = (share: number): readonly [number, number] => [
    Math.round(Math.cos(angle) * share * side),
    Math.round(Math.sin(angle) * share * side),
  ];
  if (edit === "enlarge") {
    const [cx, cy] = middle(labels, side, part);
    return painted(labels, side, part, (x, y) => [cx + (x - cx) / larger, cy + (y - cy) / larger]);
  }
  if (edit === "duplicate") {
    const [dx, dy] = step(doubled);
    return painted(labels, side, part, (x, y) => [x - dx, y - dy]);
  }
  const without = labels.map((id) => (id === part ? IGNORE_LABEL : id));
  fillGaps(without, { width: side, height: side });
  if (edit === "remove") return without;
  const [dx, dy] = step(moved);
  return painted(labels, side, part, (x, y) => [x - dx, y - dy], without);
}

/** Sizes of edits that a painter learns from: from hardly any to half as much again as those that it is judged by. */
const drawnSizes = (random: RandomState): EditSizes => ({
  larger: 1 + 0.6 * random.randomSample(),
  moved: (3 / 16) * random.randomSample(),
  doubled: (3 / 8) * random.randomSample(),
});

/** A mask with any one of its parts edited in any way; the mask itself where it has none that can be. */
export function randomlyEdited(
  labels: Uint8Array,
  side: number,
  background: readonly boolean[],
  random: RandomState,
): Uint8Array {
  const parts = editableParts(labels, background);
  if (parts.length === 0) return labels;
  const part = parts[random.randint(parts.length)];
  const edit = maskEdits[random.randint(maskEdits.length)];
  return editMask(labels, side, part, edit, random, drawnSizes(random));
}

/** `onto` (the mask itself, if nothing else) with the part where `from` says that its pixel lies in the mask. */
function painted(
  labels: Uint8Array,
  side: number,
  part: number,
  from: (x: number, y: number) => readonly [number, number],
  onto: Uint8Array = labels,
): Uint8Array {
  return onto.map((id, p) => {
    const [x, y] = from(p % side, Math.floor(p / side)).map(Math.round);
    const inside = x >= 0 && x < side && y >= 0 && y < side;
    return inside && labels[y * side + x] === part ? part : id;
  });
}

function middle(labels: Uint8Array, side: number, part: number): readonly [number, number] {
  let [x, y, n] = [0, 0, 0];
  for (const [p, id] of labels.entries())
    if (id === part) {
      x += p % side;
      y += Math.floor(p / side);
      n++;
    }
  return [x / n, y / n];
}
