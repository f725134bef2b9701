/** Pascal VOC 2012 (Everingham et al., development kit), with CVAT's labelmap.txt for names and colours. */
import { type ListedClass, listedClasses, numberedColor } from "../classList.ts";
import { connectedComponents } from "../components.ts";
import { classesJson, type DatasetFormat, splitLists } from "../format.ts";
import { type DatasetClass, hexColor, IGNORE_LABEL, type LabelMap, paletteOf, rgbOf } from "../labelMap.ts";
import { pairLayout } from "../pairs.ts";
import { encodePng } from "../png.ts";
import { readText } from "../reading.ts";

export const voc: DatasetFormat = {
  name: "voc",
  title: "Pascal VOC",
  load: {
    language: "python",
    code: `import os, numpy as np; from PIL import Image
names = open("{path}/ImageSets/Segmentation/train.txt").read().split()
mask = np.array(Image.open(f"{path}/SegmentationClass/{names[0]}.png"))  # ids, 255 = ignore`,
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
  ...pairLayout(/^JPEGImages$/, /^SegmentationClass$/),
  async classes(folder, report) {
    if (!folder.paths.includes(LABEL_MAP)) return undefined;
    const lines = (await readText(folder, LABEL_MAP)).split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line));
    const listed = lines.map((line): ListedClass => {
      const [name, rgb] = line.split(":");
      return { name, color: hexColor((rgb ?? "").split(",").map(Number)) };
    });
    return listedClasses(listed, LABEL_MAP, report);
  },
};

/** CVAT's list of names and colours. */
const LABEL_MAP = "labelmap.txt";

/** "name:r,g,b::" a line, as CVAT reads and writes it. */
export const labelMapText = (classes: readonly DatasetClass[]): string =>
  `# label:color_rgb:parts:actions\n${classes.map(({ name, color }) => `${name.replaceAll(":", " ")}:${rgbOf(color).join(",")}::\n`).join("")}`;

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
