/** Clusters of one name are one part: shown in one colour, with no outline between them. */
import type { Rgb } from "./labelPaint.ts";
import type { Model } from "./model.ts";

/** What clusters are called and how they look, by their ids, at one K. */
export interface Called {
  readonly names: ReadonlyMap<number, string>;
  /** Of parts that were given another colour than their clusters have. */
  readonly colors?: ReadonlyMap<number, Rgb>;
  /** What masks leave out; together they are one grey part. */
  readonly ignored?: ReadonlySet<number>;
}

export interface Groups {
  /** By start cluster, [K0]: the id that stands for its part. */
  readonly of: Uint16Array;
  /** By start cluster, [K0]: the colour of its part, which all its clusters have alike. */
  readonly rgb: readonly Rgb[];
}

const IGNORED_COLOR: Rgb = [128, 128, 128];

/** The parts at `k`: the cluster of a name with the lowest id stands for all of that name. */
export function groupsAt(
  { hierarchy, rgb }: Pick<Model, "hierarchy" | "rgb">,
  { names, colors, ignored }: Called,
  k: number,
): Groups {
  const of = Uint16Array.from(rgb, (_, id) => id);
  const first = new Map<string | null, number>();
  for (const id of hierarchy.aliveAt(k)) {
    const name = ignored?.has(id) ? null : names.get(id);
    if (name === undefined) continue;
    if (!first.has(name)) first.set(name, id);
    of[id] = first.get(name)!;
  }
  return {
    of,
    rgb: Array.from(of, (id) => (ignored?.has(id) ? IGNORED_COLOR : (colors?.get(id) ?? rgb[id]))),
  };
}

/** Whether the same clusters make up the same parts, in the same colours. */
export const sameGroups = (a: Groups, b: Groups): boolean =>
  a.of.length === b.of.length &&
  a.of.every((part, id) => part === b.of[id]) &&
  a.rgb.every((color, id) => color.every((value, channel) => value === b.rgb[id][channel]));
