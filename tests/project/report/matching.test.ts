import { describe, expect, it } from "vitest";
import { matchIds } from "../../../src/project/report/matching.ts";

describe("matchIds()", () => {
  it("matches the pairs that share most points first, each id once, and gives the rest the ids left over", () => {
    // Label 0 shares three points with id 7 and one with 9; label 1 shares two with 7 and none with 9; label 2 one with 7.
    const labels = Uint16Array.of(0, 0, 0, 0, 1, 1, 2);
    const ids = Uint16Array.of(7, 7, 7, 9, 7, 7, 7);
    expect(matchIds(labels, ids, [3, 7, 9])).toEqual(
      new Map([
        [0, 7],
        [1, 3],
        [2, 9],
      ]),
    );
  });

  it("refuses more labels than ids", () => {
    expect(() => matchIds(Uint16Array.of(0, 1), Uint16Array.of(4, 4), [4])).toThrow("more labels than the 1 ids");
  });
});
