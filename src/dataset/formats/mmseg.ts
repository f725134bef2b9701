/** OpenMMLab's MMSegmentation 1.x: img_dir and ann_dir by split, and a config that names classes and colours. */
import { classesJson, classifyFolders, type DatasetFormat, type DatasetInfo } from "../format.ts";
import { rgbOf } from "../labelMap.ts";

export const mmseg: DatasetFormat = {
  name: "mmseg",
  title: "MMSegmentation",
  load: {
    language: "python",
    code: `import runpy; from mmseg.datasets import BaseSegDataset
config = runpy.run_path("{path}/dataset_config.py")
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
        await sink.file("dataset_config.py", config(info));
        await sink.file("classes.json", classesJson(info.classes));
      },
    };
  },
  classify: classifyFolders(/^img_dir\/[^/]+$/, /^ann_dir\/[^/]+$/),
};

const config = ({ classes, splits, imageExtension, description }: DatasetInfo): string => `# ${description}
import os

data_root = os.path.dirname(os.path.abspath(__file__))
metainfo = dict(
    classes=${JSON.stringify(classes.map((c) => c.name))},
    palette=${JSON.stringify(classes.map((c) => rgbOf(c.color)))},
)
common = dict(
    data_root=data_root, metainfo=metainfo, img_suffix=".${imageExtension}", seg_map_suffix=".png",
    reduce_zero_label=False, ignore_index=255, pipeline=[],
)
${splits.map((split) => `${split}_dataset = dict(data_prefix=dict(img_path="img_dir/${split}", seg_map_path="ann_dir/${split}"), **common)\n`).join("")}`;
