/** Pascal VOC 2012 (Everingham et al., development kit), with CVAT's labelmap.txt for names and colours. */
import { labelMapField } from "../../text/escape.ts";
import { type ListedClass, listedClasses, numberedColor } from "../classList.ts";
import { connectedComponents } from "../components.ts";
import { classesJson, type DatasetFormat, splitLists } from "../format.ts";
import {
  type DatasetClass,
  hexColor,
  IGNORE_COLOR,
  IGNORE_LABEL,
  type LabelMap,
  paletteOf,
  rgbOf,
} from "../labelMap.ts";
import { pairLayout, pairsOf } from "../pairs.ts";
import { encodePng } from "../png.ts";
import { baseName, folderOf, IMAGE_FILE, readText, withoutExtension } from "../reading.ts";

/** The lists of segmented images. */
const SEGMENTED = /^ImageSets\/Segmentation\/[^/]+\.txt$/;

const partOf = (path: string): { kind: "image" | "mask" | undefined; key: string } => {
  const kind = { JPEGImages: "image", SegmentationClass: "mask" }[folderOf(path)] as "image" | "mask" | undefined;
  return { kind: IMAGE_FILE.test(path) ? kind : undefined, key: withoutExtension(baseName(path)) };
};
const pairs = pairLayout(/^JPEGImages$/, /^SegmentationClass$/);

export const voc: DatasetFormat = {
  name: "voc",
  title: "Pascal VOC",
  load: {
    language: "python",
    code: `import os, numpy as np; from PIL import Image
root = {path}
names = open(f"{root}/ImageSets/Segmentation/train.txt").read().split()
mask = np.array(Image.open(f"{root}/SegmentationClass/{names[0]}.png"))  # ids, 255 = ignore`,
  },
  writer({ classes, splits, imageExtension }, sink) {
    const lists = splitLists();
    const palette = objectPalette();
    return {
      async add(sample) {
        lists.add(sample);
        const { name, labels } = sample;
        await sink.original(`JPEGImages/${name}.${imageExtension}`, sample, "image");
        await sink.original(`SegmentationClass/${name}.png`, sample, "mask");
        const { width, height } = labels;
        await sink.file(
          `SegmentationObject/${name}.png`,
          encodePng({ width, height, palette, data: objectMap(labels, classes) }),
        );
      },
      async finish() {
        for (const split of splits) await sink.file(`ImageSets/Segmentation/${split}.txt`, lists.of(split));
        if (splits.includes("val"))
          await sink.file("ImageSets/Segmentation/trainval.txt", lists.of("train") + lists.of("val"));
        await sink.file(LABEL_MAP, labelMapText(classes));
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },
  ...pairs,
  async read(folder, classes, report) {
    // VOC's own set has 17,125 images, of which 2,913 are segmented and listed: the others are not samples.
    const listed = new Set<string>();
    for (const path of folder.paths)
      if (SEGMENTED.test(path)) for (const name of lines(await readText(folder, path))) listed.add(name);
    const samples = folder.paths.includes(LABEL_MAP)
      ? pairsOf(folder, partOf, { channels: 1, colors: colorIds(classes ?? []) }, report)
      : await pairs.read(folder, classes, report);
    return samples.filter(({ key, labels }) => labels !== undefined || listed.size === 0 || listed.has(key));
  },
  async classes(folder, report) {
    if (!folder.paths.includes(LABEL_MAP)) return undefined;
    const listed = lines(await readText(folder, LABEL_MAP)).map((line): ListedClass => {
      const [name, color = ""] = line.split(":");
      const rgb = color.split(",").map(Number);
      const valid = rgb.length === 3 && rgb.every((v) => Number.isInteger(v) && v >= 0 && v <= 255);
      return { name, ...(valid ? { color: hexColor(rgb) } : {}) };
    });
    return listedClasses(listed, LABEL_MAP, report);
  },
};

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line));

/** The ids of colours in RGB masks, as CVAT writes them beside its list; VOC's colour of the border is ignored. */
const colorIds = (classes: readonly DatasetClass[]): ReadonlyMap<number, number> =>
  new Map(
    [IGNORE_COLOR, ...classes.map((c) => c.color)].map((color, i) => [
      Number.parseInt(color.slice(1), 16),
      i === 0 ? IGNORE_LABEL : i - 1,
    ]),
  );

/** CVAT's list of names and colours. */
const LABEL_MAP = "labelmap.txt";

/** "name:r,g,b::" a line, as CVAT reads and writes it. Names that are the same there get their ids. */
export function labelMapText(classes: readonly DatasetClass[]): string {
  const names = classes.map(({ name }) => labelMapField(name));
  const lines = classes.map(({ color }, id) => {
    const name = names.indexOf(names[id]) < id ? `${names[id]} (${id})` : names[id];
    return `${name}:${rgbOf(color).join(",")}::\n`;
  });
  return `# label:color_rgb:parts:actions\n${lines.join("")}`;
}

/** Object numbers from 1, background 0; the largest 254 objects where there are more, the others are ignored. */
function objectMap(labels: LabelMap, classes: readonly DatasetClass[]): Uint8Array {
  const { index, list } = connectedComponents(labels);
  const objects = list
    .map((component, i) => ({ i, ...component }))
    .filter(({ label }) => !classes[label].background)
    .sort((a, b) => b.area - a.area || a.i - b.i);
  const number = new Uint8Array(list.length);
  objects.forEach(({ i }, rank) => {
    number[i] = Math.min(rank + 1, IGNORE_LABEL);
  });
  return Uint8Array.from(index, (i) => (i < 0 ? IGNORE_LABEL : number[i]));
}

/** The colours of VOC's object numbers. */
function objectPalette(): Uint8Array {
  const palette = paletteOf([]);
  for (let n = 0; n < IGNORE_LABEL; n++) palette.set(rgbOf(numberedColor(n)), n * 3);
  return palette;
}
