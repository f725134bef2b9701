/** Hugging Face `datasets`, ImageFolder with metadata.jsonl, id2label.json and a dataset card. */

import { listedClasses } from "../classList.ts";
import { classesJson, type DatasetFormat, type DatasetInfo, json, splitLists } from "../format.ts";
import { pairLayout } from "../pairs.ts";
import { readJson } from "../reading.ts";
import type { Split } from "../split.ts";

/** The names that `datasets` gives to splits. */
const FOLDER: Readonly<Record<Split, string>> = { train: "train", val: "validation", test: "test" };

export const huggingFace: DatasetFormat = {
  name: "huggingface",
  title: "Hugging Face ImageFolder",
  load: {
    language: "python",
    code: `from datasets import load_dataset
data = load_dataset("imagefolder", data_dir="{path}")
image, mask = data["train"][0]["image"], data["train"][0]["mask"]`,
  },
  writer(info, sink) {
    const { classes, splits, imageExtension } = info;
    const lists = splitLists();
    return {
      async add(sample) {
        const { name, split } = sample;
        lists.add(sample);
        await sink.original(`${FOLDER[split]}/images/${name}.${imageExtension}`, sample, "image");
        await sink.original(`${FOLDER[split]}/masks/${name}.png`, sample, "mask");
      },
      async finish() {
        for (const split of splits) {
          // A column `x_file_name` becomes an image column `x`.
          const rows = lists
            .names(split)
            .map((name) => ({ file_name: `images/${name}.${imageExtension}`, mask_file_name: `masks/${name}.png` }));
          await sink.file(`${FOLDER[split]}/metadata.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
        }
        await sink.file(NAMES, json(Object.fromEntries(classes.map(({ name }, id) => [id, name]))));
        await sink.file("classes.json", classesJson(classes));
        await sink.file("README.md", card(info));
      },
    };
  },
  ...pairLayout(/^[^/]+\/images$/, /^[^/]+\/masks$/),
  async classes(folder, report) {
    if (!folder.paths.includes(NAMES)) return undefined;
    const names = (await readJson(folder, NAMES, report)) as Readonly<Record<string, string>> | undefined;
    if (names === undefined) return undefined;
    const listed = Array.from({ length: Object.keys(names).length }, (_, id) => ({ name: String(names[id] ?? "") }));
    return listedClasses(listed, NAMES, report);
  },
};

/** Names by id, as models on the hub list them. */
const NAMES = "id2label.json";

const SIZES: readonly (readonly [number, string])[] = [
  [1e3, "n<1K"],
  [1e4, "1K<n<10K"],
  [1e5, "10K<n<100K"],
  [1e6, "100K<n<1M"],
  [Number.POSITIVE_INFINITY, "n>1M"],
];

function card({ name, description, classes, samples }: DatasetInfo): string {
  const size = SIZES.find(([limit]) => samples < limit)?.[1];
  return `---
pretty_name: ${JSON.stringify(name)}
task_categories:
- image-segmentation
size_categories:
- ${size}
tags:
- synthetic
- klish
---

# ${name}

${description}

Masks are single-channel index PNG with a palette; 255 means "ignore". Images and masks are synthetic: no person or thing in them exists,
and no label was made by hand.

| id | class | colour |
| --- | --- | --- |
${classes.map((c, id) => `| ${id} | ${c.name.replaceAll("|", "\\|")} | \`${c.color}\` |`).join("\n")}
`;
}
