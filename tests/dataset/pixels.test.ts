import fc from "fast-check";
import { zlibSync } from "fflate";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { brushArea, brushRle } from "../../src/dataset/brushRle.ts";
import { connectedComponents } from "../../src/dataset/components.ts";
import { parseCsv } from "../../src/dataset/csv.ts";
import { checkClasses, countLabels, paletteOf } from "../../src/dataset/labelMap.ts";
import { type Area, areaPainter } from "../../src/dataset/painter.ts";
import { crc32, decodePng, encodePng, joinBytes, PngError, pngHeader } from "../../src/dataset/png.ts";
import { cocoCounts, cocoRuns, columnArea, columnRuns, rowRuns, runLengths } from "../../src/dataset/rle.ts";
import { box, ellipse, polygon } from "../../src/dataset/shapes.ts";
import { splitOf } from "../../src/dataset/split.ts";
import { tarEnd, tarEntry, tarFiles } from "../../src/dataset/tar.ts";
import { attributesOf, fromXml, xmlTags } from "../../src/dataset/xml.ts";
import { xml } from "../../src/text/escape.ts";
import { memoryFolder } from "../contracts/datasetFormat.ts";
import { classes } from "./samples.ts";

const map = (rows: string[]) => ({
  width: rows[0].length,
  height: rows.length,
  data: Uint8Array.from(rows.join(""), (c) => (c === "x" ? 255 : Number(c))),
});

/** The pixels of an area, in order. */
const pixelsOf = (area: Area): number[] => {
  const pixels: number[] = [];
  area((start, length, step = 1) => {
    for (let i = 0; i < length; i++) pixels.push(start + i * step);
  });
  return pixels;
};

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

  /** A PNG of any header, with the pixels of `raw` packed, and chunks before them. */
  const png = (header: number[], raw: Uint8Array, ...before: [string, Uint8Array][]): Uint8Array => {
    const ihdr = new Uint8Array(13);
    const view = new DataView(ihdr.buffer);
    view.setUint32(0, header[0]);
    view.setUint32(4, header[1]);
    ihdr.set(header.slice(2), 8);
    const chunk = (type: string, body: Uint8Array): Uint8Array => {
      const bytes = Buffer.alloc(body.length + 12);
      bytes.writeUInt32BE(body.length, 0);
      bytes.write(type, 4, "latin1");
      bytes.set(body, 8);
      bytes.writeUInt32BE(crc32(bytes.subarray(4, body.length + 8)), body.length + 8);
      return bytes;
    };
    const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
    const parts = [
      chunk("IHDR", ihdr),
      ...before.map(([type, body]) => chunk(type, body)),
      chunk("IDAT", zlibSync(raw)),
    ];
    return joinBytes([signature, ...parts, chunk("IEND", new Uint8Array())]);
  };

  it("bound bytes, not only pixels: nothing is allocated for what cannot be in the file", () => {
    // 2 GB of samples in a small file; a grey picture of 268 MB whose pixels are missing; pixels that never end.
    expect(() => decodePng(png([16384, 16384, 16, 6], new Uint8Array(9)))).toThrow(
      "claims 16384x16384 pixels of 64 bits",
    );
    expect(() => decodePng(png([16384, 16383, 8, 0], new Uint8Array(9)))).toThrow("pixels are missing");
    expect(() => decodePng(png([3, 1, 8, 0], new Uint8Array(2 ** 24)))).toThrow("more pixels than its header says");
    expect(() => decodePng(png([3, 0, 8, 0], new Uint8Array(9)))).toThrow("claims 3x0 pixels");
    expect(pngHeader(png([40000, 5000, 8, 0], new Uint8Array(9)))).toMatchObject({ width: 40000, height: 5000 });
  });

  it("refuse a palette image without a palette, and read 16-bit samples as they are", () => {
    const raw = Uint8Array.of(0, 1, 2);
    expect(() => decodePng(png([2, 1, 8, 3], raw))).toThrow("a palette image without a palette");
    expect([...decodePng(png([2, 1, 8, 3], raw, ["PLTE", new Uint8Array(9)])).data]).toEqual([1, 2]);
    expect([...decodePng(png([2, 1, 16, 0], Uint8Array.of(0, 1, 2, 255, 0))).data]).toEqual([258, 65280]);
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

  /** An archive of one file of 5 bytes whose header has another size. */
  const sized = (size: string): Buffer => {
    const entry = Buffer.from(tarEntry("a.txt", Buffer.from("hello")));
    entry.write(size, 124, "latin1");
    entry.fill(" ", 148, 156);
    const sum = entry.subarray(0, 512).reduce((s, byte) => s + byte, 0);
    entry.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return Buffer.concat([entry, tarEnd()]);
  };

  it("refuses sizes that are negative or no numbers, and reads large ones as GNU tar writes them", async () => {
    for (const size of [
      "-0001000\0\0\0\0",
      "0x000000200\0",
      "00000000009\0",
      "           \0",
      `\xff${"\xff".repeat(11)}`,
    ])
      await expect(read(sized(size)), JSON.stringify(size)).rejects.toThrow("the header at byte 0 has the size");
    await expect(read(sized("77777777777\0"))).rejects.toThrow("it is cut short in the file at byte 0");
    await expect(read(sized(`\x80${"\xff".repeat(11)}`))).rejects.toThrow("it is cut short in the file at byte 0");
    expect(await read(sized(`\x80${"\0".repeat(10)}\x05`))).toMatchObject([{ name: "a.txt", size: 5 }]);
  });
});

