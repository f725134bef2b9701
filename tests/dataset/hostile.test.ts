import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { checkDataset } from "../../src/dataset/check.ts";
import { layouts } from "../../src/dataset/formats/index.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { probe } from "../../src/project/dataset/probe.ts";
import { memoryFolder } from "../contracts/datasetFormat.ts";

/** Annotation files that are damaged, or made to stop or flood the process. Every one is a fault, and the rest is checked. */

const W = 40;
const H = 30;
/** An RGB picture, different for every seed. */
const picture = (seed: number): Uint8Array =>
  encodePng({ width: W, height: H, data: Uint8Array.from({ length: W * H * 3 }, (_, i) => (i * seed) % 251) });
const bytes = (content: unknown): Uint8Array =>
  content instanceof Uint8Array
    ? content
    : new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));

async function check(files: Record<string, unknown>): Promise<{ pairs: number; faults: string[] }> {
  const folder = memoryFolder(new Map(Object.entries(files).map(([path, content]) => [path, bytes(content)])));
  const { pairs, faults } = await checkDataset(folder, layouts, probe);
  return { pairs, faults: faults.map((f) => `${f.kind} ${f.path}: ${f.found}`) };
}

const SQUARE = [2, 2, 12, 2, 12, 12, 2, 12];
type Entry = Record<string, unknown>;

/** Two images with an annotation each, of which the first may be changed. */
const coco = (change: (file: Record<string, unknown>) => unknown): Record<string, unknown> => {
  const file: Record<string, unknown> = {
    images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: W, height: H })),
    annotations: [1, 2].map((id) => ({ id, image_id: id, category_id: id, segmentation: [SQUARE] })),
    categories: [1, 2].map((id) => ({ id, name: `class ${id}` })),
  };
  const changed = change(file);
  return { "1.png": picture(3), "2.png": picture(5), "instances_train.json": changed ?? file };
};
const entry = (list: string, value: unknown) => (file: Record<string, unknown>) => {
  (file[list] as unknown[])[0] = value;
};
const field =
  (list: string, values: Entry) =>
  (file: Record<string, unknown>): void => {
    const items = file[list] as Entry[];
    items[0] = { ...items[0], ...values };
  };
const segmentation = (value: unknown) => field("annotations", { segmentation: value });
const AT = "annotation-damaged instances_train.json";
const EMPTY = 'class-empty classes.json: no pixel of class 0 "class 1"';

