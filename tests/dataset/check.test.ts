import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FAULTS } from "../../src/dataset/faults.ts";
import { formatNamed, formats } from "../../src/dataset/formats/index.ts";
import { paletteOf } from "../../src/dataset/labelMap.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { checkJob } from "../../src/project/dataset/check.ts";
import { classes, folderSink, info, someSamples } from "./samples.ts";

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-check-"));
  const writer = formats[0].writer(info, folderSink(folder));
  for (const sample of await someSamples()) await writer.add(sample);
  await writer.finish();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const kinds = async (): Promise<string[]> => {
  const { faults } = await checkJob({ folder, format: null, recipe: null }, {});
  return [...new Set(faults.map((f) => f.kind))].sort();
};

const [W, H] = [13, 9];
const palette = paletteOf(classes);
const mask = (label: (x: number, y: number) => number, width = W, height = H): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, p) => label(p % width, Math.floor(p / width)));
const index = (data: Uint8Array, width = W, height = H): Uint8Array => encodePng({ width, height, data, palette });
const halves = mask((x) => (x < 6 ? 0 : 1));
const grey = (data: Uint8Array) => sharp(data, { raw: { width: W, height: H, channels: 1 } }).toColourspace("b-w");
const M = ["masks", "seed000001.png"];
const I = ["images", "seed000001.png"];
const rgba = (alpha: number) =>
  sharp({ create: { width: W, height: H, channels: 4, background: { r: 1, g: 2, b: 3, alpha } } });

const PERSON = { id: 1, name: "person" };

