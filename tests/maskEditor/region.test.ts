import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectedComponents } from "../../src/dataset/components.ts";
import type { LabelMap } from "../../src/dataset/labelMap.ts";
import { MaskEdit } from "../../web/shared/maskEditor/edit.ts";
import { doubled, placed, takeUp } from "../../web/shared/maskEditor/piece.ts";
import {
  connectedRegion,
  eachSpan,
  givenAway,
  labelRegion,
  type Region,
  rim,
} from "../../web/shared/maskEditor/region.ts";
import { maskOf, rowsOf } from "./handMasks.ts";

const masks = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height, max: 2 })
      .map((data): LabelMap => ({ width, height, data })),
  );
/** How often a region has each pixel. */
function pixelsOf({ width, data }: LabelMap, region: Region): number[] {
  const counts = new Array<number>(data.length).fill(0);
  eachSpan(region, (y, from, to) => {
    for (let x = from; x < to; x++) counts[y * width + x]++;
  });
  return counts;
}

describe("connectedRegion", () => {
  it("goes round corners and not across them", () => {
    const mask = maskOf("1101", "0101", "0111", "1000");
    expect(pixelsOf(mask, connectedRegion(mask, 0, 0)).join("")).toBe("1101010101110000");
    expect(connectedRegion(mask, -1, 0)).toEqual([]);
    expect(connectedRegion(mask, 0, 4)).toEqual([]);
  });

  it("is the component of the pixel, every pixel once: no gap is left", () => {
    fc.assert(
      fc.property(masks, fc.nat(), (mask, seed) => {
        const at = seed % mask.data.length;
        const { index } = connectedComponents(mask);
        const region = connectedRegion(mask, at % mask.width, Math.floor(at / mask.width));
        expect(pixelsOf(mask, region)).toEqual([...index].map((component) => Number(component === index[at])));
      }),
    );
  });
});

describe("labelRegion", () => {
  it("has every pixel of the label once", () => {
    fc.assert(
      fc.property(masks, (mask) => {
        expect(pixelsOf(mask, labelRegion(mask, 1))).toEqual([...mask.data].map((label) => Number(label === 1)));
      }),
    );
  });
});

describe("givenAway", () => {
  it("lets the surroundings grow together, a pixel a step", () => {
    const mask = maskOf("1112", "1902", "1902", "1112");
    const region = [...labelRegion(mask, 9), ...labelRegion(mask, 0)];
    expect(rowsOf({ ...mask, data: givenAway(mask, region) })).toEqual(["1112", "1112", "1122", "1112"]);
  });

  it("of one step takes the edge only", () => {
    const mask = maskOf("00000", "03330", "03330", "03330", "00000");
    expect(rowsOf({ ...mask, data: givenAway(mask, labelRegion(mask, 3), 1) })).toEqual([
      "00000",
      "00000",
      "00300",
      "00000",
      "00000",
    ]);
  });

  it("leaves nothing of the region but where nothing surrounds it, and nothing else changes", () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const labels = givenAway(mask, labelRegion(mask, 1));
        const all = mask.data.every((label) => label === 1);
        expect([...labels].some((label) => label === 1)).toBe(all);
        for (const [i, label] of mask.data.entries()) if (label !== 1) expect(labels[i]).toBe(label);
      }),
    );
  });
});

describe("rim", () => {
  it("is what touches a label by a side, and does not go round the edge of the mask", () => {
    const mask = maskOf("0001", "0000", "0100");
    expect(pixelsOf(mask, rim(mask, 1)).join("")).toBe("0010" + "0101" + "1010");
  });
});

describe("a piece", () => {
  it("moves, and leaves its surroundings grown together; back again is as before", () => {
    const edit = new MaskEdit(maskOf("000000", "011000", "000000"));
    const piece = takeUp(edit, 1, 1)!;
    const moved = placed(edit, piece, { ...piece.box, left: 4, top: 0 });
    expect(rowsOf(edit)).toEqual(["000011", "000000", "000000"]);
    placed(edit, moved, piece.box);
    expect(rowsOf(edit)).toEqual(["000000", "011000", "000000"]);
  });

  it("scales from its own shape, so that small and large again loses nothing", () => {
    const edit = new MaskEdit(maskOf("11000000", "10000000", "00000000", "00000000"));
    let piece = takeUp(edit, 0, 0)!;
    piece = placed(edit, piece, { left: 0, top: 0, width: 1, height: 1 });
    piece = placed(edit, piece, { left: 2, top: 0, width: 4, height: 4 });
    expect(rowsOf(edit)).toEqual(["00111100", "00111100", "00110000", "00110000"]);
  });

  it("doubled leaves the first where it lies", () => {
    const edit = new MaskEdit(maskOf("10000"));
    const piece = doubled(edit, takeUp(edit, 0, 0)!);
    const second = placed(edit, piece, { ...piece.box, left: 2 });
    placed(edit, second, { ...piece.box, left: 4 });
    expect(rowsOf(edit)).toEqual(["10001"]);
  });

  it("of a locked label stays, and another is laid behind it", () => {
    const edit = new MaskEdit(maskOf("1020"));
    edit.locked[2] = 1;
    expect(takeUp(edit, 2, 0)).toBeUndefined();
    const piece = takeUp(edit, 0, 0)!;
    const behind = placed(edit, piece, { ...piece.box, left: 2 });
    expect(rowsOf(edit)).toEqual(["0020"]);
    placed(edit, behind, { ...piece.box, left: 3 });
    expect(rowsOf(edit)).toEqual(["0021"]);
  });

  it("goes over the edge and comes back", () => {
    const edit = new MaskEdit(maskOf("110", "000"));
    const piece = takeUp(edit, 0, 0)!;
    const out = placed(edit, piece, { ...piece.box, left: -9 });
    expect(rowsOf(edit)).toEqual(["000", "000"]);
    placed(edit, out, { ...piece.box, left: 1, top: 1 });
    expect(rowsOf(edit)).toEqual(["000", "011"]);
  });
});
