import { describe, expect, it } from "vitest";
import { brushRle } from "../../src/dataset/brushRle.ts";
import { checkDataset } from "../../src/dataset/check.ts";
import { FAULTS, type Fault } from "../../src/dataset/faults.ts";
import { layouts } from "../../src/dataset/formats/index.ts";
import { openLayout } from "../../src/dataset/openLayout.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { probe } from "../../src/project/dataset/probe.ts";
import { memoryFolder } from "../contracts/datasetFormat.ts";

/** Layouts as other tools write them, by hand: the labels that must come out, and no error. */

const [W, H] = [8, 6];
/** Pictures that differ. */
let pictures = 0;
const picture = (): Uint8Array =>
  encodePng({
    width: W,
    height: H,
    data: Uint8Array.from({ length: W * H * 3 }, (_, i) => (i * 7 + pictures++) % 256),
  });
const mask = (rows: readonly string[]): Uint8Array =>
  encodePng({ width: W, height: H, data: Uint8Array.from(rows.join(""), Number) });

const LEFT = ["11110000", "11110000", "11110000", "00000000", "00000000", "00000000"];
/** The same with 255 where nothing is, as "." */
const left = (id: number): string[] => LEFT.map((row) => row.replaceAll("0", ".").replaceAll("1", String(id)));

async function read(files: Record<string, unknown>): Promise<{
  layout: string;
  names: string[] | undefined;
  labels: Record<string, string[] | undefined>;
  faults: string[];
}> {
  const bytes = (content: unknown): Uint8Array =>
    content instanceof Uint8Array
      ? content
      : new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
  const folder = memoryFolder(new Map(Object.entries(files).map(([path, content]) => [path, bytes(content)])));
  const faults: Fault[] = [];
  const opened = await openLayout(folder, layouts, probe, (kind, path, found) => faults.push({ kind, path, found }));
  const labels: Record<string, string[] | undefined> = {};
  for (const sample of opened.samples) {
    const { labels: found } = await opened.read(sample);
    const text = found && [...found.map.data].map((v) => (v === 255 ? "." : String(v))).join("");
    labels[`${sample.split ?? "-"} ${sample.key}`] = text?.match(/.{8}/g) ?? undefined;
  }
  const checked = await checkDataset(folder, layouts, probe);
  const errors = [...faults, ...checked.faults].filter((f) => FAULTS[f.kind].severity === "error");
  return {
    layout: opened.layout.name,
    names: opened.classes?.map((c) => c.name),
    labels,
    faults: errors.map((f) => `${f.kind} ${f.path}: ${f.found}`),
  };
}

/** Corners of the left upper quarter that `left` shows, in pixels. */
const CORNERS = [
  [0, 0],
  [4, 0],
  [4, 3],
  [0, 3],
];
const coco = (file: string, more: object = {}): unknown => ({
  info: { description: "by hand" },
  images: [{ id: 0, file_name: file, width: W, height: H }],
  annotations: [{ id: 0, image_id: 0, category_id: 1, segmentation: [CORNERS.flat()], bbox: [0, 0, 4, 3], iscrowd: 0 }],
  categories: [
    { id: 0, name: "cats", supercategory: "none" },
    { id: 1, name: "tabby", supercategory: "cats" },
  ],
  ...more,
});