/** One fault each: what is done to a clean folder, and what must be found (and nothing else). */
const PLANTED: [string, () => Promise<unknown>, string[]][] = [
  ["a lost mask", () => rm(at(...M)), ["image-without-mask"]],
  ["a lost image", () => rm(at(...I)), ["mask-without-image"]],
  [
    "a stem twice",
    () =>
      sharp(at(...I))
        .jpeg()
        .toFile(at("images", "seed000001.jpg")),
    ["stem-twice"],
  ],
  [
    "a smaller mask",
    () =>
      writeFile(
        at(...M),
        index(
          mask((x) => x % 2, 6, 4),
          6,
          4,
        ),
      ),
    ["size-mismatch"],
  ],
  ["an empty mask", () => writeFile(at(...M), ""), ["empty-file"]],
  ["an empty image", () => writeFile(at(...I), ""), ["empty-file"]],
  ["half an image", async () => writeFile(at(...I), (await readFile(at(...I))).subarray(0, 200)), ["image-damaged"]],
  ["half a mask", async () => writeFile(at(...M), (await readFile(at(...M))).subarray(0, 200)), ["mask-damaged"]],
  ["text instead of a mask", () => writeFile(at(...M), "hello"), ["mask-damaged"]],
  ["a JPEG mask", async () => writeFile(at(...M), await grey(halves).jpeg().toBuffer()), ["mask-lossy"]],
  [
    "an RGB mask",
    () =>
      writeFile(
        at(...M),
        encodePng({
          width: W,
          height: H,
          data: Uint8Array.from({ length: W * H * 3 }, (_, i) => palette[halves[Math.floor(i / 3)] * 3 + (i % 3)]),
        }),
      ),
    ["mask-channels"],
  ],
  [
    "an RGBA mask",
    async () => writeFile(at(...M), await rgba(1).png({ palette: false }).toBuffer()),
    ["mask-channels"],
  ],
  [
    "a 16-bit mask",
    async () => writeFile(at(...M), await grey(halves).toColourspace("grey16").png().toBuffer()),
    ["mask-depth"],
  ],
  [
    "an interlaced mask",
    async () => writeFile(at(...M), await grey(halves).png({ progressive: true }).toBuffer()),
    ["mask-interlaced"],
  ],
  [
    "a smoothed mask",
    () =>
      writeFile(
        at(...M),
        encodePng({ width: W, height: H, data: mask((x) => [0, 0, 0, 0, 0, 64, 128, 192, 255][Math.min(x, 8)]) }),
      ),
    ["anti-aliased"],
  ],
  [
    "a smoothed mask whose ids are classes but for one pixel",
    () => writeFile(at(...M), index(mask((x, y) => (x < 5 ? 0 : x === 5 ? 1 : x === 6 && y === 0 ? 77 : 2)))),
    ["anti-aliased"],
  ],
  [
    "a smoothed mask whose ids are all classes",
    () => writeFile(at(...M), index(mask((x) => (x < 5 ? 0 : x === 5 ? 1 : 2)))),
    ["ids-between"],
  ],
  ["a mask of 0 and 255", () => writeFile(at(...M), index(mask((x) => (x < 6 ? 0 : 255)))), ["binary-mask"]],
  ["a foreign id", () => writeFile(at(...M), index(mask((x, y) => (x < 5 ? 0 : y < 4 ? 77 : 1)))), ["id-out-of-range"]],
  [
    "another palette",
    () => writeFile(at(...M), encodePng({ width: W, height: H, data: halves, palette: palette.map((v) => 255 - v) })),
    ["palette-colour"],
  ],
  ["a mask of 255", () => writeFile(at(...M), index(mask(() => 255))), ["all-ignored"]],
  ["a mask of one class", () => writeFile(at(...M), index(mask(() => 1))), ["one-class"]],
  [
    "ids from 1",
    async () => {
      for (let i = 0; i < 5; i++)
        await writeFile(at("masks", `seed00000${i}.png`), index(mask((x, y) => (x < 5 ? 1 : y < 4 ? 2 : 3))));
    },
    ["class-empty", "id-out-of-range", "ids-from-one"],
  ],
  [
    "a class that never appears",
    async () => {
      const list = JSON.parse(await readFile(at("classes.json"), "utf8"));
      list.classes.push({ id: 3, name: "hat", color: "#123456", background: false });
      await writeFile(at("classes.json"), JSON.stringify(list));
    },
    ["class-empty"],
  ],
  ["no classes.json", () => rm(at("classes.json")), ["classes-missing"]],
  [
    "two classes of one name",
    async () =>
      writeFile(at("classes.json"), (await readFile(at("classes.json"), "utf8")).replace('"wheel"', '"background"')),
    ["classes-damaged"],
  ],
  [
    "a gap in the ids",
    async () =>
      writeFile(at("classes.json"), (await readFile(at("classes.json"), "utf8")).replace('"id": 2', '"id": 3')),
    ["classes-damaged"],
  ],
  [
    "a list with a stranger",
    async () => writeFile(at("val.txt"), `${await readFile(at("val.txt"), "utf8")}nobody\n`),
    ["list-unknown"],
  ],
  [
    "a sample in two splits",
    async () => writeFile(at("val.txt"), `${await readFile(at("val.txt"), "utf8")}seed000000\n`),
    ["list-twice"],
  ],
  ["a sample in no split", async () => writeFile(at("train.txt"), "seed000000\nseed000004\n"), ["list-left-out"]],
  ["an empty list", () => writeFile(at("val.txt"), "\n"), ["list-empty", "list-left-out"]],
  [
    "the same image twice",
    async () => writeFile(at(...I), await readFile(at("images", "seed000000.png"))),
    ["image-twice"],
  ],
  [
    "a turned image",
    async () =>
      writeFile(
        at(...I),
        await sharp(at(...I))
          .withMetadata({ orientation: 6 })
          .png()
          .toBuffer(),
      ),
    ["image-rotated"],
  ],
  ["a transparent image", async () => writeFile(at(...I), await rgba(0.5).png().toBuffer()), ["image-alpha"]],
  [
    "a name with a space",
    async () => {
      await writeFile(at("images", "my cat.png"), await rgba(1).removeAlpha().png().toBuffer());
      await writeFile(at("masks", "my cat.png"), index(halves));
      await writeFile(at("train.txt"), `${await readFile(at("train.txt"), "utf8")}my cat\n`);
    },
    ["name-odd"],
  ],
  [
    "ids with more gaps than ids, and no classes.json",
    async () => {
      await rm(at("classes.json"));
      for (let i = 0; i < 5; i++)
        await writeFile(at("masks", `seed00000${i}.png`), index(mask((x) => (x < 5 ? 0 : x < 9 ? 100 : 200))));
    },
    ["classes-missing", "id-gaps"],
  ],
  [
    "ids from 1, and no classes.json",
    async () => {
      await rm(at("classes.json"));
      for (let i = 0; i < 5; i++)
        await writeFile(at("masks", `seed00000${i}.png`), index(mask((x) => (x < 5 ? 1 : 2))));
    },
    ["classes-missing", "ids-from-one"],
  ],
  [
    "nothing but 0 and 255, and no classes.json",
    async () => {
      await rm(at("classes.json"));
      for (let i = 0; i < 5; i++)
        await writeFile(at("masks", `seed00000${i}.png`), index(mask((x) => (x < 5 ? 0 : 255))));
    },
    ["binary-mask", "classes-missing"],
  ],
  [
    "an id that is left out, and no classes.json",
    async () => {
      await rm(at("classes.json"));
      for (let i = 0; i < 5; i++)
        await writeFile(at("masks", `seed00000${i}.png`), index(mask((x) => (x < 5 ? 0 : x < 9 ? 1 : 3))));
    },
    ["class-empty", "classes-missing"],
  ],
  [
    "two sets, a level down",
    async () => {
      const files = await readdir(folder);
      for (const set of ["VOCdevkit/a", "VOCdevkit/b"])
        for (const file of files) {
          const name = { images: "JPEGImages", masks: "SegmentationClass" }[file] ?? file;
          await cp(at(file), at(set, name), { recursive: true });
        }
      for (const file of files) await rm(at(file), { recursive: true });
    },
    ["folder-left-out"],
  ],
  [
    "annotations without an image",
    async () => {
      for (const file of await readdir(folder)) await rm(at(file), { recursive: true });
      await writeFile(
        at("instances_train.json"),
        JSON.stringify({ images: [], annotations: [], categories: [PERSON] }),
      );
    },
    ["no-pairs"],
  ],
  ["a stray file", () => writeFile(at("masks", ".DS_Store"), "x"), ["stray-file"]],
];