describe("COCO: one bad entry is one fault, and the others are checked", () => {
  const CASES: [string, (file: Record<string, unknown>) => unknown, string][] = [
    ["a null annotation", entry("annotations", null), `${AT}: annotation 0: expected an object`],
    ["a segmentation of text", segmentation("x"), `${AT}: annotation 0: segmentation: expected a list of polygons`],
    ["null counts", segmentation({ size: [H, W], counts: null }), `${AT}: annotation 0: segmentation: expected`],
    ["a flat polygon", segmentation(SQUARE), `${AT}: annotation 0: segmentation: expected a list of polygons`],
    ["a box alone", segmentation(undefined), `${AT}: annotation 0: segmentation: expected`],
    ["no polygon", segmentation([]), `${AT}: annotation 0: segmentation: expected at least`],
    ["two points", segmentation([[1, 2, 3, 4]]), `${AT}: 1.png: a polygon of 2 points; expected at least 3`],
    ["half a point", segmentation([[1, 2, 3, 4, 5, 6, 7]]), `${AT}: 1.png: a polygon of 7 numbers`],
    [
      "a negative run length that makes the sum right",
      segmentation({ size: [H, W], counts: [W * H + 5, -5] }),
      `${AT}: 1.png: run length 1 is -5, expected an integer of at least 0`,
    ],
    ["runs of text that ends early", segmentation({ size: [H, W], counts: "o" }), `${AT}: 1.png: cocoRuns:`],
    ["an image_id of null", field("annotations", { image_id: null }), `${AT}: annotation 0: image_id`],
  ];
  it.each(CASES)("%s", async (_, change, fault) => {
    const { pairs, faults } = await check(coco(change));
    expect(pairs).toBe(2);
    // Nothing is left of the first class and of the first image.
    const follows = new Set([EMPTY, "all-ignored instances_train.json: 1.png: 255 everywhere"]);
    const found = faults.filter((f) => !follows.has(f));
    expect(found.map((f) => f.slice(0, fault.length))).toEqual([fault]);
    expect(faults).toHaveLength(3);
  });

  it.each([
    ["a null image", entry("images", null), `${AT}: image 0: expected an object`],
    ["a file_name of 5", field("images", { file_name: 5 }), `${AT}: image 0: file_name: expected a text`],
    ["a width of -1", field("images", { width: -1 }), `${AT}: image 0: width: expected at least`],
    ["a width of 2.5", field("images", { width: 2.5 }), `${AT}: image 0: width: expected an integer`],
  ])("%s", async (_, change, fault) => {
    const { pairs, faults } = await check(coco(change));
    expect(pairs).toBe(1);
    expect(faults.some((f) => f.startsWith(fault))).toBe(true);
    expect(faults).toContain("annotation-stray instances_train.json: image_id 1, which no image has");
  });

  it.each([40_000, 1e9, 2 ** 31])(
    "a size of %i on a side is compared with the image, and nothing is allocated",
    async (side) => {
      const { pairs, faults } = await check(coco(field("images", { width: side, height: side })));
      expect(pairs).toBe(2);
      expect(faults).toContain(`size-mismatch instances_train.json: 1.png: ${side}x${side}; the image has 40x30`);
    },
  );

  it("a null category leaves its class out", async () => {
    const { faults } = await check(coco(entry("categories", null)));
    expect(faults).toContain(`${AT}: category 0: expected an object`);
    expect(faults).toContain('label-unknown instances_train.json: 1.png: "category_id 1"');
  });

  it.each([
    ["null", null],
    ["a list", []],
    ["a text", "coco"],
    ["lists that are none", { images: 5, annotations: {}, categories: null }],
  ])("a file that is %s", async (_, content) => {
    const { faults } = await check(coco(() => bytes(content)));
    expect(faults[0]).toMatch(/^(classes-missing|annotation-damaged)/);
    expect(faults.filter((f) => f.startsWith(AT))).toHaveLength(1);
  });

  it("an image that is listed a thousand times is read once", async () => {
    const again = { id: 3, file_name: "1.png", width: W, height: H };
    const { pairs, faults } = await check(
      coco((f) => void (f["images"] as unknown[]).push(...Array(1000).fill(again))),
    );
    expect(pairs).toBe(2);
    expect(new Set(faults)).toEqual(new Set([`stem-twice 1.png: another sample "1" of this image`]));
  });

  it("a thousand bad entries are a hundred faults and a count", async () => {
    const { faults } = await check(coco((f) => void (f["annotations"] as unknown[]).push(...Array(1000).fill(null))));
    expect(faults.filter((f) => f.startsWith(AT))).toHaveLength(101);
    expect(faults).toContain(`${AT}: 900 more annotations that are damaged too`);
  });

  it("areas that cover the image a million times end in a fault", async () => {
    const whole = { image_id: 1, category_id: 1, segmentation: { size: [H, W], counts: [0, W * H] } };
    const { faults } = await check(
      coco((f) => void (f["annotations"] as unknown[]).push(...Array(50_000).fill(whole))),
    );
    expect(faults.filter((f) => f.startsWith(AT))).toEqual([
      `${AT}: 1.png: the areas cover the image more than 8 times: the rest is not read`,
    ]);
  });

  it("a polygon of 20,000 points across 65,536 rows ends in a fault", async () => {
    const points = Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? 1 : ((i >> 1) % 2) * 65_536));
    const files = coco((f) => {
      field("images", { width: 2, height: 65_536 })(f);
      segmentation([points])(f);
    });
    const high = encodePng({ width: 2, height: 65_536, data: new Uint8Array(2 * 65_536 * 3) });
    const { faults } = await check({ ...files, "1.png": high });
    expect(faults.some((f) => f.startsWith(`${AT}: 1.png: a polygon of 20000 points whose edges cross the rows`))).toBe(
      true,
    );
  });
});

