import { describe, expect, it } from "vitest";
import { labelsAcross, paintSquares } from "../../web/shared/parts/labelPaint.ts";

describe("paintSquares()", () => {
  it("fills every label's square, and draws a line on each side of a border between parts", () => {
    // 2 x 2 labels of 3 canvas pixels: parts 0 and 1 above, 0 and 1 below.
    const out = new Uint32Array(36);
    paintSquares(out, {
      ...{ across: 2, scale: 3, parts: Uint16Array.of(0, 1, 0, 1) },
      ...{ fills: Uint32Array.of(10, 20), edges: Uint32Array.of(11, 21) },
    });
    const row = [10, 10, 11, 21, 20, 20];
    expect(Array.from({ length: 6 }, (_, y) => [...out.subarray(6 * y, 6 * y + 6)])).toEqual(Array(6).fill(row));
  });

  it("draws lines above and below, and none along the picture's edge", () => {
    const out = new Uint32Array(16);
    paintSquares(out, {
      ...{ across: 2, scale: 2, parts: Uint16Array.of(0, 0, 1, 1) },
      ...{ fills: Uint32Array.of(1, 2), edges: Uint32Array.of(8, 9) },
    });
    expect([...out]).toEqual([1, 1, 1, 1, 8, 8, 8, 8, 9, 9, 9, 9, 2, 2, 2, 2]);
  });

  it("draws no lines where a label is one pixel", () => {
    const out = new Uint32Array(4);
    paintSquares(out, {
      ...{ across: 2, scale: 1, parts: Uint16Array.of(0, 1, 1, 0) },
      ...{ fills: Uint32Array.of(1, 2), edges: Uint32Array.of(8, 9) },
    });
    expect([...out]).toEqual([1, 2, 2, 1]);
  });
});

describe("labelsAcross()", () => {
  it("is all labels of a picture, or one per pixel that is shown where there are clearly more", () => {
    expect([labelsAcross(62, 64), labelsAcross(62, 80), labelsAcross(62, 256), labelsAcross(0, 64)]).toEqual([
      64, 62, 62, 64,
    ]);
  });
});