const INSTANCES = "annotations/instances_train.json";
const PANOPTIC = "annotations/panoptic_train.json";
type Json = Record<string, never>[] & Record<string, Record<string, unknown>[]>;
const json =
  (change: (content: Json) => void) =>
  (bytes: Buffer): string => {
    const content = JSON.parse(bytes.toString());
    change(content);
    return JSON.stringify(content);
  };
const replace =
  (from: string | RegExp, to: string) =>
  (bytes: Buffer): string =>
    bytes.toString("latin1").replace(from, to);

/** Faults of layouts with annotations: what is done to one of their files. */
const ANNOTATED: [string, string, string, (bytes: Buffer) => string | Uint8Array, string[]][] = [
  ["coco", "half a JSON", INSTANCES, (bytes) => bytes.subarray(0, 900), ["annotation-damaged"]],
  ["coco", "a JSON without a list", PANOPTIC, replace('"annotations"', '"labels"'), ["annotation-damaged"]],
  [
    "coco",
    "an image that is not there",
    INSTANCES,
    json((c) => (c["images"][0]["file_name"] = "x.png")),
    ["mask-without-image"],
  ],
  [
    "coco",
    "an annotation of no image",
    INSTANCES,
    json((c) => (c["annotations"][0]["image_id"] = 99)),
    ["annotation-stray", "annotations-differ"],
  ],
  ["coco", "a wrong area", INSTANCES, json((c) => (c["annotations"][0]["area"] = 1)), ["area-wrong"]],
  ["coco", "a wrong box", INSTANCES, json((c) => (c["annotations"][0]["bbox"] = [0, 0, 1, 1])), ["area-wrong"]],
  [
    "coco",
    "run lengths of another size",
    INSTANCES,
    json((c) => (c["annotations"][0]["segmentation"] = { size: [9, 13], counts: [3, 4] })),
    ["annotation-damaged", "annotations-differ"],
  ],
  [
    "coco",
    "an unknown category",
    INSTANCES,
    json((c) => (c["annotations"][0]["category_id"] = 9)),
    ["annotations-differ", "label-unknown"],
  ],
  [
    "coco",
    "a renamed category",
    INSTANCES,
    json((c) => (c["categories"][2]["name"] = "hat")),
    ["annotations-differ", "label-unknown"],
  ],
  [
    "coco",
    "an area twice",
    INSTANCES,
    json((c) => c["annotations"].push({ ...c["annotations"][0], id: 99 })),
    ["overlap"],
  ],
  ["coco", "a lost annotation", INSTANCES, json((c) => c["annotations"].pop()), ["annotations-differ"]],
  [
    "coco",
    "an unlisted segment",
    PANOPTIC,
    json((c) => (c["annotations"][0]["segments_info"] as object[]).pop()),
    ["annotation-damaged", "annotations-differ"],
  ],
  ["coco", "half a panoptic map", "panoptic_train/seed000000.png", (bytes) => bytes.subarray(0, 90), ["mask-damaged"]],
  ["cvat", "an unknown label", "annotations.xml", replace('mask label="wheel"', 'mask label="hat"'), ["label-unknown"]],
  ["cvat", "a cut file", "annotations.xml", (bytes) => bytes.subarray(0, bytes.length - 20), ["annotation-damaged"]],
  ["cvat", "wrong run lengths", "annotations.xml", replace('rle="', 'rle="5, '), ["annotation-damaged"]],
  ["cvat", "a mask beyond the image", "annotations.xml", replace(/left="\d+"/, 'left="40"'), ["annotation-damaged"]],
  [
    "cvat",
    "another size",
    "annotations.xml",
    replace('width="13" height="9"', 'width="14" height="9"'),
    ["size-mismatch"],
  ],
  [
    "cvat",
    "an image that is not there",
    "annotations.xml",
    replace("seed000000.png", "other.png"),
    ["mask-without-image"],
  ],
  [
    "cvat",
    "an ellipse",
    "annotations.xml",
    replace("<mask label", '<ellipse label="wheel"/><mask label'),
    ["annotation-damaged"],
  ],
  [
    "labelstudio",
    "an unknown label",
    "tasks.json",
    replace('"brushlabels":["wheel"]', '"brushlabels":["hat"]'),
    ["label-unknown"],
  ],
  [
    "labelstudio",
    "a cut brush",
    "tasks.json",
    json(
      (c) =>
        ((
          c as never as { annotations: { result: { value: { rle: number[] } }[] }[] }[]
        )[0].annotations[0].result[0].value.rle.length = 9),
    ),
    ["annotation-damaged"],
  ],
  ["labelstudio", "no annotations", "tasks.json", json((c) => delete c[0]["annotations"]), ["image-without-mask"]],
  [
    "labelstudio",
    "a second annotator",
    "tasks.json",
    json((c) => (c[0]["annotations"] as object[]).push({ result: [] })),
    ["annotation-unused"],
  ],
  ["labelstudio", "no list", "tasks.json", () => "{}", ["annotation-damaged"]],
  ["webdataset", "a cut archive", "train-000000.tar", (bytes) => bytes.subarray(0, 3000), ["annotation-damaged"]],
  [
    "webdataset",
    "a damaged header",
    "val-000000.tar",
    (bytes) => Buffer.concat([Buffer.from("x"), bytes.subarray(1)]),
    ["annotation-damaged"],
  ],
  [
    "webdataset",
    "a changed name",
    "train-000000.tar",
    replace(/seed000000\.seg\.png/, "seed000000.set.png"),
    ["annotation-damaged"],
  ],
];

