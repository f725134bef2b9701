import { RandomState } from "../../../tensor/random.ts";

/** A picture of the set, by its index, as it is or turned left to right. */
export interface BatchItem {
  readonly index: number;
  readonly mirrored: boolean;
}

export interface BatchOrderOptions {
  /** Pictures of the set. */
  readonly count: number;
  /** Every picture also turned left to right: the set is twice as large. */
  readonly mirror: boolean;
  readonly seed: number;
}

/**
 * The `batch` pictures that come after the first `shown` ones, a pure function of these: the set is shown in a new random
 * order in every epoch, and batches run on from one epoch into the next. What was asked for last is remembered, so that
 * batches in sequence cost one shuffle an epoch.
 */
export function batchOrder({ count, mirror, seed }: BatchOrderOptions): (shown: number, batch: number) => BatchItem[] {
  const size = mirror ? 2 * count : count;
  let known: { readonly epoch: number; readonly order: Int32Array } | undefined;
  const orderOf = (epoch: number): Int32Array => {
    if (known?.epoch !== epoch) known = { epoch, order: new RandomState(mix(seed, epoch)).permutation(size) };
    return known.order;
  };
  return (shown, batch) =>
    Array.from({ length: batch }, (_, j) => {
      const position = shown + j;
      const drawn = orderOf(Math.floor(position / size))[position % size];
      return { index: drawn % count, mirrored: drawn >= count };
    });
}

/** A seed of its own for every epoch: the finaliser of MurmurHash3 (Appleby, 2011), once for each word. */
export function mix(seed: number, epoch: number): number {
  return finalise(finalise(seed) ^ epoch);
}

function finalise(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
