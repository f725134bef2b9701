/**
 * The paper's tables, made again: each from commands of klish alone, on a generator of photos and photos with masks. What is done is
 * kept in the folder of work; the same command continues. `--list` names them, where their figures are, and what is not made and why.
 *
 * npx tsx bench/paper.ts table1 table3 table4 table5 --work <folder> --run <train gan's folder> --truth <photos with masks>
 *   [--labelled 100] [--seeds 0-2] [--k 12,20,26] [--pictures 10000] [--epochs 2] [--unlabelled 3000] [--threads 2] [--rows KLiSH,...]
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseSeeds } from "../src/project/requests/seeds.ts";
import type { PaperOptions } from "./paper/options.ts";
import { separability } from "./paper/separability.ts";
import { type Workplace, workplace } from "./paper/steps.ts";
import { table4 } from "./paper/table4.ts";
import { table5 } from "./paper/table5.ts";

interface Table {
  readonly title: string;
  readonly make: (work: Workplace, options: PaperOptions) => Promise<void>;
  /** Where its figures are found, in the folder of work. */
  readonly result: string;
  /** What docs/RESULTS.md shows of it. */
  readonly shown: string;
}

const TABLES: Readonly<Record<string, Table>> = {
  table1: {
    title: "nearest centroids against linear classifiers",
    make: separability,
    result: "separability/separability.md",
    shown: "five splits",
  },
  table3: {
    title: "a linear layer (LSE) against one-vs-rest SVMs",
    make: separability,
    result: "separability/separability.md",
    shown: "five splits",
  },
  table4: {
    title: "clusterers on a generator's features",
    make: table4,
    result: "table4/evaluation.md",
    shown: "five seeds of all",
  },
  table5: {
    title: "segmenters on real photos, with Table VI's classes and Fig. 8's photos",
    make: table5,
    result: "table5-s<seed>/segmenter.md",
    shown:
      "three seeds of K-means++, AHC, KLiSH (one start, best of 5, self-training); LSE, RepurposeGAN and DatasetGAN with 10 shots; not with 16: an hour",
  },
};

/** What is in the paper and not made here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  fig9: "painted masks that no data set has: klish evaluate painter, docs/PAINT.md",
  other:
    "other figures show the authors' generators (512 and 1024 px, StyleGAN2-ADA): their weights are not at hand, and no GPU",
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: "string" },
    run: { type: "string" },
    truth: { type: "string" },
    labelled: { type: "string", default: "100" },
    seeds: { type: "string", default: "0-2" },
    k: { type: "string", default: "12,20,26" },
    pictures: { type: "string", default: "10000" },
    epochs: { type: "string", default: "2" },
    unlabelled: { type: "string", default: "3000" },
    threads: { type: "string", default: "2" },
    rows: { type: "string", default: "" },
    list: { type: "boolean", default: false },
  },
});
if (values.list) {
  for (const [name, { title, result, shown }] of Object.entries(TABLES))
    console.log(`${name}  ${title}: ${result}\n        in docs/RESULTS.md: ${shown}`);
  for (const [name, where] of Object.entries(ELSEWHERE)) console.log(`${name.padEnd(6)}  ${where}`);
  process.exit(0);
}
const { work: folder, run, truth } = values;
if (folder === undefined || run === undefined || truth === undefined || !existsSync(run) || !existsSync(truth))
  throw new Error("say --work, --run (the folder of a finished klish train gan) and --truth (photos with masks)");
const options: PaperOptions = {
  run: resolve(run),
  truth: resolve(truth),
  labelled: Number(values.labelled),
  seeds: parseSeeds(values.seeds),
  ks: values.k.split(",").map(Number),
  pictures: Number(values.pictures),
  epochs: Number(values.epochs),
  unlabelled: Number(values.unlabelled),
  threads: Number(values.threads),
  rows: values.rows === "" ? [] : values.rows.split(","),
};
const work = await workplace(resolve(folder));
for (const name of positionals) {
  const table = TABLES[name];
  if (table === undefined) throw new Error(`${name}: expected ${Object.keys(TABLES).join(" or ")}`);
  await table.make(work, options);
  console.log(`${name}: ${work.path(table.result)}`);
}
