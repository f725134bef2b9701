/** Label Studio: tasks with brush labels, and the labelling interface that they belong to. */
import { classesJson, type DatasetFormat } from "../format.ts";
import { IGNORE_LABEL, type LabelMap } from "../labelMap.ts";
import { xml } from "./cvat.ts";

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
          data: { image: `/data/local-files/?d=images/${name}.${imageExtension}`, split },
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
};

const WORD_BITS = 8;
/** Bits of a run's length, by size class: a run takes the first that holds it. */
const RUN_BITS = [3, 4, 8, 16] as const;

/**
 * The run-length coding that Label Studio reads (thi.ng's rle-pack): the RGBA picture of a class, all four bytes 255 inside it and
 * 0 outside, as a bit stream. Header: 32 bits of length, 5 of word size - 1, four times 4 of run sizes - 1. Then runs: a 1, two bits
 * of size class, length - 1 in that many bits, the word.
 */
export function brushRle({ data }: LabelMap, label: number): Uint8Array {
  const bits = bitWriter();
  bits.put(data.length * 4, 32);
  bits.put(WORD_BITS - 1, 5);
  for (const size of RUN_BITS) bits.put(size - 1, 4);
  for (let i = 0; i < data.length; ) {
    const inside = data[i] === label;
    let end = i + 1;
    while (end < data.length && (data[end] === label) === inside) end++;
    for (let left = (end - i) * 4; left > 0; ) {
      const run = Math.min(left, 2 ** RUN_BITS[3]);
      const size = RUN_BITS.findIndex((b) => run <= 2 ** b);
      bits.put(1, 1);
      bits.put(size, 2);
      bits.put(run - 1, RUN_BITS[size]);
      bits.put(inside ? 255 : 0, WORD_BITS);
      left -= run;
    }
    i = end;
  }
  return bits.bytes();
}

function bitWriter(): { put(value: number, bits: number): void; bytes(): Uint8Array } {
  const bytes: number[] = [];
  let used = 0;
  return {
    put(value, count) {
      for (let bit = count - 1; bit >= 0; bit--, used++) {
        if (used % 8 === 0) bytes.push(0);
        bytes[bytes.length - 1] |= ((value >>> bit) & 1) << (7 - (used % 8));
      }
    },
    bytes: () => Uint8Array.from(bytes),
  };
}
