import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hierarchyOf } from "../../src/cluster/tree/hierarchy.ts";
import { type Action, focusOf, initialState, reduce, type State } from "../../web/shared/parts/state.ts";

/** At 5 clusters 3 joins 0; at 4, 1 joins 4; at 3, 0 joins 4. */
const tree = {
  ...hierarchyOf(5, [
    { k: 5, kept: 0, removed: 3 },
    { k: 4, kept: 3, removed: 1 },
    { k: 3, kept: 2, removed: 0 },
    { k: 2, kept: 0, removed: 1 },
  ]),
  pictures: 3,
};
const run = (state: State, ...actions: Action[]): State =>
  actions.reduce((s, action) => reduce(s, action, tree), state);
const start = initialState(4);

describe("reduce()", () => {
  it("keeps K whole and within the tree", () => {
    expect(run(start, { type: "setK", k: 99 }).k).toBe(5);
    expect(run(start, { type: "setK", k: -1 }).k).toBe(2);
    expect(run(start, { type: "setK", k: 2.6 }).k).toBe(3);
    expect(run(start, { type: "stepK", by: -9 }).k).toBe(2);
  });

  it("follows the isolated cluster through merges", () => {
    const isolated = run(start, { type: "setK", k: 5 }, { type: "isolate", id: 3 });
    expect(run(isolated, { type: "stepK", by: -1 }).isolated).toBe(0);
    expect(run(isolated, { type: "setK", k: 2 }).isolated).toBe(4);
  });

  it("isolates on the first click and releases on the second", () => {
    const once = run(start, { type: "isolate", id: 2 });
    expect(focusOf(once)).toBe(2);
    expect(focusOf(run(once, { type: "isolate", id: 2 }))).toBeNull();
  });

  it("shows what is pointed at before what is isolated", () => {
    const both = run(start, { type: "isolate", id: 2 }, { type: "hover", id: 0 });
    expect(focusOf(both)).toBe(0);
    expect(focusOf(run(both, { type: "hover", id: null }))).toBe(2);
  });

  it("keeps the label with what a finger tapped, and drops it with the second tap", () => {
    const place = { x: 10, y: 20 };
    const tapped = run(start, { type: "isolate", id: 2, place });
    expect(tapped).toMatchObject({ isolated: 2, hovered: 2, place });
    expect(run(tapped, { type: "isolate", id: 2, place })).toMatchObject({
      isolated: null,
      hovered: null,
      place: null,
    });
  });

  it("shows pictures that there are", () => {
    expect(run(start, { type: "picture", index: 2 }).picture).toBe(2);
    expect(run(start, { type: "picture", index: 3 }).picture).toBe(2);
    expect(run(start, { type: "picture", index: -1 }).picture).toBe(0);
  });

  it("plays down to the last K, stops there, and starts over from there", () => {
    const playing = run(start, { type: "play" }, { type: "tick" });
    expect(playing).toMatchObject({ k: 3, playing: true });
    const end = run(playing, { type: "tick" });
    expect(end).toMatchObject({ k: 2, playing: false });
    expect(run(end, { type: "play" })).toMatchObject({ k: 5, playing: true });
  });

  it("stops playing when the reader takes the slider, and ignores a tick that comes late", () => {
    const taken = run(start, { type: "play" }, { type: "setK", k: 3 });
    expect(taken).toMatchObject({ k: 3, playing: false });
    expect(run(taken, { type: "tick" })).toBe(taken);
  });

  it("never leaves the tree nor focuses a cluster that is not alive, whatever is done", () => {
    const action: fc.Arbitrary<Action> = fc.oneof(
      fc.record({ type: fc.constant("setK" as const), k: fc.integer({ min: -3, max: 9 }) }),
      fc.record({ type: fc.constant("stepK" as const), by: fc.integer({ min: -2, max: 2 }) }),
      fc.constantFrom<Action>({ type: "play" }, { type: "tick" }, { type: "pause" }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(action), (id, actions) => {
        const end = run(initialState(5), { type: "isolate", id }, ...actions);
        expect(end.k).toBeGreaterThanOrEqual(2);
        expect(end.k).toBeLessThanOrEqual(5);
        expect([...tree.aliveAt(end.k)]).toContain(end.isolated);
      }),
      { seed: 11 },
    );
  });
});
