import { classesJson, type DatasetFormat, splitLists } from "../format.ts";
import { pairLayout } from "../pairs.ts";

/** Plain folders: images/<name>, masks/<name>.png of the same stem, a list of names per split. */
export const folders: DatasetFormat = {
  name: "folders",
  title: "plain folders",
  load: {
    language: "python",
    code: `from PIL import Image; import numpy as np
root = {path}
names = open(f"{root}/train.txt").read().split()
image, mask = Image.open(f"{root}/images/{names[0]}.{ext}"), np.array(Image.open(f"{root}/masks/{names[0]}.png"))`,
  },
  writer({ classes, splits, imageExtension }, sink) {
    const lists = splitLists();
    return {
      async add(sample) {
        lists.add(sample);
        await sink.original(`images/${sample.name}.${imageExtension}`, sample, "image");
        await sink.original(`masks/${sample.name}.png`, sample, "mask");
      },
      async finish() {
        await sink.file("classes.json", classesJson(classes));
        for (const split of splits) await sink.file(`${split}.txt`, lists.of(split));
      },
    };
  },
  ...pairLayout(/^images$/, /^masks$/),
};