describe("checkJob()", () => {
  it("finds nothing in a clean folder of any layout", async () => {
    for (const format of formats) {
      const clean = at("clean", format.name);
      await mkdir(clean, { recursive: true });
      const writer = format.writer(info, folderSink(clean));
      for (const sample of await someSamples()) await writer.add(sample);
      await writer.finish();
      expect(await checkJob({ folder: clean, format: null, recipe: null }, {})).toEqual({
        format: format.name,
        pairs: 5,
        faults: [],
      });
    }
  });

  it.each(PLANTED)("finds %s, and nothing else", async (_, plant, expected) => {
    await plant();
    expect(await kinds()).toEqual(expected);
  });

  it.each(ANNOTATED)("finds in %s %s, and nothing else of weight", async (name, _, file, change, expected) => {
    const set = at(name);
    const writer = formatNamed(name).writer(info, folderSink(set));
    for (const sample of await someSamples()) await writer.add(sample);
    await writer.finish();
    await writeFile(join(set, file), Buffer.from(change(await readFile(join(set, file))) as string, "latin1"));
    const { faults, format } = await checkJob({ folder: set, format: null, recipe: null }, {});
    expect(format).toBe(name);
    const found = new Set(faults.map((f) => f.kind));
    // What is lost with the damage: samples and classes.
    for (const kind of ["class-empty", "one-class"] as const) found.delete(kind);
    expect([...found].sort()).toEqual(expected);
  });

  it("knows no fault that is not planted here", () => {
    const planted = [...PLANTED.map(([, , found]) => found), ...ANNOTATED.map(([, , , , found]) => found)];
    expect([...new Set(planted.flat())].sort()).toEqual(Object.keys(FAULTS).sort());
  });

  it("calls it an error where the layout that was asked for has no pair", async () => {
    const { faults, pairs } = await checkJob({ folder, format: "coco", recipe: null }, {});
    expect(pairs).toBe(0);
    expect(faults).toEqual([{ kind: "no-pairs", path: ".", found: "no image with labels, read as coco" }]);
  });

  it("names file and value", async () => {
    await writeFile(at(...M), index(mask((x, y) => (x < 5 ? 0 : y < 4 ? 77 : 1))));
    expect((await checkJob({ folder, format: "folders", recipe: null }, {})).faults).toEqual([
      { kind: "id-out-of-range", path: "masks/seed000001.png", found: "id 77 in 32 pixels; there are 3 classes" },
    ]);
  });

  it.each([
    ["/nowhere", null, "there is no such folder"],
    [import.meta.dirname, null, "no images with masks or annotations were found"],
    [
      resolve(import.meta.dirname, "../../docs"),
      null,
      /were found \(pictures without: \d+; `klish segment` makes masks by .*`klish auto` from photos alone\)/,
    ],
  ])("refuses %s as %s", async (path, format, message) => {
    await expect(checkJob({ folder: path, format, recipe: null }, {})).rejects.toThrow(message);
  });
});