describe("layouts that tools write", () => {
  it("Hugging Face's metadata.jsonl, whatever the column of masks is called", async () => {
    const found = await read({
      "train/a.png": picture(),
      "train/conditioning/a_m.png": mask(LEFT),
      "train/metadata.jsonl": '{"file_name": "a.png", "text": "a cat", "mask": "conditioning/a_m.png"}\n',
      "validation/b.png": picture(),
      "validation/b_m.png": mask(LEFT),
      "validation/metadata.jsonl": '{"file_name": "b.png", "label_file_name": "b_m.png"}\n',
      "id2label.json": { 0: "background", 1: "cat" },
    });
    expect(found).toEqual({
      layout: "huggingface",
      names: ["background", "cat"],
      labels: { "train a": LEFT, "val b": LEFT },
      faults: [],
    });
  });

  it("Hugging Face's metadata.csv, with Windows' paths", async () => {
    const found = await read({
      "images/a.png": picture(),
      "masks/a.png": mask(LEFT),
      "metadata.csv": 'file_name,caption,mask_file_name\r\nimages\\a.png,"a cat, asleep",masks\\a.png\r\n',
    });
    expect(found).toMatchObject({ layout: "huggingface", labels: { "- a": LEFT }, faults: [] });
  });

  it("Label Studio's COCO export, with Windows' paths", async () => {
    const found = await read({
      "images/5f3a9c21-a.png": picture(),
      "result.json": coco("images\\5f3a9c21-a.png"),
    });
    expect(found).toEqual({
      layout: "coco",
      names: ["cats", "tabby"],
      labels: { "- 5f3a9c21-a": left(1) },
      faults: [],
    });
  });

  it("Roboflow's COCO, a file in the folder of each split", async () => {
    const found = await read({
      "README.roboflow.txt": "x",
      "train/a_png.rf.1.png": picture(),
      "train/_annotations.coco.json": coco("a_png.rf.1.png"),
      "valid/b_png.rf.2.png": picture(),
      "valid/_annotations.coco.json": coco("b_png.rf.2.png"),
    });
    expect(found).toMatchObject({
      layout: "coco",
      labels: { "train a_png.rf.1": left(1), "val b_png.rf.2": left(1) },
      faults: [],
    });
  });

  it("COCO under any name", async () => {
    const found = await read({ "data/a.png": picture(), "labels.json": coco("a.png") });
    expect(found).toMatchObject({ layout: "coco", labels: { "- a": left(1) }, faults: [] });
  });

  it("LabelMe's JSON beside each image: polygons, rectangles, circles, masks", async () => {
    const shape = (label: string, shape_type: string, points: number[][], more: object = {}): object => ({
      ...{ label, shape_type, points, group_id: null, flags: {} },
      ...more,
    });
    const small = encodePng({ width: 2, height: 1, data: Uint8Array.of(1, 0) });
    const found = await read({
      "a.png": picture(),
      "a.json": {
        ...{
          version: "5.4.1",
          flags: {},
          imagePath: "..\\photos\\a.png",
          imageData: null,
          imageWidth: W,
          imageHeight: H,
        },
        shapes: [
          shape("cat", "polygon", CORNERS),
          shape("dog", "rectangle", [
            [6, 0],
            [8, 2],
          ]),
          shape("cat", "circle", [
            [7, 5],
            [7, 5.9],
          ]),
          shape(
            "dog",
            "mask",
            [
              [0, 5],
              [1, 5],
            ],
            { mask: Buffer.from(small).toString("base64") },
          ),
          shape("__ignore__", "polygon", CORNERS),
        ],
      },
    });
    expect(found).toEqual({
      layout: "labelme",
      names: ["cat", "dog"],
      labels: { "- a": ["0000..11", "0000..11", "0000....", "........", "......00", "1.....00"] },
      faults: [],
    });
  });

  it("YOLO's segments, with names in data.yaml", async () => {
    const line = `1 ${CORNERS.map(([x, y]) => `${x / W} ${y / H}`).join(" ")}`;
    for (const yaml of [
      "nc: 2\nnames: ['dog', \"cat\"]\n",
      "names:\n  0: dog # the first\n  1: cat\n",
      "names:\n- dog\n- cat\nnc: 2\n",
    ]) {
      const found = await read({
        "data.yaml": `train: ../train/images\n${yaml}`,
        "images/train/a.png": picture(),
        "labels/train/a.txt": `${line}\n`,
        "valid/images/b.png": picture(),
        "valid/labels/b.txt": `${line}\n0 0.5 0.5 0.75 0.5 0.75 0.7 0.5 0.7\n`,
      });
      expect(found, yaml).toEqual({
        layout: "yolo",
        names: ["dog", "cat"],
        labels: { "train a": left(1), "val b": [...left(1).slice(0, 3), "....00..", "........", "........"] },
        faults: [],
      });
    }
  });

  it("ADE20K's images/training and annotations/training, a level down", async () => {
    const found = await read({
      "ADEChallengeData2016/images/training/ADE_train_1.png": picture(),
      "ADEChallengeData2016/annotations/training/ADE_train_1.png": mask(LEFT),
      "ADEChallengeData2016/objectInfo150.txt":
        "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1\t9\t9\t1\twall\n2\t0.1\t9\t9\t1\tbuilding, edifice\n",
    });
    expect(found).toEqual({
      layout: "ade20k",
      names: ["other", "wall", "building, edifice"],
      labels: { "train ADE_train_1": LEFT },
      faults: [],
    });
  });

  it("VOC's development kit, of whose images a part is segmented, in a folder in a folder", async () => {
    const root = "VOCdevkit/VOC2012";
    const found = await read({
      [`${root}/JPEGImages/a.png`]: picture(),
      [`${root}/JPEGImages/b.png`]: picture(),
      [`${root}/SegmentationClass/a.png`]: mask(LEFT),
      [`${root}/ImageSets/Segmentation/train.txt`]: "a\n",
      [`${root}/ImageSets/Main/train.txt`]: "a\nb\n",
    });
    expect(found).toMatchObject({ layout: "voc", labels: { "- a": LEFT }, faults: [] });
  });

  it("RGB masks with the colours of CVAT's labelmap.txt", async () => {
    const colors: Record<string, number[]> = { 0: [0, 0, 0], 1: [250, 50, 83], ".": [224, 224, 192] };
    const rows = ["11110000", "11110000", "11110000", "....0000", "00000000", "00000000"];
    const rgb = (text: readonly string[]): Uint8Array =>
      encodePng({ width: W, height: H, data: Uint8Array.from([...text.join("")].flatMap((c) => colors[c])) });
    const files = {
      "JPEGImages/a.png": picture(),
      "SegmentationClass/a.png": rgb(rows),
      "ImageSets/Segmentation/default.txt": "a\n",
      "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:250,50,83::\n",
    };
    expect(await read(files)).toEqual({
      layout: "voc",
      names: ["background", "cat"],
      labels: { "- a": rows },
      faults: [],
    });
    colors["1"] = [250, 50, 84];
    const { faults } = await read({ ...files, "SegmentationClass/a.png": rgb(rows) });
    expect(faults[0]).toBe("label-unknown SegmentationClass/a.png: the colour #fa3254 in 12 pixels");
  });

  it("images and masks in one folder, told apart by the ends of their names", async () => {
    const found = await read({
      "set/a.png": picture(),
      "set/a_mask.png": mask(LEFT),
      "set/b.png": picture(),
      "set/b_mask.png": mask(LEFT),
      "readme.txt": "x",
    });
    expect(found).toMatchObject({ layout: "suffix", labels: { "- a": LEFT, "- b": LEFT }, faults: [] });
  });

  it("CVAT's polygons, boxes and ellipses, turned too, by z order", async () => {
    const found = await read({
      "images/a.png": picture(),
      "annotations.xml": `<?xml version="1.0"?><annotations><meta><task><labels>
        <label><name>cat</name><color>#ff0000</color><attributes><attribute><name>age</name></attribute></attributes></label>
        <label><name>dog &amp; co</name></label></labels></task></meta>
        <image id="0" name="a.png" width="8" height="6"><tag label="sunny"/>
        <box label="dog &amp; co" xtl="6" ytl="0" xbr="8" ybr="2" z_order="1"><attribute name="age">3</attribute></box>
        <polygon label="cat" points="0.0,0.0;8.0,0.0;8.0,3.0;0.0,3.0" z_order="0"></polygon>
        <ellipse label="dog &amp; co" cx="1.5" cy="4.5" rx="1.5" ry="0.5" rotation="0"/>
        <box label="cat" xtl="5" ytl="4" xbr="7" ybr="5" rotation="90"/></image></annotations>`,
    });
    expect(found).toEqual({
      layout: "cvat",
      names: ["cat", "dog & co"],
      labels: { "- a": ["00000011", "00000011", "00000000", ".....0..", "111..0..", "........"] },
      faults: [],
    });
  });

  it("Label Studio's plain export: polygons, rectangles, ellipses and brushes, names from where they are used", async () => {
    const brush = brushRle(
      { width: W, height: H, data: Uint8Array.from({ length: W * H }, (_, p) => (p < 8 ? 1 : 0)) },
      1,
    );
    const size = { original_width: W, original_height: H, image_rotation: 0 };
    const one = (type: string, value: object): object => ({ ...size, type, value });
    const found = await read({
      "a.png": picture(),
      "project-3-at-2026-01-01.json": [
        {
          id: 1,
          data: { photo: "/data/upload/3/0a1b2c3d-a.png" },
          annotations: [
            { was_cancelled: true, result: [] },
            {
              result: [
                one("brushlabels", { format: "rle", rle: [...brush], brushlabels: ["wall"] }),
                one("polygonlabels", {
                  points: CORNERS.map(([x, y]) => [(x / W) * 100, (y / H) * 100]),
                  polygonlabels: ["cat"],
                }),
                one("rectanglelabels", {
                  x: 75,
                  y: 0,
                  width: 25,
                  height: (2 / H) * 100,
                  rotation: 0,
                  rectanglelabels: ["dog"],
                }),
                one("ellipselabels", { x: 25, y: 75, radiusX: 12.5, radiusY: (0.5 / H) * 100, ellipselabels: ["dog"] }),
                { type: "choices", value: { choices: ["sharp"] } },
              ],
            },
          ],
        },
      ],
    });
    expect(found).toEqual({
      layout: "labelstudio",
      names: ["cat", "dog", "wall"],
      labels: { "- a": ["00002211", "0000..11", "0000....", "........", ".11.....", "........"] },
      faults: [],
    });
  });
});
