import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSeries, encodeSeries, followMerges } from "../../../src/project/report/series.ts";

describe("label series", () => {
  it("encodeSeries() writes the first frame, then counts, distances and labels, as worked by hand", () => {
    const bytes = encodeSeries([Uint16Array.of(1, 200, 3), Uint16Array.of(1, 7, 4)]);
    // 200 = 0b1_1001000: low seven bits with the high bit set, then 1. Two changes: at 1 (label 7), one further on (label 4).
    expect([...bytes]).toEqual([1, 200, 1, 3, 2, 1, 7, 1, 4]);
  });

  it("decodeSeries() returns the frames of encodeSeries() in any order of access", () => {
    const frames = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 })).chain(([pixels, count]) =>
      fc.array(fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: pixels, maxLength: pixels }), {
        minLength: count,
        maxLength: count,
      }),
    );
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (rows, jumps) => {
        const series = decodeSeries(
          encodeSeries(rows.map((row) => Uint16Array.from(row))),
          rows[0].length,
          rows.length,
        );
        for (const jump of [...rows.keys(), ...jumps]) {
          const frame = jump % rows.length;
          expect([...series.at(frame)]).toEqual(rows[frame]);
        }
      }),
      { seed: 7 },
    );
  });

  it("followMerges() makes a merge without other changes cost one byte", () => {
    const merges = [{ kept: 2, removed: 5 }];
    const frames = [Uint16Array.of(5, 2, 9, 5), Uint16Array.of(2, 2, 9, 2)];
    const bytes = encodeSeries(frames, followMerges(merges));
    expect(bytes.length).toBe(4 + 1);
    expect([...decodeSeries(bytes, 4, 2, followMerges(merges)).at(1)]).toEqual([2, 2, 9, 2]);
  });

  it("encodeSeries() refuses frames of unequal length", () => {
    expect(() => encodeSeries([Uint16Array.of(1, 2), Uint16Array.of(1)])).toThrow(
      "frame 1 has 1 labels, the first has 2",
    );
  });

  it("decodeSeries() refuses bytes that end early or go on", () => {
    const bytes = encodeSeries([Uint16Array.of(1, 2, 3)]);
    expect(() => decodeSeries(bytes.subarray(0, 2), 3, 1)).toThrow("end too early");
    expect(() => decodeSeries(bytes, 2, 1)).toThrow("1 bytes are left over");
  });

  it("decodeSeries() refuses a frame that does not exist", () => {
    const series = decodeSeries(encodeSeries([Uint16Array.of(1)]), 1, 1);
    expect(() => series.at(1)).toThrow("expected a frame in [0, 1), got 1");
  });
});
