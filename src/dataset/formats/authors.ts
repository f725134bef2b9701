/**
 * The layout of the KLiSH authors' generated sets: image/0000000.jpg, label_klish_c<n>/0000000.png with the id repeated in
 * three channels, and colours of the first hundred in labelviz_klish_c<n>/. Their reader splits by a shuffle of its own, so
 * splits are not written.
 */
import { classesJson, type DatasetFormat } from "../format.ts";
import { paletteOf } from "../labelMap.ts";
import { pairLayout } from "../pairs.ts";
import { encodePng } from "../png.ts";

const SHOWN = 100;

export const authors: DatasetFormat = {
  name: "authors",
  title: "the KLiSH authors' layout",
  load: {
    language: "python",
    code: `from lib.dataset import ImageSegmentationDataset   # of the authors' code
data = ImageSegmentationDataset({path}, label_folder="label_klish_c{classes}")
image, label = data[0]`,
  },
  writer({ classes, imageExtension }, sink) {
    const folder = `klish_c${classes.length}`;
    const palette = paletteOf(classes);
    let count = 0;
    return {
      async add(sample) {
        const { width, height, data } = sample.labels;
        const name = String(count).padStart(7, "0");
        await sink.original(`image/${name}.${imageExtension}`, sample, "image");
        const rgb = (color: (label: number, channel: number) => number): Uint8Array => {
          const out = new Uint8Array(data.length * 3);
          data.forEach((label, p) => {
            for (let c = 0; c < 3; c++) out[p * 3 + c] = color(label, c);
          });
          return encodePng({ width, height, data: out });
        };
        await sink.file(
          `label_${folder}/${name}.png`,
          rgb((label) => label),
        );
        if (count++ < SHOWN)
          await sink.file(
            `labelviz_${folder}/${name}.png`,
            rgb((label, c) => palette[label * 3 + c]),
          );
      },
      finish: () => sink.file("classes.json", classesJson(classes)),
    };
  },
  ...pairLayout(/^image$/, /^label(_[^/]+)?$/, 3),
};
