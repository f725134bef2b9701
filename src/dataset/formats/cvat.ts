/** CVAT for images 1.1: one XML with a mask per connected area; the images lie beside it. */

import { xml } from "../../text/escape.ts";
import { connectedComponents } from "../components.ts";
import { classesJson, type DatasetFormat } from "../format.ts";
import type { DatasetClass } from "../labelMap.ts";
import { runLengths } from "../rle.ts";
import { cvatReader } from "./cvatReader.ts";

export const cvat: DatasetFormat = {
  name: "cvat",
  title: "CVAT for images",
  load: {
    language: "shell",
    code: `cd {path} && zip -qr ../task.zip images && zip -qr ../annotations.zip annotations.xml
cvat-cli task create "parts" --labels @labels.json local ../task.zip
cvat-cli task import-dataset <task id> ../annotations.zip --format "CVAT 1.1"`,
  },
  writer({ classes, imageExtension, samples, name: title }, sink) {
    const file = "annotations.xml";
    let id = 0;
    const head = (): Promise<void> => sink.append(file, header(title, classes, samples));
    return {
      async add(sample) {
        const { name, split, labels } = sample;
        if (id === 0) await head();
        const { width, height } = labels;
        await sink.original(`images/${name}.${imageExtension}`, sample, "image");
        const { index, list } = connectedComponents(labels);
        const masks = list.map(({ label, box: [left, top, w, h] }, i) => {
          // Run lengths along the rows of the bounding box.
          const runs = runLengths(w * h, (p) => index[(top + Math.floor(p / w)) * width + left + (p % w)] === i);
          return `    <mask label="${xml(classes[label].name)}" source="auto" occluded="0" rle="${runs.join(", ")}" left="${left}" top="${top}" width="${w}" height="${h}" z_order="0"/>\n`;
        });
        await sink.append(
          file,
          `  <image id="${id++}" name="${name}.${imageExtension}" subset="${split}" width="${width}" height="${height}">\n${masks.join("")}  </image>\n`,
        );
      },
      async finish() {
        if (id === 0) await head();
        await sink.append(file, "</annotations>\n");
        await sink.file(
          "labels.json",
          `${JSON.stringify(classes.map(({ name, color }) => ({ name, color, attributes: [] })))}\n`,
        );
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },
  ...cvatReader,
};

const header = (
  title: string,
  classes: readonly DatasetClass[],
  samples: number,
): string => `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><name>${xml(title)}</name><size>${samples}</size><mode>annotation</mode><labels>
${classes.map(({ name, color }) => `    <label><name>${xml(name)}</name><color>${color}</color><type>any</type><attributes></attributes></label>\n`).join("")}  </labels></task></meta>
`;
