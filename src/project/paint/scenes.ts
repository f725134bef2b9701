/** Masks to begin with. */
import type { DatasetClass, LabelMap } from "../../dataset/labelMap.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { portraitOf } from "../../portraits/render.ts";

/** Seeds of the portraits whose masks begin a painter of portraits. */
const PORTRAITS = [0, 1, 2, 3, 4, 5, 6, 7];

/** A mask to begin with. */
export interface Scene {
  readonly name: string;
  readonly mask: LabelMap;
}

/** Masks of drawn portraits of `side` pixels, where the classes are theirs; none otherwise. */
export function portraitScenes(classes: readonly DatasetClass[], side: number): Scene[] {
  const same =
    classes.length === portraitClasses.length && classes.every(({ name }, i) => name === portraitClasses[i].name);
  if (!same) return [];
  return PORTRAITS.map((seed) => ({
    name: `Portrait ${seed}`,
    mask: portraitOf(seed, side).labels,
  }));
}