it("checkClasses() names what is wrong", () => {
  const [first] = classes;
  expect(() => checkClasses([first, first])).toThrow('two classes are called "background"');
  expect(() => checkClasses([{ ...first, color: "red" }])).toThrow("expected #rrggbb");
  expect(() => checkClasses([])).toThrow("1 to 255 classes");
});

describe("shapes", () => {
  /** What an area fills of a map of 5 x 4 pixels. */
  const filled = (area: Area): string[] => {
    const rows = Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => "."));
    for (const p of pixelsOf(area)) rows[Math.floor(p / 5)][p % 5] = "x";
    return rows.map((r) => r.join(""));
  };
  const filledPolygon = (points: number[]): string[] => filled(polygon(points, 5, 4));

  it("fill the pixels whose centres lie inside a polygon, holes and all, and stay within the image", () => {
    expect(filledPolygon([1, 1, 4, 1, 4, 3, 1, 3])).toEqual([".....", ".xxx.", ".xxx.", "....."]);
    expect(filledPolygon([0, 0, 5, 0, 0, 4])).toEqual(["xxxx.", "xxx..", "xx...", "x...."]);
    expect(filledPolygon([-9, -9, 20, -9, 20, 1.4, -9, 1.4])).toEqual(["xxxxx", ".....", ".....", "....."]);
    expect(filledPolygon([7, 0, 9, 0, 9, 4, 7, 4])).toEqual([".....", ".....", ".....", "....."]);
    // A line back and forth through a square leaves its crossing part out.
    expect(filledPolygon([0, 0, 5, 0, 5, 4, 0, 4, 0, 0, 1, 1, 4, 1, 4, 3, 1, 3, 1, 1])).toEqual([
      "xxxxx",
      "x...x",
      "x...x",
      "xxxxx",
    ]);
  });

  it("fill boxes, turned ones too, and ellipses", () => {
    const still = { degrees: 0, x: 0, y: 0 };
    expect(filled(box([1, 0, 3, 2], still, 5, 4))).toEqual([".xx..", ".xx..", ".....", "....."]);
    // A quarter turn clockwise about the upper left corner of a box of 2 x 1.
    expect(filled(box([2, 1, 4, 2], { degrees: 90, x: 2, y: 1 }, 5, 4))).toEqual([".....", ".x...", ".x...", "....."]);
    expect(filled(ellipse([2.5, 2, 2.5, 2], 0, 5, 4))).toEqual([".xxx.", "xxxxx", "xxxxx", ".xxx."]);
    expect(filled(ellipse([2.5, 2, 1, 2.5], 90, 5, 4))).toEqual([".....", "xxxxx", "xxxxx", "....."]);
  });

  it("refuse what is no polygon", () => {
    expect(() => polygon([6, 4, 30, 4], 40, 40)).toThrow("a polygon of 2 points; expected at least 3");
    expect(() => polygon([6, 4, 30, 4, 30, 20, 6], 40, 40)).toThrow("a polygon of 7 numbers; expected x and y in turn");
    expect(() => polygon([6, 4, 30, Number.NaN, 30, 20], 40, 40)).toThrow("a polygon with the coordinate NaN");
    const zigzag = Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? i : ((i >> 1) % 2) * 65_536));
    expect(() => polygon(zigzag, 8, 65_536)).toThrow("not a drawing");
  });
});

describe("areaPainter()", () => {
  const of =
    (...pixels: number[]): Area =>
    (fill) => {
      for (const p of pixels) fill(p, 1);
    };

  it("lets later areas win, counts what they cover, and tells area and box", () => {
    const painter = areaPainter(4, 2);
    expect(painter.paint(of(1, 2, 5), 3)).toEqual({ area: 3, box: [1, 0, 2, 2] });
    expect(painter.paint(of(2, 3), 4)).toEqual({ area: 2, box: [2, 0, 2, 1] });
    expect(painter.paint(of(), 5)).toEqual({ area: 0, box: [0, 0, 0, 0] });
    expect(painter.overlap).toBe(1);
    expect([...painter.finish(7).data]).toEqual([7, 3, 4, 4, 7, 3, 7, 7]);
  });

  it("tells the box of runs along rows, around their ends, and down columns", () => {
    const painter = areaPainter(4, 3);
    expect(painter.paint((fill) => fill(3, 2), 1)).toEqual({ area: 2, box: [0, 0, 4, 2] });
    expect(painter.paint((fill) => fill(1, 3, 4), 2)).toEqual({ area: 3, box: [1, 0, 1, 3] });
    expect([...painter.finish().data]).toEqual([255, 2, 255, 1, 1, 2, 255, 255, 255, 2, 255, 255]);
  });

  it("stops where a short list of areas would cover an image for minutes", () => {
    const painter = areaPainter(1024, 1024);
    const whole: Area = (fill) => fill(0, 2 ** 20);
    const all = (): void => {
      for (let i = 0; i < 1000; i++) painter.paint(whole, 1);
    };
    expect(all).toThrow("the areas cover the image more than");
    expect(painter.exhausted).toBe(true);
  });
});

