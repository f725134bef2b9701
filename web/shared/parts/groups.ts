/** Clusters of one name are one part: shown in one colour, with no outline between them. */

import type { Rgb } from "./labelPaint.ts";
import type { Model } from "./model.ts";

export interface Groups {
  /** By start cluster, [K0]: the id that stands for its part. */
  readonly of: Uint16Array;
  /** By start cluster, [K0]: the colour of its part. */
  readonly rgb: readonly Rgb[];
}

/** The parts at `k`: the cluster of a name with the lowest id stands for all of that name. */
export function groupsAt({ hierarchy, rgb }: Model, names: ReadonlyMap<number, string>, k: number): Groups {
  const of = Uint16Array.from(rgb, (_, id) => id);
  const first = new Map<string, number>();
  for (const id of hierarchy.aliveAt(k)) {
    const name = names.get(id);
    if (name === undefined) continue;
    if (!first.has(name)) first.set(name, id);
    of[id] = first.get(name)!;
  }
  return { of, rgb: Array.from(of, (id) => rgb[id]) };
}
