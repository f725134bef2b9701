import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskEdit } from "../../web/shared/maskEditor/edit.ts";
import { History, MOST_BYTES } from "../../web/shared/maskEditor/history.ts";
import { TILE, tileBox, tileCount } from "../../web/shared/maskEditor/tiles.ts";
import { blank, maskOf, rowsOf } from "./handMasks.ts";

/** Steps of spans on a mask with tiles that are cut at both edges. */
const size = { width: TILE + 9, height: 2 * TILE + 5 };
const span = fc.record({
  y: fc.integer({ min: -3, max: size.height + 3 }),
  from: fc.integer({ min: -9, max: size.width }),
  length: fc.integer({ min: 0, max: size.width }),
  label: fc.integer({ min: 0, max: 3 }),
});
const steps = fc.array(fc.array(span, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });

describe("MaskEdit", () => {
  it("paints within the mask, and never over a locked label", () => {
    const edit = new MaskEdit(maskOf("0120", "0120"));
    edit.locked[2] = 1;
    edit.fill(0, -5, 99, 3);
    edit.fill(7, 0, 4, 3);
    expect(rowsOf(edit)).toEqual(["3323", "0120"]);
  });

  it("refuses labels that are not of the mask's size", () => {
    expect(() => new MaskEdit({ width: 2, height: 2, data: new Uint8Array(3) })).toThrow(
      "a mask of 2 x 2 has 4 labels, got 3",
    );
    expect(() => new MaskEdit(blank(2)).replace(new Uint8Array(5))).toThrow("expected 4 labels, got 5");
  });

  it("makes no step of what changes nothing", () => {
    const edit = new MaskEdit(maskOf("01"));
    edit.fill(0, 1, 2, 1);
    expect(edit.commit()).toBe(false);
    edit.replace(Uint8Array.of(0, 1));
    expect(edit.history.canUndo).toBe(false);
  });

  it("undo and redo restore every label, step by step, whatever was painted", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const edit = new MaskEdit(blank(size.width, size.height));
        const seen = [edit.data.slice()];
        for (const step of all) {
          for (const { y, from, length, label } of step) edit.fill(y, from, from + length, label);
          if (edit.commit()) seen.push(edit.data.slice());
        }
        for (const state of seen.toReversed()) {
          expect(Buffer.compare(edit.data, state)).toBe(0);
          edit.undo();
        }
        expect(edit.history.canUndo).toBe(false);
        for (const state of seen) {
          expect(Buffer.compare(edit.data, state)).toBe(0);
          edit.redo();
        }
        expect(edit.history.canRedo).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it("tells every tile in which a label changes: when painting, taking back, undoing, doing again and replacing", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const edit = new MaskEdit(blank(size.width, size.height));
        const told = new Set<number>();
        edit.watch((tile) => told.add(tile));
        const check = (act: () => void): void => {
          const before = edit.data.slice();
          told.clear();
          act();
          const changed = new Set<number>();
          for (let tile = 0; tile < tileCount(size); tile++) {
            const { left, top, width, height } = tileBox(size, tile);
            for (let y = top; y < top + height; y++)
              for (let x = left; x < left + width; x++)
                if (before[y * size.width + x] !== edit.data[y * size.width + x]) changed.add(tile);
          }
          for (const tile of changed) expect(told).toContain(tile);
        };
        for (const [i, step] of all.entries()) {
          check(() => {
            for (const { y, from, length, label } of step) edit.fill(y, from, from + length, label);
          });
          if (i % 3 === 2) check(() => edit.rollback());
          edit.commit();
        }
        check(() => edit.undo());
        check(() => edit.redo());
        check(() => edit.replace(new Uint8Array(size.width * size.height).fill(1)));
      }),
      { numRuns: 20 },
    );
  });

  it("tells of a change once it is made: who looks then sees it", () => {
    const edit = new MaskEdit(maskOf("000"));
    const seen: string[] = [];
    edit.watch(() => seen.push(rowsOf(edit)[0]));
    edit.fill(0, 0, 2, 1);
    edit.commit();
    edit.undo();
    edit.redo();
    edit.fill(0, 2, 3, 2);
    edit.rollback();
    edit.replace(Uint8Array.of(2, 2, 2));
    expect(seen).toEqual(["110", "000", "110", "112", "110", "222"]);
  });

  it("tiles cover every pixel once", () => {
    const covered = new Uint8Array(size.width * size.height);
    for (let tile = 0; tile < tileCount(size); tile++) {
      const { left, top, width, height } = tileBox(size, tile);
      for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) covered[y * size.width + x]++;
    }
    expect(covered.every((n) => n === 1)).toBe(true);
  });

  it("takes back a stroke under way before it undoes another", () => {
    const edit = new MaskEdit(maskOf("000"));
    edit.fill(0, 0, 1, 1);
    edit.commit();
    edit.fill(0, 1, 2, 2);
    edit.undo();
    expect(rowsOf(edit)).toEqual(["000"]);
    edit.redo();
    expect(rowsOf(edit)).toEqual(["100"]);
  });
});

describe("History", () => {
  it("holds 30 steps over all of 1024 x 1024 in under 50 MB, undone or not", () => {
    const edit = new MaskEdit(blank(1024));
    for (let step = 1; step <= 30; step++) edit.replace(new Uint8Array(1024 * 1024).fill(step));
    expect(edit.history.bytes).toBe(30 * 1024 * 1024);
    expect(edit.history.bytes).toBeLessThan(50e6);
    for (let step = 29; step >= 0; step--) {
      edit.undo();
      expect(edit.data[0]).toBe(step);
    }
    expect(edit.history.canUndo).toBe(false);
    expect(edit.history.bytes).toBe(30 * 1024 * 1024);
    expect(MOST_BYTES).toBeLessThan(52e6);
  });

  it("drops the oldest steps beyond its bytes, and keeps the last however large", () => {
    const mask = blank(2);
    const history = new History(mask, 9);
    for (let i = 0; i < 5; i++) history.push(new Map([[0, new Uint8Array(4).fill(i)]]));
    expect(history.bytes).toBe(8);
    expect([history.undo(), history.undo(), history.undo()]).toEqual([[0], [0], []]);
    expect(mask.data[0]).toBe(3);
    const small = new History(mask, 1);
    small.push(new Map([[0, new Uint8Array(4)]]));
    expect(small.canUndo).toBe(true);
  });

  it("forgets what was undone when something else is done", () => {
    const edit = new MaskEdit(maskOf("00"));
    edit.fill(0, 0, 1, 1);
    edit.commit();
    edit.undo();
    edit.fill(0, 1, 2, 2);
    edit.commit();
    expect(edit.history.canRedo).toBe(false);
  });
});
