import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { brushPixels, brushRle } from "../../src/dataset/brushRle.ts";
import { connectedComponents } from "../../src/dataset/components.ts";
import { checkClasses, countLabels, paletteOf } from "../../src/dataset/labelMap.ts";
import { areaPainter } from "../../src/dataset/painter.ts";
import { decodePng, encodePng, PngError } from "../../src/dataset/png.ts";
import { polygonPixels } from "../../src/dataset/polygon.ts";
import { cocoCounts, cocoRuns, columnRuns, runLengths, runPositions } from "../../src/dataset/rle.ts";
import { splitOf } from "../../src/dataset/split.ts";
import { tarEnd, tarEntry, tarFiles } from "../../src/dataset/tar.ts";
import { fromXml, openingTags, xml } from "../../src/dataset/xml.ts";
import { memoryFolder } from "../contracts/datasetFormat.ts";
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

describe("tarFiles()", () => {
  const read = (bytes: Uint8Array) => tarFiles(memoryFolder(new Map([["a.tar", bytes]])), "a.tar");

  it("finds what tarEntry() wrote", async () => {
    const bytes = Buffer.concat([
      tarEntry("a.txt", Buffer.from("hello")),
      tarEntry("b/c", Buffer.alloc(512)),
      tarEnd(),
    ]);
    const files = await read(bytes);
    expect(files.map((f) => [f.name, f.size])).toEqual([
      ["a.txt", 5],
      ["b/c", 512],
    ]);
    expect(bytes.subarray(files[0].start, files[0].start + 5).toString()).toBe("hello");
  });

  it("reads the long names of pax and of GNU tar, and leaves folders out", async () => {
    const typed = (name: string, type: string, content: string): Buffer => {
      const entry = Buffer.from(tarEntry(name, Buffer.from(content)));
      const sum = entry.readUInt8(156) - type.charCodeAt(0);
      entry.write(type, 156);
      const before = Number.parseInt(entry.toString("latin1", 148, 154), 8);
      entry.write((before - sum).toString(8).padStart(6, "0"), 148);
      return entry;
    };
    const long = `${"x".repeat(150)}.png`;
    const bytes = Buffer.concat([
      typed("folder", "5", ""),
      typed("pax", "x", `30 mtime=1700000000.123456789\n${`164 path=${long}`}\n`),
      typed("short", "0", "one"),
      typed("@LongLink", "L", `${long}\0`),
      typed("short", "0", "two"),
      tarEnd(),
    ]);
    expect((await read(bytes)).map((f) => f.name)).toEqual([long, long]);
    await expect(read(bytes.subarray(0, bytes.length - 1024))).rejects.toThrow("it is cut short");
    bytes[512] ^= 1;
    await expect(read(bytes)).rejects.toThrow("the header at byte 512 is damaged");
  });
});

it("checkClasses() names what is wrong", () => {
  const [first] = classes;
  expect(() => checkClasses([first, first])).toThrow('two classes are called "background"');
  expect(() => checkClasses([{ ...first, color: "red" }])).toThrow("expected #rrggbb");
  expect(() => checkClasses([])).toThrow("1 to 255 classes");
});

describe("polygonPixels()", () => {
  it("fills the pixels whose centres lie inside, holes and all, and stays within the image", () => {
    const filled = (points: number[]): string[] => {
      const rows = Array.from({ length: 4 }, () => ["."].concat([".", ".", ".", "."]));
      for (const p of polygonPixels(points, 5, 4)) rows[Math.floor(p / 5)][p % 5] = "x";
      return rows.map((r) => r.join(""));
    };
    expect(filled([1, 1, 4, 1, 4, 3, 1, 3])).toEqual([".....", ".xxx.", ".xxx.", "....."]);
    expect(filled([0, 0, 5, 0, 0, 4])).toEqual(["xxxx.", "xxx..", "xx...", "x...."]);
    expect(filled([-9, -9, 20, -9, 20, 1.4, -9, 1.4])).toEqual(["xxxxx", ".....", ".....", "....."]);
    // A line back and forth through a square leaves its crossing part out.
    expect(filled([0, 0, 5, 0, 5, 4, 0, 4, 0, 0, 1, 1, 4, 1, 4, 3, 1, 3, 1, 1])).toEqual([
      "xxxxx",
      "x...x",
      "x...x",
      "xxxxx",
    ]);
  });
});

describe("areaPainter()", () => {
  it("lets later areas win, counts what they cover, and tells area and box", () => {
    const painter = areaPainter(4, 2, 7);
    expect(painter.paint([1, 2, 5], 3)).toEqual({ area: 3, box: [1, 0, 2, 2] });
    expect(painter.paint([2, 3], 4)).toEqual({ area: 2, box: [2, 0, 2, 1] });
    expect(painter.paint([], 5)).toEqual({ area: 0, box: [0, 0, 0, 0] });
    expect([...painter.map.data]).toEqual([7, 3, 4, 4, 7, 3, 7, 7]);
    expect(painter.overlap).toBe(1);
  });
});

describe("brushRle() and brushPixels()", () => {
  it("are inverses for any map", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 1, 255), { minLength: 1, maxLength: 60 }), (labels) => {
        const data = Uint8Array.from(labels);
        const inside = labels.flatMap((label, p) => (label === 1 ? [p] : []));
        expect([...brushPixels(brushRle({ width: labels.length, height: 1, data }, 1), labels.length)]).toEqual(inside);
      }),
    );
  });

  it("read runs of different words too, and refuse what is cut short or of another size", () => {
    // Eight bytes: length 8, words of 8 bits, run sizes of 4 bits; then a run of 8 words that are written out.
    const bits = [
      (8).toString(2).padStart(32, "0"),
      "00111",
      "0011".repeat(4),
      ...["0", "00", "0111"],
      ...[9, 9, 9, 0, 1, 2, 3, 4].map((v) => v.toString(2).padStart(8, "0")),
    ].join("");
    const bytes = (bits.match(/.{1,8}/g) as string[]).map((b) => Number.parseInt(b.padEnd(8, "0"), 2));
    expect([...brushPixels(bytes, 2)]).toEqual([1]);
    expect(() => [...brushPixels(bytes.slice(0, 9), 2)]).toThrow("cut short");
    expect(() => [...brushPixels(bytes, 3)]).toThrow("the brush has 2 pixels, expected 3");
  });
});

describe("runPositions()", () => {
  it("names the pixels inside, and refuses runs of another length", () => {
    expect([...runPositions([1, 2, 1, 1], 5)]).toEqual([1, 2, 4]);
    expect([...runPositions([0, 2], 2)]).toEqual([0, 1]);
    expect(() => [...runPositions([1, 2], 4)]).toThrow("the run lengths sum to 3, expected 4");
    expect(() => [...runPositions([5, -1], 4)]).toThrow("expected 4");
  });
});

describe("xml", () => {
  it("survives reading, in attributes too", () => {
    const text = 'left "ear" & <co>\u00e9';
    const [{ name, attributes }] = openingTags(`<mask label="${xml(text)}" rle='1, 2'/>`);
    expect([name, attributes.get("label"), attributes.get("rle")]).toEqual(["mask", text, "1, 2"]);
    expect(fromXml("&lt;&#x41;&#66;&nothing;")).toBe("<AB&nothing;");
  });
});
