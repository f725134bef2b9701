/** Masks that a data set has not got: a part of one made larger, moved, removed or doubled (the paper's Fig. 9). */
import { nearestPixels } from "../../dataset/labelMap.ts";
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

/**
 * Where each pixel of a mask [side * side] with one of its parts edited is from: the mask's pixels taken from there are the edited mask, and a
 * picture's are its parts pasted likewise. `random` draws the direction of what moves.
 */
export function editSources(
  labels: Uint8Array,
  side: number,
  part: number,
  edit: MaskEdit,
  random: RandomState,
  { larger, moved, doubled }: EditSizes = JUDGED,
): Int32Array {
  const angle = 2 * Math.PI * random.randomSample();
  const step = (share: number): readonly [number, number] => [
    Math.round(Math.cos(angle) * share * side),
    Math.round(Math.sin(angle) * share * side),
  ];
  if (edit === "enlarge") {
    const [cx, cy] = middle(labels, side, part);
    return pasted(labels, side, part, (x, y) => [cx + (x - cx) / larger, cy + (y - cy) / larger]);
  }
  if (edit === "duplicate") {
    const [dx, dy] = step(doubled);
    return pasted(labels, side, part, (x, y) => [x - dx, y - dy]);
  }
  const without = filledIn(labels, side, part);
  if (edit === "remove") return without;
  const [dx, dy] = step(moved);
  return pasted(labels, side, part, (x, y) => [x - dx, y - dy], without);
}

/** The mask with one of its parts edited. */
export const editMask = (...[labels, ...how]: Parameters<typeof editSources>): Uint8Array =>
  Uint8Array.from(editSources(labels, ...how), (p) => labels[p]);

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

/** How far beyond the nearest pixel a part that goes is filled in from, as shares of the distance to that pixel. */
const REFLECTED = [1, 0.5, 0.25] as const;

/**
 * Each pixel itself, and those of the part from the class of their nearest other pixel: mirrored at that pixel where the class reaches so far,
 * since pixels at the very edge have taken colour of the part.
 */
function filledIn(labels: Uint8Array, side: number, part: number): Int32Array {
  const nearest = nearestPixels((p) => labels[p] !== part, { width: side, height: side });
  return nearest.map((near, p) => {
    const [x, y] = [near % side, Math.floor(near / side)];
    const [dx, dy] = [x - (p % side), y - Math.floor(p / side)];
    for (const share of REFLECTED) {
      const [u, v] = [x + Math.round(share * dx), y + Math.round(share * dy)];
      const inside = u >= 0 && u < side && v >= 0 && v < side;
      if (inside && labels[v * side + u] === labels[near]) return v * side + u;
    }
    return near;
  });
}

/** `onto` (each pixel itself, if nothing else) with the part where `from` says that its pixel lies in the mask. */
function pasted(
  labels: Uint8Array,
  side: number,
  part: number,
  from: (x: number, y: number) => readonly [number, number],
  onto?: Int32Array,
): Int32Array {
  return Int32Array.from(labels, (_, p) => {
    const [x, y] = from(p % side, Math.floor(p / side)).map(Math.round);
    const inside = x >= 0 && x < side && y >= 0 && y < side;
    const source = y * side + x;
    return inside && labels[source] === part ? source : (onto?.[p] ?? p);
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
