import { describe, expect, it } from "vitest";
import { RandomState } from "../../../src/tensor/random.ts";
import {
  editableParts,
  editMask,
  editSources,
  type MaskEdit,
  randomlyEdited,
} from "../../../src/train/painter/maskEdits.ts";

describe("masks with an edited part", () => {
  const side = 16;
  /** A square of 4 x 4 pixels of class 1 in the middle, on class 0. */
  const mask = Uint8Array.from({ length: side * side }, (_, p) => {
    const [x, y] = [p % side, Math.floor(p / side)];
    return x >= 6 && x < 10 && y >= 6 && y < 10 ? 1 : 0;
  });
  const edited = (edit: MaskEdit): Uint8Array => editMask(mask, side, 1, edit, new RandomState(1));
  const pixels = (labels: Uint8Array): number => labels.reduce((n, id) => n + id, 0);

  it("editableParts() are neither background, nor tiny, nor most of the picture", () => {
    expect(editableParts(mask, [true, false])).toEqual([1]);
    expect(editableParts(mask, [false, false])).toEqual([1]);
    expect(editableParts(mask, [true, true])).toEqual([]);
    expect(
      editableParts(
        mask.map((id, p) => (p === 0 ? 2 : id)),
        [true, true, false],
      ),
    ).toEqual([]);
  });

  it("editMask() enlarges about the middle, moves, removes and doubles", () => {
    const larger = edited("enlarge");
    expect(pixels(larger)).toBe(36);
    expect(larger.every((id, p) => id >= mask[p])).toBe(true);
    const moved = edited("move");
    expect(pixels(moved)).toBe(16);
    expect(moved).not.toEqual(mask);
    expect(pixels(edited("remove"))).toBe(0);
    const twice = edited("duplicate");
    expect(pixels(twice)).toBeGreaterThan(16);
    expect(twice.every((id, p) => id >= mask[p])).toBe(true);
    // The mask itself stays.
    expect(pixels(mask)).toBe(16);
  });

  it("editSources() fills in what goes from beyond the nearest edge, within its class", () => {
    /** Column x of the picture: a part between two others. */
    const classOf = (x: number): number => (x >= 6 && x < 10 ? 1 : x >= 4 && x < 6 ? 2 : 0);
    const columns = Uint8Array.from({ length: side * side }, (_, p) => classOf(p % side));
    const removed = editSources(columns, side, 1, "remove", new RandomState(1));
    // To the right, mirrored at column 10: 9 from 11 and 8 from 12. To the left class 2 is two pixels wide: 6 and 7 from 4.
    expect([5, 6, 7, 8, 9, 10].map((x) => removed[7 * side + x] % side)).toEqual([5, 4, 4, 12, 11, 10]);
  });

  it("randomlyEdited() is every kind of edit sooner or later, drawn by the seed alone, and leaves masks without parts", () => {
    const drawn = (seed: number): Uint8Array => randomlyEdited(mask, side, [true, false], new RandomState(seed));
    const areas = Array.from({ length: 60 }, (_, seed) => pixels(drawn(seed)));
    expect(drawn(7)).toEqual(drawn(7));
    expect(areas).toContain(0);
    expect(Math.max(...areas)).toBeGreaterThan(16);
    // Moved by a few pixels: as large as before, elsewhere.
    expect(areas.some((area, seed) => area === 16 && drawn(seed).some((id, p) => id !== mask[p]))).toBe(true);
    expect(randomlyEdited(mask, side, [true, true], new RandomState(0))).toBe(mask);
  });
});
