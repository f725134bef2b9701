/** What was painted last, kept in this browser: it is there again when the page is loaded anew. */
import type { LabelMap } from "../../../src/dataset/labelMap.ts";
import type { PaintClass } from "../maskEditor/editor.ts";
import { indexPng, readMask } from "../maskEditor/maskFile.ts";

export interface Kept {
  readonly mask: LabelMap;
  /** Of the styles, as far as they have one. */
  readonly seeds: readonly number[];
}

/** Styles that are kept at most. */
const MOST_SEEDS = 16;

const keyOf = (name: string): string => `klish paint ${name}`;

const isSeed = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;

/** What `keep` stored under the name; undefined where there is nothing, it is damaged, or of another painter. It is read as a file is: as data. */
export function readKept(name: string, classes: readonly PaintClass[]): Kept | undefined {
  try {
    const { mask, seeds } = JSON.parse(localStorage.getItem(keyOf(name)) ?? "{}") as Record<string, unknown>;
    if (typeof mask !== "string" || !Array.isArray(seeds)) return undefined;
    const png = Uint8Array.from(atob(mask), (c) => c.charCodeAt(0));
    return { mask: readMask(png, classes), seeds: seeds.filter(isSeed).slice(0, MOST_SEEDS) };
  } catch {
    // A browser that keeps nothing, or something else under that name: the page begins as at first.
    return undefined;
  }
}

/** Stores it; false where the browser keeps nothing, or has no room. */
export function keep(name: string, { mask, seeds }: Kept, classes: readonly PaintClass[]): boolean {
  const png = indexPng(mask, classes);
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let from = 0; from < png.length; from += 4096) text += String.fromCharCode(...png.subarray(from, from + 4096));
  try {
    localStorage.setItem(keyOf(name), JSON.stringify({ mask: btoa(text), seeds: seeds.slice(0, MOST_SEEDS) }));
    return true;
  } catch {
    return false;
  }
}
