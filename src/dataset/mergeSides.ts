import { mirrorClasses } from "./mirrorClasses.ts";

export interface MergedNames {
  readonly names: readonly string[];
  /** The merged class of each class. */
  readonly idOf: Uint8Array;
}

const SIDE = /(?:^|[\s._-]+)(?:l|r|left|right)(?=$|[\s._-])/i;

/**
 * Classes of which left and right count as one: "l_eye" and "r_eye" become "eye", which stands where the first of them stood. What
 * has no partner keeps its name: the 18 parts of CelebAMask-HQ become the paper's 15.
 */
export function mergeSides(names: readonly string[]): MergedNames {
  const partner = mirrorClasses(names);
  const merged: string[] = [];
  const idOf = new Uint8Array(names.length);
  for (const [id, name] of names.entries()) {
    const other = partner[id];
    if (other < id) {
      idOf[id] = idOf[other];
      continue;
    }
    idOf[id] = merged.length;
    merged.push(other === id ? name : name.replace(SIDE, "").replace(/^[\s._-]+/, ""));
  }
  return { names: merged, idOf };
}
