import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { connectedComponents } from "../../src/dataset/components.ts";
import { checkClasses, countLabels, paletteOf } from "../../src/dataset/labelMap.ts";
import { decodePng, encodePng, PngError } from "../../src/dataset/png.ts";
import { cocoCounts, cocoRuns, columnRuns, runLengths } from "../../src/dataset/rle.ts";
import { splitOf } from "../../src/dataset/split.ts";
import { tarEntry } from "../../src/dataset/tar.ts";
import { classes } from "./samples.ts";

const map = (rows: string[]) => ({
  width: rows[0].length,
  height: rows.length,
  data: Uint8Array.from(rows.join(""), (c) => (c === "x" ? 255 : Number(c))),
});

describe("connectedComponents()", () => {
  it("finds areas joined by edges, numbered by their first pixel, and leaves ignored pixels out", () => {
    const { index, list } = connectedComponents(map(["0110", "1x01", "1111"]));
    expect([...index]).toEqual([0, 1, 1, 2, 3, -1, 4, 3, 3, 3, 3, 3]);
    expect(list.map((c) => [c.label, c.area])).toEqual([
      [0, 1],
      [1, 2],
      [0, 1],
      [1, 6],
      [0, 1],
    ]);
    expect(list[3]).toMatchObject({ box: [0, 1, 4, 2], centroid: [1.5, 10 / 6] });
  });

  it("covers every pixel of each class once, whatever the map", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, 255), { minLength: 42, maxLength: 42 }), (labels) => {
        const labelMap = { width: 7, height: 6, data: Uint8Array.from(labels) };
        const { index, list } = connectedComponents(labelMap);
        const area = new Float64Array(256);
        for (const c of list) area[c.label] += c.area;
        const counts = countLabels(labelMap);
        expect([...area.subarray(0, 255)]).toEqual([...counts.subarray(0, 255)]);
        index.forEach((c, p) => {
          expect(c < 0 ? 255 : list[c].label).toBe(labels[p]);
          if (p % 7 > 0 && labels[p] === labels[p - 1]) expect(index[p - 1]).toBe(c);
          if (p >= 7 && labels[p] === labels[p - 7]) expect(index[p - 7]).toBe(c);
        });
      }),
    );
  });
});

describe("encodePng() and decodePng()", () => {
  it("keep indices and palette, and sharp sees the colours", async () => {
    const { width, height, data } = map(["012x", "2210"]);
    const png = encodePng({ width, height, data, palette: paletteOf(classes) });
    expect(decodePng(png)).toMatchObject({ width, height, colorType: 3, bitDepth: 8, channels: 1, data });
    const seen = await sharp(png).removeAlpha().raw().toBuffer();
    expect([...seen.subarray(0, 12)]).toEqual([16, 16, 16, 255, 136, 0, 0, 136, 255, 224, 224, 192]);
  });

  it.each([1, 2, 4, 8])("read %i-bit palettes as others write them", async (bits) => {
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (Math.floor(i / 3) % 2) * 255);
    const png = await sharp(rgb, { raw: { width: 5, height: 3, channels: 3 } })
      .png({ palette: true, colours: 2 ** bits, dither: 0 })
      .toBuffer();
    const { data, palette } = decodePng(png);
    expect([...data].flatMap((v) => [...palette!.subarray(v * 3, v * 3 + 3)])).toEqual([...rgb]);
  });

  it.each([3, 4, 1])("read %i channels through every line filter", async (channels) => {
    const raw = Uint8Array.from({ length: 40 * 30 * channels }, (_, i) => (i * i) >> 5);
    let image = sharp(raw, { raw: { width: 40, height: 30, channels: channels as 1 | 3 | 4 } });
    if (channels === 1) image = image.toColourspace("b-w");
    const png = await image.png({ adaptiveFiltering: true }).toBuffer();
    expect([...decodePng(png).data]).toEqual([...raw]);
  });

  it("refuse what is damaged, with the reason", () => {
    const png = encodePng({ width: 4, height: 4, data: new Uint8Array(16) });
    const broken = (change: (bytes: Uint8Array) => Uint8Array) => () => decodePng(change(png.slice()));
    expect(broken((b) => b.subarray(0, b.length - 20))).toThrow("cut short");
    expect(broken((b) => b.fill(7, 42, 46))).toThrow("checksum");
    expect(broken((b) => b.subarray(3))).toThrow("not a PNG");
    expect(() => decodePng(new Uint8Array())).toThrow(PngError);
  });
});

describe("COCO run lengths", () => {
  it("are pycocotools' text", () => {
    expect(runLengths(6, (i) => i === 2 || i === 3)).toEqual([2, 2, 2]);
    expect(runLengths(3, () => true)).toEqual([0, 3]);
    // mask.encode of a 4x4 array of ones, and of one with ones in [1:3, 1:3].
    expect(cocoCounts([0, 16])).toBe("0`0");
    expect(cocoCounts([5, 2, 2, 2, 5])).toBe("52203");
  });

  it("of all components at once are those of each", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 255), { minLength: 30, maxLength: 30 }), (labels) => {
        const [width, height] = [5, 6];
        const { index, list } = connectedComponents({ width, height, data: Uint8Array.from(labels) });
        const each = list.map((_, c) =>
          runLengths(30, (p) => index[(p % height) * width + Math.floor(p / height)] === c),
        );
        expect(columnRuns(index, list.length, width, height)).toEqual(each);
      }),
    );
  });

  it("survive the round trip", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 26 }), { minLength: 1, maxLength: 40 }), (runs) => {
        expect(cocoRuns(cocoCounts(runs))).toEqual(runs);
      }),
    );
  });
});

it("splitOf() gives each split its share and never changes its mind", () => {
  const counts = { train: 0, val: 0, test: 0 };
  for (let i = 0; i < 20_000; i++) counts[splitOf(`seed${i}`, { val: 0.1, test: 0.05 })]++;
  expect(Math.abs(counts.val - 2000)).toBeLessThan(150);
  expect(Math.abs(counts.test - 1000)).toBeLessThan(110);
  expect(splitOf("seed000017", { val: 0.5, test: 0 })).toBe(splitOf("seed000017", { val: 0.5, test: 0 }));
});

it("tarEntry() refuses names that its header does not hold", () => {
  expect(tarEntry("a.png", new Uint8Array(513))).toHaveLength(512 * 3);
  expect(() => tarEntry("x".repeat(101), new Uint8Array())).toThrow("longer than 100 bytes");
});

it("checkClasses() names what is wrong", () => {
  const [first] = classes;
  expect(() => checkClasses([first, first])).toThrow('two classes are called "background"');
  expect(() => checkClasses([{ ...first, color: "red" }])).toThrow("expected #rrggbb");
  expect(() => checkClasses([])).toThrow("1 to 255 classes");
});
