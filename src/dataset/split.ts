/** Which part of a dataset a sample belongs to, decided by its name alone: no shuffle, no order, no count. */

export const SPLITS = ["train", "val", "test"] as const;
/** A part of a data set: to train on, to choose by, or to judge on. */
export type Split = (typeof SPLITS)[number];

/** Shares of val and test in [0, 1]; train has the rest. */
export interface SplitShares {
  readonly val: number;
  readonly test: number;
}

/** FNV-1a with MurmurHash3's finaliser: 32 well mixed bits of a text. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The split of a sample. The same in every shard, and unchanged when a dataset grows.
 *
 * @example
 * console.log(splitOf("seed000000", { val: 0, test: 1 })); // test
 */
export function splitOf(name: string, { val, test }: SplitShares): Split {
  const u = hash32(name) / 2 ** 32;
  return u < test ? "test" : u < test + val ? "val" : "train";
}
