/** Hugging Face `datasets`, ImageFolder with metadata.jsonl, id2label.json and a dataset card. */

import { z } from "zod";
import { markdown, yamlString } from "../../text/escape.ts";
import { schemaFault, validEntries } from "../annotations.ts";
import { listedClasses } from "../classList.ts";
import { parseCsv } from "../csv.ts";
import { classesJson, type DatasetFormat, type DatasetInfo, json, loadCode, splitLists } from "../format.ts";
import { pairLayout, pairSample } from "../pairs.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  folderOf,
  IMAGE_FILE,
  inFolder,
  type ReportFault,
  readJson,
  readText,
  withoutExtension,
} from "../reading.ts";
import type { Split } from "../split.ts";

/** The names that `datasets` gives to splits. */
const FOLDER: Readonly<Record<Split, string>> = { train: "train", val: "validation", test: "test" };

export const huggingFace: DatasetFormat = {
  name: "huggingface",
  title: "Hugging Face ImageFolder",
  load: {
    language: "python",
    code: `from datasets import load_dataset
data = load_dataset("imagefolder", data_dir={path})
image, mask = data["train"][0]["image"], data["train"][0]["mask"]`,
  },
  writer(info, sink) {
    const { classes, splits, imageExtension } = info;
    const lists = splitLists();
    const shown: (readonly [string, string])[] = [];
    return {
      async add(sample) {
        const { name, split } = sample;
        lists.add(sample);
        const [image, mask] = [
          `${FOLDER[split]}/images/${name}.${imageExtension}`,
          `${FOLDER[split]}/masks/${name}.png`,
        ];
        if (shown.length < SHOWN) shown.push([image, mask]);
        await sink.original(image, sample, "image");
        await sink.original(mask, sample, "mask");
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
        await sink.file("README.md", card(info, shown));
      },
    };
  },
  recognise(folder) {
    const images = folder.paths.filter((p) => IMAGE_FILE.test(p)).length;
    return folder.paths.some((p) => METADATA.test(p)) ? images + 1 : plain.recognise(folder);
  },
  async read(folder, classes, report) {
    const tables = folder.paths.filter((p) => METADATA.test(p));
    if (tables.length === 0) return plain.read(folder, classes, report);
    const samples: FoundSample[] = [];
    const used = new Set<string>();
    const all = new Set(folder.paths);
    const there = (file: string | undefined): string | undefined =>
      file !== undefined && all.has(file) ? file : undefined;
    for (const path of tables) {
      const rows = await readTable(folder, path, report);
      const column = maskColumn(rows);
      if (column === undefined && rows.length > 0)
        report("annotation-damaged", path, "no column of masks, such as mask_file_name");
      for (const row of rows) {
        const [image, mask] = ["file_name", column].map((name) => {
          const value = name === undefined ? undefined : row.get(name);
          return value === undefined || value === "" ? undefined : inFolder(folderOf(path), value);
        });
        if (image === undefined) report("annotation-damaged", path, "a row without file_name");
        if (image === undefined) continue;
        for (const file of [image, mask]) if (file !== undefined) used.add(file);
        if (there(image) === undefined && there(mask) === undefined)
          report("annotation-stray", path, `${image}, which is not there`);
        else
          samples.push(
            pairSample(folder, withoutExtension(baseName(image)), there(image), there(mask), { channels: 1 }, report),
          );
      }
    }
    // An image that no table names has no mask for `datasets`.
    for (const path of folder.paths)
      if (IMAGE_FILE.test(path) && !used.has(path))
        samples.push(pairSample(folder, withoutExtension(baseName(path)), path, undefined, { channels: 1 }, report));
    return samples.sort(byKey);
  },
  async classes(folder, report) {
    if (!folder.paths.includes(NAMES)) return undefined;
    const names = await readJson(folder, NAMES, report);
    if (names === undefined) return undefined;
    const result = z.record(z.string(), z.string()).safeParse(names);
    if (!result.success) {
      report("classes-damaged", NAMES, schemaFault(result.error));
      return undefined;
    }
    const listed = Object.keys(result.data).map((_, id) => ({ name: result.data[id] ?? "" }));
    return listedClasses(listed, NAMES, report);
  },
};