describe("Label Studio: one bad entry is one fault, and the others are checked", () => {
  const result = {
    type: "polygonlabels",
    value: {
      points: [
        [0, 0],
        [50, 0],
        [50, 50],
      ],
      polygonlabels: ["cat"],
    },
  };
  const tasks = (first: unknown): Record<string, unknown> => ({
    "1.png": picture(3),
    "2.png": picture(5),
    "tasks.json": [first, { data: { image: "/2.png" }, annotations: [{ result: [result] }] }],
  });
  const task = (annotations: unknown, more: Entry = {}): unknown => ({
    data: { image: "/1.png", ...more },
    annotations,
  });
  it.each([
    ["a null task", null, "tasks.json: task 0: expected an object"],
    ["annotations of 5", task(5), "tasks.json: task 0: annotations: expected a list"],
    ["a null annotation", task([null]), "tasks.json: 1.png: annotation 0: expected an object"],
    ["a null result", task([{ result: [null, result] }]), "tasks.json: 1.png: result 0: expected an object"],
    ["a result of text", task([{ result: "x" }]), "tasks.json: 1.png: annotation 0: result: expected a list"],
    [
      "a brush of text",
      task([{ result: [{ type: "brushlabels", value: { rle: "AAA", brushlabels: ["cat"] } }] }]),
      "tasks.json: 1.png: result 0: value.rle: expected a list",
    ],
    [
      "a point",
      task([{ result: [{ type: "keypointlabels", value: { x: 1, y: 2, width: 1, keypointlabels: ["cat"] } }] }]),
      "tasks.json: 1.png: a keypointlabels, which has no area",
    ],
    [
      "an area without a label",
      task([{ result: [{ id: "a", type: "polygon", value: result.value }] }]),
      "tasks.json: 1.png: a polygon without a label",
    ],
    ["a width of -1", task([], { width: -1, height: 30 }), "tasks.json: task 0: data.width: expected at least"],
  ])("%s", async (_, first, fault) => {
    const { faults } = await check(tasks(first));
    expect(faults.filter((f) => f.startsWith("annotation-damaged"))).toHaveLength(1);
    expect(faults.some((f) => f.startsWith(`annotation-damaged ${fault}`))).toBe(true);
  });

  it.each([40_000, 1e9])(
    "a size of %i on a side is compared with the image, and nothing is allocated",
    async (side) => {
      const claim = { ...result, original_width: side, original_height: side };
      const { faults } = await check(tasks(task([{ result: [claim] }])));
      expect(faults).toContain(`size-mismatch tasks.json: 1.png: ${side}x${side}; the image has 40x30`);
    },
  );
});

describe("CVAT: one bad entry is one fault, and the others are checked", () => {
  const xml = (content: string, second = ""): Record<string, unknown> => ({
    "1.png": picture(3),
    "2.png": picture(5),
    "annotations.xml": `<annotations><meta><label><name>cat</name></label></meta>
      <image id="0" name="1.png" width="${W}" height="${H}">${content}</image>
      <image id="1" name="2.png" width="${W}" height="${H}"><polygon label="cat" points="1,1;9,1;9,9"/></image>${second}</annotations>`,
  });
  const HERE = "annotation-damaged annotations.xml";
  it.each([
    ["a polyline", '<polyline label="cat" points="1,1;9,9"/>', `${HERE}: 1.png: a <polyline>, which has no area`],
    ["points", '<points label="cat" points="1,1"/>', `${HERE}: 1.png: a <points>, which has no area`],
    ["a box without a corner", '<box label="cat" xtl="1" ytl="1" xbr="9"/>', `${HERE}: 1.png: a <box> with ybr=""`],
    [
      "a polygon of words",
      '<polygon label="cat" points="a,b;c,d;e,f"/>',
      `${HERE}: 1.png: a polygon with the coordinate NaN`,
    ],
    [
      "a mask of -1 x -1",
      '<mask label="cat" rle="1" left="0" top="0" width="-1" height="-1"/>',
      `${HERE}: 1.png: a mask at 0, 0 of -1x-1`,
    ],
    [
      "a mask of 1e9 pixels",
      '<mask label="cat" rle="0, 1000000000" left="0" top="0" width="1000000000" height="1"/>',
      `${HERE}: 1.png: a mask at 0, 0 of 1000000000x1 in an image of 40x30`,
    ],
  ])("%s", async (_, content, fault) => {
    const { faults } = await check(xml(content));
    expect(faults.filter((f) => f.startsWith(HERE))).toHaveLength(1);
    expect(faults.some((f) => f.startsWith(fault))).toBe(true);
  });

  it("tracks of a video are told", async () => {
    const { faults } = await check(
      xml("", '<track id="0" label="cat"><box frame="0" xtl="1" ytl="1" xbr="2" ybr="2"/></track>'),
    );
    expect(faults).toContain(`${HERE}: 1 tracks of a video; export the task as "CVAT for images 1.1"`);
  });

  it.each([
    ["250,000 times <image ", "<image ".repeat(250_000)],
    ["150,000 times <label>", "<label>".repeat(150_000)],
    ["<image and 100 kB of a", `<image ${"a".repeat(100_000)}`],
    ["300,000 quotation marks", `<image ${'"'.repeat(300_001)}`],
    ["100,000 comments that do not end", "<!--".repeat(100_000)],
    ["100,000 labels", `<meta>${"<label><name>a</name></label>".repeat(100_000)}</meta></annotations>`],
    [
      "entities of entities",
      `<!DOCTYPE a [<!ENTITY b "${"&c;".repeat(1000)}">]><annotations><meta><label><name>&b;</name></label></meta></annotations>`,
    ],
  ])("%s end in a fault at once", async (_, content) => {
    const { faults } = await check({ "1.png": picture(3), "annotations.xml": content });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThan(5);
  });

  it("a size is compared with the image, and nothing is allocated", async () => {
    const files = xml("");
    files["annotations.xml"] = (files["annotations.xml"] as string).replace('width="40"', 'width="1000000000"');
    expect((await check(files)).faults).toContain(
      "size-mismatch annotations.xml: 1.png: 1000000000x30; the image has 40x30",
    );
  });
});

