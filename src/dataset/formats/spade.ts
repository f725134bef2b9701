/** SPADE and pix2pixHD: <split>_img and <split>_label folders of equal stems; label 255 is "don't care". */
import { classesJson, type DatasetFormat } from "../format.ts";
import { pairLayout } from "../pairs.ts";

export const spade: DatasetFormat = {
  name: "spade",
  title: "SPADE and pix2pixHD",
  load: {
    language: "shell",
    code: `python train.py --dataset_mode custom --label_nc {classes} --contain_dontcare_label --no_instance \\
  --label_dir {path}/train_label --image_dir {path}/train_img   # SPADE
python train.py --dataroot {path} --label_nc {classes} --no_instance   # pix2pixHD`,
  },
  writer({ classes, imageExtension }, sink) {
    return {
      async add(sample) {
        const { name, split } = sample;
        await sink.original(`${split}_img/${name}.${imageExtension}`, sample, "image");
        await sink.original(`${split}_label/${name}.png`, sample, "mask");
      },
      finish: () => sink.file("classes.json", classesJson(classes)),
    };
  },
  ...pairLayout(/^[^/]+_img$/, /^[^/]+_label$/),
};
