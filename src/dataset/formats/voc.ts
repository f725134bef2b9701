/** Pascal VOC 2012 (Everingham et al., development kit), with CVAT's labelmap.txt for names and colours. */
import { connectedComponents } from "../components.ts";
import { classesJson, classifyFolders, type DatasetFormat, splitLists } from "../format.ts";
import { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf, rgbOf } from "../labelMap.ts";
import { encodePng } from "../png.ts";

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
        await sink.file("labelmap.txt", labelMapText(classes));
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },
  classify: classifyFolders(/^JPEGImages$/, /^SegmentationClass$/),
};

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

/** VOC's own colours: the bits of the number dealt out to the three channels, high bits first. */
function objectPalette(): Uint8Array {
  const palette = paletteOf([]);
  for (let n = 0; n < IGNORE_LABEL; n++)
    for (let bit = 0, left = n; bit < 8; bit++, left >>= 3)
      for (let c = 0; c < 3; c++) palette[n * 3 + c] |= ((left >> c) & 1) << (7 - bit);
  return palette;
}
