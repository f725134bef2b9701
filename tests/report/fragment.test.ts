import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../src/cluster/tree/hierarchy.ts";
import { atFragment, fragmentOf } from "../../web/shared/parts/fragment.ts";
import { sightsOf } from "../../web/shared/parts/sights.ts";
import { initialState } from "../../web/shared/parts/state.ts";

/** At 4 clusters 3 joins 0. */
const range = {
  ...hierarchyOf(4, [
    { k: 4, kept: 0, removed: 3 },
    { k: 3, kept: 2, removed: 1 },
    { k: 2, kept: 0, removed: 1 },
  ]),
  pictures: 5,
};
const start = initialState(3);

describe("the page's address", () => {
  it("leads back to K, the part and the picture", () => {
    const state = { ...start, k: 4, isolated: 3, picture: 2 };
    expect(fragmentOf(state, "#run")).toBe("#k=4&part=3&picture=3");
    expect(atFragment(start, "#k=4&part=3&picture=3", range)).toEqual(state);
  });

  it("keeps what else it says", () => {
    expect(fragmentOf(start, "#screen=parts&at=a%2Fb&part=9")).toBe("#screen=parts&at=a%2Fb&k=3");
  });

  it("is left aside where it asks for what there is not", () => {
    expect(atFragment(start, "#k=99&part=1&picture=9", range)).toMatchObject({ k: 4, isolated: 1, picture: 4 });
    expect(atFragment(start, "#k=-1&part=3&picture=x", range)).toEqual(start);
    expect(atFragment(start, "#parts", range)).toEqual(start);
  });
});

describe("sightsOf()", () => {
  it("finds the picture that shows most of a part, and a square around it that stays within", () => {
    // Two pictures of 32 x 32: part 7 is one pixel of the first, and a bar of 10 x 2 at the lower edge of the second.
    const ids = new Uint16Array(2 * 32 ** 2);
    ids[5] = 7;
    for (let y = 30; y < 32; y++) for (let x = 20; x < 30; x++) ids[32 ** 2 + y * 32 + x] = 7;
    expect(sightsOf(ids, 32).get(7)).toEqual({ picture: 1, x: 19, y: 20, side: 12 });
  });
});
