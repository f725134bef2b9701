import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resizedLabels } from "../../src/dataset/labelMap.ts";
import { decodePng, encodePng } from "../../src/dataset/png.ts";
import { colorPng, indexPng, readMask } from "../../web/shared/maskEditor/maskFile.ts";
import { maskOf, rowsOf } from "./handMasks.ts";

const classes = [
  { name: "ground", color: "#ff0000" },
  { name: "sky", color: "#0000ff" },
  { name: "tree", color: "#00ff00" },
];

describe("masks as files", () => {
  it("index and colour PNGs are read back as they were, whatever the mask", () => {
    const masks = fc
      .record({ width: fc.integer({ min: 1, max: 7 }), height: fc.integer({ min: 1, max: 7 }) })
      .chain(({ width, height }) =>
        fc
          .uint8Array({ minLength: width * height, maxLength: width * height, max: 2 })
          .map((data) => ({ width, height, data })),
      );
    fc.assert(
      fc.property(masks, (mask) => {
        for (const bytes of [indexPng(mask, classes), colorPng(mask, classes)])
          expect(readMask(bytes, classes)).toEqual({ ...mask, guessed: 0 });
      }),
    );
  });

  it("an index PNG shows the classes' colours", () => {
    const png = decodePng(indexPng(maskOf("012"), classes));
    expect([...png.data]).toEqual([0, 1, 2]);
    expect([...png.palette!.subarray(0, 9)]).toEqual([255, 0, 0, 0, 0, 255, 0, 255, 0]);
  });

  it("colours of no class become the nearest one, and are counted", () => {
    const data = Uint8Array.of(250, 4, 0, 0, 0, 255);
    expect(readMask(encodePng({ width: 2, height: 1, data }), classes)).toEqual({
      ...{ width: 2, height: 1, guessed: 1 },
      data: Uint8Array.of(0, 1),
    });
  });

  it("a palette of other numbers is read by its colours", () => {
    const palette = new Uint8Array(3 * 10);
    palette.set([0, 0, 255], 3 * 9);
    const png = encodePng({ width: 1, height: 1, data: Uint8Array.of(9), palette });
    expect(readMask(png, classes)).toMatchObject({ data: Uint8Array.of(1), guessed: 0 });
  });

  it("refuses numbers that no class has, 16 bits, and what is no PNG", () => {
    const grey = encodePng({ width: 1, height: 1, data: Uint8Array.of(7) });
    expect(() => readMask(grey, classes)).toThrow("the mask has the class 7, but there are 3 (0 to 2)");
    expect(() => readMask(new Uint8Array(40), classes)).toThrow("not a PNG");
  });

  it("takes another size by the labels under the pixels' centres", () => {
    expect(rowsOf(resizedLabels(maskOf("01", "20"), { width: 4, height: 2 }))).toEqual(["0011", "2200"]);
    expect(rowsOf(resizedLabels(maskOf("0122", "0122"), { width: 2, height: 1 }))).toEqual(["12"]);
  });
});
