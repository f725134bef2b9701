const SIDES: Readonly<Record<string, string>> = { l: "r", r: "l", left: "right", right: "left" };

/**
 * The id that each class has in a picture turned left to right: that of the other side for classes whose names differ by the words
 * left and right, or l and r (l_eye and r_eye, "left ear" and "right ear"), its own for all others. l_lip, the lower lip of
 * CelebAMask-HQ, stays, as there is no r_lip.
 */
export function mirrorClasses(names: readonly string[]): Uint8Array {
  const ids = new Map(names.map((name, id) => [name.toLowerCase(), id]));
  return Uint8Array.from(names, (name, id) => {
    // Words between spaces, hyphens, underscores and dots; the separators stay where they are.
    const words = name.toLowerCase().split(/([\s._-]+)/);
    const others = words.flatMap((word, i) => {
      const other = Object.hasOwn(SIDES, word) ? SIDES[word] : undefined;
      const partner = other === undefined ? undefined : ids.get(words.with(i, other).join(""));
      return partner === undefined ? [] : [partner];
    });
    return others[0] ?? id;
  });
}