const plain = pairLayout(/^[^/]+\/images$/, /^[^/]+\/masks$/);
const METADATA = /(?:^|\/)metadata\.(jsonl|csv)$/;

type Row = ReadonlyMap<string, string>;

/** The rows of a metadata file: texts by column. */
async function readTable(folder: DatasetFolder, path: string, report: ReportFault): Promise<Row[]> {
  const text = await readText(folder, path);
  if (path.endsWith(".csv")) {
    const [titles = [], ...rows] = parseCsv(text);
    return rows.map((row) => new Map(titles.map((title, i) => [title, row[i] ?? ""])));
  }
  const lines = text.split(/\r?\n/).flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      return [undefined];
    }
  });
  return validEntries(lines, z.record(z.string(), z.unknown()), "line", path, report).map(
    ([row]) => new Map(Object.entries(row).flatMap(([k, v]) => (typeof v === "string" ? [[k, v] as const] : []))),
  );
}

/** The column that names masks: by its title, the most telling first. */
function maskColumn(rows: readonly Row[]): string | undefined {
  const titles = [...(rows[0]?.keys() ?? [])];
  return [/mask/i, /seg/i, /label/i, /annotation/i].flatMap((kind) =>
    titles.filter((t) => kind.test(t) && rows.some((row) => IMAGE_FILE.test(row.get(t) ?? ""))),
  )[0];
}

/** Names by id, as models on the hub list them. */
const NAMES = "id2label.json";

const SIZES: readonly (readonly [number, string])[] = [
  [1e3, "n<1K"],
  [1e4, "1K<n<10K"],
  [1e5, "10K<n<100K"],
  [1e6, "100K<n<1M"],
  [Number.POSITIVE_INFINITY, "n>1M"],
];

/** Samples that the card shows. */
const SHOWN = 4;

/** What a reader of the hub should know; `shown` are paths of some images with their masks. */
function card(info: DatasetInfo, shown: readonly (readonly [image: string, mask: string])[]): string {
  const { name, description, classes, samples, splits, generated = false } = info;
  const size = SIZES.find(([limit]) => samples < limit)?.[1];
  return `---
pretty_name: ${yamlString(name)}
license: other
task_categories:
- image-segmentation
size_categories:
- ${size}
tags:
${generated ? "- synthetic\n" : ""}- klish
---

# ${markdown(name)}

${markdown(description)}

| image | labels |
| --- | --- |
${shown.map(([image, mask]) => `| ![](${image}) | ![](${mask}) |`).join("\n")}

## Use

\`\`\`python
${loadCode(huggingFace, info, "path/to/this/folder")}
\`\`\`

Splits: ${splits.map((split) => FOLDER[split]).join(", ")}. Masks are single-channel index PNG with a palette; 255 means "ignore".

| id | class | colour |
| --- | --- | --- |
${classes.map((c, id) => `| ${id} | ${markdown(c.name)}${c.background ? " (background)" : ""} | \`${c.color}\` |`).join("\n")}

${generated ? GENERATED : FOREIGN}`;
}

const GENERATED = `## Origin

Made by klish (KLiSH, "Extracting Semantic Knowledge from GANs with Unsupervised Learning"): a generative network draws each image, and its inner
feature maps, clustered without labels, give the mask of the same image. A person only named and joined the clusters. No image is a photograph.

## Licence

The makers of the generator, and of the pictures that it was trained on, decide: klish does not know their terms. Before you publish this
data set, replace this section and \`license: other\` above with what they allow.

## Limits

- Images are as good, as varied and as biased as the generator; it may repeat pictures that it was trained on.
- Masks follow what the generator tells apart, not a definition by people: borders can be off by some pixels, small or rare parts can be
  missing or belong to a neighbour. Nobody looked at every mask.
- A model trained on it may fail on real photographs: measure it on labelled ones.
- People in it do not exist. Do not use it to identify or to judge anyone.
`;

const FOREIGN = `## Origin

Written by klish from a folder of images and masks. Where they are from, who labelled them and how is for you to say here.

## Licence

klish does not know it. Before you publish this data set, replace this section and \`license: other\` above with the terms of the images and of
the labels.

## Limits

Say here what is missing, what is known to be wrong, and what it should not be used for.
`;
