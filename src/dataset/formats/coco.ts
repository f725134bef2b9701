/**
 * COCO (Lin et al., 2014; panoptic: Kirillov et al., 2019): instances, one per connected area of a class, as compressed
 * run lengths; and panoptic segments, which also cover the background. Category ids are class ids + 1, because many
 * readers keep 0 for "nothing".
 */
import { type Component, connectedComponents } from "../components.ts";
import { classesJson, type DatasetFormat, type DatasetSink, type Sample } from "../format.ts";
import { type DatasetClass, rgbOf } from "../labelMap.ts";
import { encodePng } from "../png.ts";
import { cocoCounts, columnRuns } from "../rle.ts";
import type { Split } from "../split.ts";
import { cocoReader } from "./cocoReader.ts";

export const coco: DatasetFormat = {
  name: "coco",
  title: "COCO instances and panoptic",
  load: {
    language: "python",
    code: `from pycocotools.coco import COCO
coco = COCO({path} + "/annotations/instances_train.json")
mask = coco.annToMask(coco.loadAnns(coco.getAnnIds(coco.getImgIds()[0]))[0])`,
  },
  writer({ classes, splits, imageExtension, description }, sink) {
    const parts = new Map(splits.map((split) => [split, splitWriter(split, classes, description, sink)]));
    let image = 0;
    let annotation = 0;
    return {
      async add(sample) {
        const { name, split, labels } = sample;
        image++;
        const { index, list } = connectedComponents(labels);
        const file = `${name}.${imageExtension}`;
        await sink.original(`${split}/${file}`, sample, "image");
        const runs = columnRuns(index, list.length, labels.width, labels.height);
        const instances = list.flatMap((component, i) =>
          classes[component.label].background ? [] : [instance(++annotation, image, sample, component, runs[i])],
        );
        await parts.get(split)!.add(sample, image, file, instances, index, list);
      },
      async finish() {
        for (const part of parts.values()) await part.finish();
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },
  ...cocoReader,
};

function instance(
  id: number,
  image_id: number,
  { labels: { width, height } }: Sample,
  { label, area, box }: Component,
  runs: readonly number[],
): object {
  const segmentation = { size: [height, width], counts: cocoCounts(runs) };
  return { id, image_id, category_id: label + 1, area, bbox: box, iscrowd: 0, segmentation };
}

/** Both JSON files of a split, written while samples come; the short list of images is kept for the end. */
function splitWriter(split: Split, classes: readonly DatasetClass[], description: string, sink: DatasetSink) {
  const categories = classes.map(({ name, color, background }, id) => ({
    id: id + 1,
    name,
    supercategory: background ? "background" : "part",
    isthing: background ? 0 : 1,
    color: rgbOf(color),
  }));
  const head = `{"info":${JSON.stringify({ description, version: "1" })},"licenses":[],"categories":${JSON.stringify(categories)},"annotations":[`;
  const images: object[] = [];
  const files = { instances: `annotations/instances_${split}.json`, panoptic: `annotations/panoptic_${split}.json` };
  const written = { instances: 0, panoptic: 0 };
  const append = async (kind: keyof typeof files, items: readonly object[]): Promise<void> => {
    if (items.length === 0) return;
    const lines = items.map((item) => `\n${JSON.stringify(item)}`).join(",");
    await sink.append(files[kind], `${written[kind] === 0 ? head : ","}${lines}`);
    written[kind] += items.length;
  };
  return {
    async add(
      { name, labels: { width, height } }: Sample,
      id: number,
      file_name: string,
      instances: readonly object[],
      index: Int32Array,
      list: readonly Component[],
    ): Promise<void> {
      images.push({ id, file_name, width, height });
      await append("instances", instances);
      // Segment ids are written as colours: id = R + 256 G + 65536 B, 0 = void.
      const data = new Uint8Array(width * height * 3);
      index.forEach((component, p) => {
        const segment = component + 1;
        data[p * 3] = segment & 255;
        data[p * 3 + 1] = (segment >> 8) & 255;
        data[p * 3 + 2] = segment >> 16;
      });
      await sink.file(`panoptic_${split}/${name}.png`, encodePng({ width, height, data }));
      const segments_info = list.map(({ label, area, box }, i) => ({
        id: i + 1,
        category_id: label + 1,
        area,
        bbox: box,
        iscrowd: 0,
      }));
      await append("panoptic", [{ image_id: id, file_name: `${name}.png`, segments_info }]);
    },
    async finish(): Promise<void> {
      for (const kind of ["instances", "panoptic"] as const) {
        const tail = `\n],"images":[${images.map((image) => `\n${JSON.stringify(image)}`).join(",")}\n]}\n`;
        await sink.append(files[kind], (written[kind] === 0 ? head : "") + tail);
      }
    },
  };
}
