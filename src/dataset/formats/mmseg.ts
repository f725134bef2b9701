/** OpenMMLab's MMSegmentation 1.x: img_dir and ann_dir by split, and a config that names classes and colours. */

import { z } from "zod";
import { pythonString } from "../../text/escape.ts";
import { listedClasses } from "../classList.ts";
import { classesJson, type DatasetFormat, type DatasetInfo } from "../format.ts";
import { hexColor, rgbOf } from "../labelMap.ts";
import { pairLayout } from "../pairs.ts";
import { readText } from "../reading.ts";

export const mmseg: DatasetFormat = {
  name: "mmseg",
  title: "MMSegmentation",
  load: {
    language: "python",
    code: `import runpy; from mmseg.datasets import BaseSegDataset
config = runpy.run_path({path} + "/dataset_config.py")
data = BaseSegDataset(**config["train_dataset"])`,
  },
  writer(info, sink) {
    return {
      async add(sample) {
        const { name, split } = sample;
        await sink.original(`img_dir/${split}/${name}.${info.imageExtension}`, sample, "image");
        await sink.original(`ann_dir/${split}/${name}.png`, sample, "mask");
      },
      async finish() {
        await sink.file(CONFIG, config(info));
        await sink.file("classes.json", classesJson(info.classes));
      },
    };
  },
  ...pairLayout(/^img_dir\/[^/]+$/, /^ann_dir\/[^/]+$/),
  async classes(folder, report) {
    if (!folder.paths.includes(CONFIG)) return undefined;
    // Python is not run: the two lists are read where they are written as our writer does, which is JSON too.
    const text = await readText(folder, CONFIG);
    const list = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
      const line = text.split("\n").find((l) => l.trim().startsWith(`${name}=`));
      try {
        return schema.safeParse(JSON.parse(line?.trim().slice(name.length + 1, -1) ?? "null")).data;
      } catch {
        // Written by hand, in Python's own way: the classes are then unknown, which is told.
        return undefined;
      }
    };
    const palette = list("palette", z.array(z.array(z.int().min(0).max(255)).length(3)));
    const names = list("classes", z.array(z.string()));
    const listed = names?.map((name, id) => ({ name, ...(palette?.[id] && { color: hexColor(palette[id]) }) }));
    return listed && listedClasses(listed, CONFIG, report);
  },
};

const CONFIG = "dataset_config.py";

// The description is a string: a comment on the first line could choose the file's encoding, and hide code in it (PEP 263).
const config = ({ classes, splits, imageExtension, description }: DatasetInfo): string => `${pythonString(description)}
import os

data_root = os.path.dirname(os.path.abspath(__file__))
metainfo = dict(
    classes=[${classes.map((c) => pythonString(c.name)).join(",")}],
    palette=${JSON.stringify(classes.map((c) => rgbOf(c.color)))},
)
common = dict(
    data_root=data_root, metainfo=metainfo, img_suffix=".${imageExtension}", seg_map_suffix=".png",
    reduce_zero_label=False, ignore_index=255, pipeline=[],
)
${splits.map((split) => `${split}_dataset = dict(data_prefix=dict(img_path="img_dir/${split}", seg_map_path="ann_dir/${split}"), **common)\n`).join("")}`;
