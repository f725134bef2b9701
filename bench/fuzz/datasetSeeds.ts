/** Good sets of two images in every layout, to be changed. */
import { formats } from "../../src/dataset/formats/index.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { writtenBy } from "../../tests/contracts/datasetFormat.ts";
import type { Files } from "./mutateDataset.ts";

const [W, H] = [13, 9];
const picture = (seed: number): Uint8Array =>
  encodePng({ width: W, height: H, data: Uint8Array.from({ length: W * H * 3 }, (_, i) => (i * seed) % 251) });
const mask = encodePng({ width: W, height: H, data: Uint8Array.from({ length: W * H }, (_, i) => i % 3) });
const SQUARE = [1, 1, 8, 1, 8, 8, 1, 8];
const CORNERS = [
  [1, 1],
  [8, 1],
  [8, 8],
  [1, 8],
];

/** Layouts that are read and not written, as their tools write them. */
const FOREIGN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "COCO with polygons": {
    "train/1.png": picture(3),
    "train/2.png": picture(5),
    "train/_annotations.coco.json": {
      images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: W, height: H })),
      annotations: [1, 2].map((id) => ({
        id,
        image_id: id,
        category_id: id,
        bbox: [1, 1, 7, 7],
        segmentation: [SQUARE],
      })),
      categories: [1, 2].map((id) => ({ id, name: `class ${id}` })),
    },
  },
  "Label Studio without brushes": {
    "1.png": picture(3),
    "project-1.json": [
      {
        data: { image: "/data/upload/1/0a1b2c3d-1.png" },
        annotations: [
          {
            result: [
              { type: "polygonlabels", value: { points: CORNERS, polygonlabels: ["cat"] } },
              {
                type: "rectanglelabels",
                value: { x: 5, y: 5, width: 30, height: 20, rotation: 9, rectanglelabels: ["dog"] },
              },
              { type: "ellipselabels", value: { x: 50, y: 50, radiusX: 9, radiusY: 5, ellipselabels: ["dog"] } },
            ],
          },
        ],
      },
    ],
  },
  LabelMe: {
    "1.png": picture(3),
    "1.json": {
      ...{ imagePath: "1.png", imageWidth: W, imageHeight: H },
      shapes: [
        { label: "cat", shape_type: "polygon", points: CORNERS },
        {
          label: "dog",
          shape_type: "circle",
          points: [
            [5, 5],
            [5, 7],
          ],
        },
        {
          label: "dog",
          shape_type: "mask",
          points: [
            [0, 0],
            [12, 8],
          ],
          mask: Buffer.from(mask).toString("base64"),
        },
      ],
    },
  },
  YOLO: {
    "data.yaml": "names:\n  0: cat\n  1: dog\n",
    "images/train/1.png": picture(3),
    "labels/train/1.txt": "1 0.1 0.1 0.8 0.1 0.8 0.8\n0 0.1 0.1 0.3 0.1 0.3 0.8\n",
  },
  "metadata.csv": {
    "1.png": picture(3),
    "1_m.png": mask,
    "metadata.csv": 'file_name,mask_file_name,text\n1.png,1_m.png,"a, b"\n',
    "id2label.json": { 0: "a", 1: "b", 2: "c" },
  },
  ADE20K: {
    "images/training/1.png": picture(3),
    "annotations/training/1.png": mask,
    "objectInfo150.txt": "Idx\tName\n1\twall\n2\tsky\n",
  },
  "CVAT with shapes": {
    "1.png": picture(3),
    "annotations.xml": `<annotations><meta><label><name>cat</name><color>#ff0000</color></label></meta>
      <image id="0" name="1.png" width="${W}" height="${H}"><polygon label="cat" points="1,1;8,1;8,8" z_order="0"/>
      <box label="cat" xtl="1" ytl="1" xbr="5" ybr="5" rotation="20"/><ellipse label="cat" cx="5" cy="5" rx="2" ry="1"/>
      <mask label="cat" rle="2, 2" left="1" top="1" width="2" height="2"/></image></annotations>`,
  },
};

const bytes = (content: unknown): Uint8Array =>
  content instanceof Uint8Array
    ? content
    : new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));

/** By name, the files of each good set. */
export async function datasetSeeds(): Promise<ReadonlyMap<string, Files>> {
  const seeds = new Map<string, Files>();
  for (const format of formats) seeds.set(format.name, await writtenBy(format, 2));
  for (const [name, files] of Object.entries(FOREIGN))
    seeds.set(name, new Map(Object.entries(files).map(([path, content]) => [path, bytes(content)])));
  return seeds;
}
