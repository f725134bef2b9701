/** Label Studio: tasks with brush labels, and the labelling interface that they belong to. */

import { xml } from "../../text/escape.ts";
import { brushRle } from "../brushRle.ts";
import { classesJson, type DatasetFormat } from "../format.ts";
import { IGNORE_LABEL } from "../labelMap.ts";
import { labelStudioReader } from "./labelStudioReader.ts";

export const labelStudio: DatasetFormat = {
  name: "labelstudio",
  title: "Label Studio brush labels",
  load: {
    language: "shell",
    code: `export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={path}
label-studio start parts --init --label-config {path}/config.xml
# then import {path}/tasks.json in the project (Import)`,
  },
  writer({ classes, imageExtension }, sink) {
    let id = 0;
    return {
      async add(sample) {
        const { name, split, labels } = sample;
        const { width, height } = labels;
        await sink.original(`images/${name}.${imageExtension}`, sample, "image");
        const present = [...new Set(labels.data)].filter((label) => label !== IGNORE_LABEL).sort((a, b) => a - b);
        const result = present.map((label) => ({
          id: `${name}-${label}`,
          type: "brushlabels",
          from_name: "parts",
          to_name: "image",
          original_width: width,
          original_height: height,
          image_rotation: 0,
          value: { format: "rle", rle: Array.from(brushRle(labels, label)), brushlabels: [classes[label].name] },
        }));
        const task = {
          // The size, for pictures without a single brush.
          data: { image: `/data/local-files/?d=images/${name}.${imageExtension}`, split, width, height },
          annotations: [{ result }],
        };
        await sink.append("tasks.json", `${id++ === 0 ? "[" : ","}\n${JSON.stringify(task)}`);
      },
      async finish() {
        await sink.append("tasks.json", id === 0 ? "[]\n" : "\n]\n");
        const labels = classes.map(({ name, color }) => `    <Label value="${xml(name)}" background="${color}"/>\n`);
        await sink.file(
          "config.xml",
          `<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <BrushLabels name="parts" toName="image">\n${labels.join("")}  </BrushLabels>\n</View>\n`,
        );
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },
  ...labelStudioReader,
};
