import type { LabelMap } from "../../../src/dataset/labelMap.ts";
import { readTile, writeTile } from "./tiles.ts";

/** Labels of the tiles that a step changed, as they are at its other end. */
export type Step = ReadonlyMap<number, Uint8Array>;

/** Most bytes of labels that are held: 48 steps over all of 1024 x 1024, thousands of strokes. */
export const MOST_BYTES = 48 * 2 ** 20;

const bytesOf = (step: Step): number => [...step.values()].reduce((sum, labels) => sum + labels.length, 0);

/** Steps that can be undone and done again. A step holds one side only: going over it swaps the tiles. */
export class History {
  readonly #mask: LabelMap;
  readonly #most: number;
  #undo: Step[] = [];
  #redo: Step[] = [];

  constructor(mask: LabelMap, most: number = MOST_BYTES) {
    this.#mask = mask;
    this.#most = most;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Bytes of labels that are held. */
  get bytes(): number {
    return [...this.#undo, ...this.#redo].reduce((sum, step) => sum + bytesOf(step), 0);
  }

  /** A step that was made, with its tiles as they were before it. The oldest steps are dropped beyond the most bytes, never the last. */
  push(step: Step): void {
    this.#redo = [];
    this.#undo.push(step);
    let bytes = this.bytes;
    while (bytes > this.#most && this.#undo.length > 1) bytes -= bytesOf(this.#undo.shift()!);
  }

  /** Goes back one step. The tiles that changed; none where there is no step. */
  undo(): readonly number[] {
    return this.#over(this.#undo, this.#redo);
  }

  /** Does again what was undone last. */
  redo(): readonly number[] {
    return this.#over(this.#redo, this.#undo);
  }

  #over(from: Step[], to: Step[]): readonly number[] {
    const step = from.pop();
    if (step === undefined) return [];
    to.push(swapped(this.#mask, step));
    return [...step.keys()];
  }
}

/** Writes the step's tiles into the mask. What stood there. */
function swapped(mask: LabelMap, step: Step): Step {
  const other = new Map<number, Uint8Array>();
  for (const [tile, labels] of step) {
    other.set(tile, readTile(mask, tile));
    writeTile(mask, tile, labels);
  }
  return other;
}