describe("brushRle() and brushArea()", () => {
  it("are inverses for any map", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 1, 255), { minLength: 1, maxLength: 60 }), (labels) => {
        const data = Uint8Array.from(labels);
        const inside = labels.flatMap((label, p) => (label === 1 ? [p] : []));
        const rle = brushRle({ width: labels.length, height: 1, data }, 1);
        expect(pixelsOf(brushArea(rle, labels.length))).toEqual(inside);
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
    expect(pixelsOf(brushArea(bytes, 2))).toEqual([1]);
    expect(() => pixelsOf(brushArea(bytes.slice(0, 9), 2))).toThrow("cut short");
    expect(() => brushArea(bytes, 3)).toThrow("the brush has 2 pixels, expected 3");
  });
});

describe("run lengths as areas", () => {
  it("name the pixels inside along rows, and refuse runs of another length", () => {
    expect(pixelsOf(rowRuns([1, 2, 1, 1], 0, 5, 1, 5))).toEqual([1, 2, 4]);
    expect(pixelsOf(rowRuns([0, 2], 0, 2, 1, 2))).toEqual([0, 1]);
    // A part of 2 x 2 at column 1 of the first two rows of a map 4 wide.
    expect(pixelsOf(rowRuns([1, 2, 1], 1, 2, 2, 4))).toEqual([2, 5]);
    expect(() => rowRuns([1, 2], 0, 4, 1, 4)).toThrow("the run lengths sum to 3, expected 4");
    expect(() => rowRuns([5, -1], 0, 4, 1, 4)).toThrow("run length 1 is -1, expected an integer of at least 0");
  });

  it("go down the columns as COCO counts", () => {
    expect(pixelsOf(columnArea([1, 3, 2], 3, 2))).toEqual([3, 1, 4]);
    expect(() => columnArea([1, 2], 3, 2)).toThrow("the run lengths sum to 3, expected 6");
  });
});

describe("xml", () => {
  const tags = (text: string) => [...xmlTags(text)].map(({ name, kind, before }) => [name, kind, before]);

  it("survives reading, in attributes too", () => {
    const text = 'left "ear" & <co>\u00e9';
    const [tag] = xmlTags(`<mask label="${xml(text)}" rle='1, 2' odd/>`);
    const attributes = attributesOf(tag);
    expect([tag.name, tag.kind, attributes.get("label"), attributes.get("rle")]).toEqual([
      "mask",
      "empty",
      text,
      "1, 2",
    ]);
    expect(fromXml("&lt;&#x41;&#66;&nothing;&#x110000;")).toBe("<AB&nothing;&#x110000;");
  });

  it("has tags in turn with the text before them; comments, declarations and > within quotes are none", () => {
    expect(tags('<?xml version="1.0"?><a x="1>2"><!-- <b> -->t<c/>u</a > <d')).toEqual([
      ["a", "open", '<?xml version="1.0"?>'],
      ["c", "empty", "<!-- <b> -->t"],
      ["a", "close", "u"],
    ]);
  });

  it("takes time in proportion to its length, whatever is left open", () => {
    const long = 2e5;
    for (const text of [
      "<image ".repeat(long),
      "<label>".repeat(long),
      `<image ${"a".repeat(long)}`,
      "<!--".repeat(long),
    ])
      expect([...xmlTags(text)].length).toBeLessThanOrEqual(long);
    const spaces = " ".repeat(long);
    for (const inner of [spaces, `a${spaces}"`, "a=".repeat(long), `a${" =".repeat(long)}`, '"'.repeat(long)])
      expect(attributesOf({ inner }).size).toBeLessThanOrEqual(1);
  });
});

describe("parseCsv()", () => {
  it("reads fields with commas, line breaks and quotation marks, and the ends of lines of any system", () => {
    expect(parseCsv('a,b\r\n1,"x, ""y""\nz"\n\n,\n"",2')).toEqual([
      ["a", "b"],
      ["1", 'x, "y"\nz'],
      ["", ""],
      ["", "2"],
    ]);
    expect(parseCsv('\ufeffa,"b')).toEqual([["a", "b"]]);
    expect(parseCsv("")).toEqual([]);
  });
});
