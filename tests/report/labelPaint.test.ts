import { describe, expect, it } from "vitest";
import { paintOutlined } from "../../web/shared/parts/labelPaint.ts";

describe("paintOutlined()", () => {
  it("fills every label's square, and draws a line on each side of a border between parts", () => {
    // 2 x 2 labels of 3 canvas pixels: 0 and 1 above, 0 and 2 below; 1 and 2 are one part.
    const ids = Uint16Array.of(0, 1, 0, 2);
    const out = new Uint32Array(36);
    paintOutlined(out, ids, 0, 2, 3, Uint16Array.of(0, 1, 1), Uint32Array.of(10, 20, 30), Uint32Array.of(11, 21, 31));
    const rows = Array.from({ length: 6 }, (_, y) => [...out.subarray(6 * y, 6 * y + 6)]);
    const above = [10, 10, 11, 21, 20, 20];
    const below = [10, 10, 11, 31, 30, 30];
    expect(rows).toEqual([above, above, above, below, below, below]);
  });

  it("draws lines above and below, and none along the picture's edge", () => {
    const out = new Uint32Array(16);
    const each = Uint32Array.of(1, 2);
    paintOutlined(out, Uint16Array.of(0, 0, 1, 1), 0, 2, 2, Uint16Array.of(0, 1), each, Uint32Array.of(8, 9));
    expect([...out]).toEqual([1, 1, 1, 1, 8, 8, 8, 8, 9, 9, 9, 9, 2, 2, 2, 2]);
  });
});