describe("masks", () => {
  const CLASSES = { classes: [0, 1].map((id) => ({ id, name: `c${id}`, color: "#000000", background: id === 0 })) };
  const pair = (
    mask: Uint8Array,
    more: Record<string, unknown> = { "classes.json": CLASSES },
  ): Record<string, unknown> => ({
    "images/1.png": picture(3),
    "masks/1.png": mask,
    ...more,
  });
  const png = (width: number, height: number, depth: number, type: number, raw: Uint8Array): Uint8Array => {
    const out = encodePng({ width: 1, height: 1, data: new Uint8Array(1) });
    const view = new DataView(out.buffer);
    view.setUint32(16, width);
    view.setUint32(20, height);
    out.set([depth, type], 24);
    const idat = zlibSync(raw);
    // Of the tiny picture only signature and header stay.
    const body = Buffer.concat([out.subarray(0, 33), chunk("IDAT", idat), chunk("IEND", new Uint8Array())]);
    body.writeUInt32BE(crc(body.subarray(12, 29)), 29);
    return Uint8Array.from(body);
  };
  const crc = (data: Uint8Array): number => {
    let c = 0xffffffff;
    for (const byte of data) {
      c ^= byte;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    }
    return ~c >>> 0;
  };
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const out = Buffer.alloc(data.length + 12);
    out.writeUInt32BE(data.length, 0);
    out.write(type, 4, "latin1");
    out.set(data, 8);
    out.writeUInt32BE(crc(out.subarray(4, data.length + 8)), data.length + 8);
    return out;
  };

  it("of 2 GB in a small file are not unpacked", async () => {
    const { faults } = await check(pair(png(16_384, 16_384, 16, 6, new Uint8Array(1000))));
    expect(faults).toContain("mask-damaged masks/1.png: the PNG claims 16384x16384 pixels of 64 bits");
  });

  it("of another size than their image are not unpacked", async () => {
    const { faults } = await check(pair(png(16_000, 16_000, 8, 0, new Uint8Array(1000))));
    expect(faults).toContain("size-mismatch masks/1.png: 16000x16000; the image has 40x30");
  });

  it("with a palette type and no palette are damaged", async () => {
    const { faults } = await check(pair(png(W, H, 8, 3, new Uint8Array((W + 1) * H))));
    expect(faults).toContain("mask-damaged masks/1.png: the PNG has a palette image without a palette");
  });

  it("of one class among others are not called binary where they were painted from annotations", async () => {
    const { faults } = await check(coco(() => undefined));
    expect(faults).toEqual([]);
  });

  it.each([
    ["null", null],
    ["a list of null", { classes: [null] }],
    ["no list", { classes: 5 }],
    ["a colour of 5", { classes: [{ ...CLASSES.classes[0], color: 5 }] }],
  ])("are checked where classes.json is %s", async (_, content) => {
    const { pairs, faults } = await check(
      pair(encodePng({ width: W, height: H, data: new Uint8Array(W * H) }), { "classes.json": content }),
    );
    expect(pairs).toBe(1);
    expect(faults.filter((f) => f.startsWith("classes-damaged"))).toHaveLength(1);
    expect(faults).toContain("one-class masks/1.png: id 0 everywhere");
  });
});

it("a folder without a pair is an error", async () => {
  const { faults } = await check({
    "1.png": picture(3),
    "instances_train.json": { images: [], annotations: [], categories: [] },
  });
  expect(faults.filter((f) => f.startsWith("no-pairs") || f.startsWith("classes-damaged"))).not.toEqual([]);
});

it("metadata without a mask column, lines that are no JSON, and rows of nothing are faults", async () => {
  const { faults } = await check({
    "train/1.png": picture(3),
    "train/metadata.jsonl": '{"file_name":"1.png"}\nnull\n{"x":1}\n{',
  });
  expect(faults).toContain("annotation-damaged train/metadata.jsonl: no column of masks, such as mask_file_name");
  expect(faults.filter((f) => f.startsWith("annotation-damaged train/metadata.jsonl: line"))).toHaveLength(2);
  expect(faults).toContain("annotation-damaged train/metadata.jsonl: a row without file_name");
});
