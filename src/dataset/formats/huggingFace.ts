/** Hugging Face `datasets`, ImageFolder with metadata.jsonl, id2label.json and a dataset card. */

import { z } from "zod";
import { markdown, yamlString } from "../../text/escape.ts";
import { schemaFault, validEntries } from "../annotations.ts";
import { listedClasses } from "../classList.ts";
import { parseCsv } from "../csv.ts";
import { classesJson, type DatasetFormat, type DatasetInfo, json, splitLists } from "../format.ts";
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

function card({ name, description, classes, samples }: DatasetInfo): string {
  const size = SIZES.find(([limit]) => samples < limit)?.[1];
  return `---
pretty_name: ${yamlString(name)}
task_categories:
- image-segmentation
size_categories:
- ${size}
tags:
- synthetic
- klish
---

# ${markdown(name)}

${markdown(description)}

Masks are single-channel index PNG with a palette; 255 means "ignore". Images and masks are synthetic: no person or thing in them exists,
and no label was made by hand.

| id | class | colour |
| --- | --- | --- |
${classes.map((c, id) => `| ${id} | ${markdown(c.name)} | \`${c.color}\` |`).join("\n")}
`;
}
