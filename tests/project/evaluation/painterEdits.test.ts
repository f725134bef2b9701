import { describe, expect, it } from "vitest";
import type { Painter } from "../../../src/models/painter/painter.ts";
import { measureEdits, type Pair } from "../../../src/project/evaluation/painter/edits.ts";

const side = 16;
const classes = ["wall", "box", "floor"].map((name, id) => ({ name, color: `#00000${id}`, background: id === 0 }));
/** A box of class 1 on a wall, above a floor; and their picture, in plain colours. */
const labels = Uint8Array.from({ length: side * side }, (_, p) => {
  const [x, y] = [p % side, Math.floor(p / side)];
  return y >= 13 ? 2 : x >= 6 && x < 10 && y >= 6 && y < 10 ? 1 : 0;
});
const COLOURS = [
  [200, 200, 200],
  [200, 30, 30],
  [20, 90, 20],
];
const rgbaOf = (mask: Uint8Array): Uint8ClampedArray<ArrayBuffer> =>
  Uint8ClampedArray.from([...mask].flatMap((id) => [...COLOURS[id], 255]));
const rgb = Uint8Array.from([...labels].flatMap((id) => COLOURS[id]));
const pair: Pair = { labels, rgb };

/** Paints any mask like `of(mask)`. */
const painter = (of: (mask: Uint8Array) => Uint8Array, encodes = true): Painter =>
  ({
    about: { side, classes },
    style: () => new Float32Array(1),
    paint: async (masks: readonly Uint8Array[]) => masks.map((mask) => rgbaOf(of(mask))),
    encode: encodes ? async () => new Float32Array(1) : undefined,
  }) as unknown as Painter;

describe("measureEdits()", () => {
  it("finds that a painter which draws every mask follows all edits, by its paintings and by the pictures", async () => {
    const { figures, sheet } = await measureEdits(
      painter((mask) => mask),
      [pair],
      undefined,
      {},
    );
    expect(figures.map(({ edit }) => edit)).toEqual(["enlarge", "move", "remove", "duplicate"]);
    for (const one of figures)
      expect(one).toEqual({ ...one, masks: 1, drawn: 1, truth: 1, unedited: 0, obeyed: null, pasted: null });
    expect(sheet).toHaveLength(4);
  });

  it("finds that one which draws the same whatever it is asked follows none", async () => {
    const { figures } = await measureEdits(
      painter(() => labels),
      [pair],
      undefined,
      {},
    );
    for (const { drawn, truth, unedited } of figures) expect([drawn, truth, unedited]).toEqual([0, 0, 0]);
  });

  it("leaves out the pictures without an encoder, and asks the judge about paintings and pasted pictures", async () => {
    const blind = {
      see: async (pictures: readonly Uint8Array[]) => pictures.map(() => labels),
      dispose: async () => {},
    };
    const { figures } = await measureEdits(
      painter((mask) => mask, false),
      [pair],
      blind,
      {},
    );
    for (const one of figures)
      expect(one).toMatchObject({ drawn: 1, truth: null, unedited: null, obeyed: 0, pasted: 0 });
    const sharp = {
      see: async (pictures: readonly Uint8Array[]) =>
        pictures.map(
          (picture) =>
          Uint8Array.from({ length: side * side }, (_, p) => COLOURS.findIndex(([red, green]) => red === picture[3 * p] && green === picture[3 * p + 1])), // biome-ignore format: a line
        ),
      dispose: async () => {},
    };
    for (const one of (
      await measureEdits(
        painter((mask) => mask),
        [pair],
        sharp,
        {},
      )
    ).figures)
      expect(one).toMatchObject({ obeyed: 1, pasted: 1 });
  });

  it("has no figures of masks without a part that can be edited", async () => {
    const wall = { labels: new Uint8Array(side * side), rgb };
    expect(
      await measureEdits(
        painter((mask) => mask),
        [wall],
        undefined,
        {},
      ),
    ).toEqual({ figures: [], sheet: [] });
  });
});
