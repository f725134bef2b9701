import { existsSync } from "node:fs";
import type { PaperOptions } from "./options.ts";
import { runPhotos } from "./photos.ts";
import { klishProject, PSI, reference } from "./reference.ts";
import { rivalParts } from "./rivals.ts";
import type { Workplace } from "./steps.ts";

/** One way to parts: the folder that `klish dataset --project` takes. */
interface Row {
  readonly name: string;
  readonly parts: (work: Workplace, options: PaperOptions, seed: number) => Promise<string>;
  /** Whether the segmenter also learns from photos without labels. */
  readonly selfTraining?: boolean;
  /** Few-shot rows are made once, from the first seed. */
  readonly once?: boolean;
}

const klish =
  (starts: "one" | "best"): Row["parts"] =>
  async (work, options, seed) => {
    const project = await klishProject(work, options, seed, starts);
    await work.klish("label", "cut", project, String(options.ks.at(-1)));
    return project;
  };
const fewShot =
  (method: string, shots: number): Row["parts"] =>
  async (work, options) => {
    const folder = `${method}-${shots}`;
    await work.klish(
      ...["train", "extractor", "--network", options.run, "--masks", await shotMasks(work, options, shots)],
      ...["--method", method, "--trunc", PSI, "--outdir", folder, "--threads", String(options.threads)],
    );
    return folder;
  };

const ROWS: readonly Row[] = [
  { name: "KLiSH", parts: klish("one") },
  { name: "KLiSH, self-training", parts: klish("one"), selfTraining: true },
  { name: "Best of 5 starts, KLiSH", parts: klish("best") },
  { name: "AHC, average cosine", parts: (...args) => rivalParts("ahc-cosine", ...args) },
  { name: "K-means++", parts: (...args) => rivalParts("kmeans", ...args) },
  { name: "LSE, 1 shot", parts: fewShot("lse", 1), once: true },
  { name: "LSE, 10 shots", parts: fewShot("lse", 10), once: true },
  { name: "RepurposeGAN, 10 shots", parts: fewShot("cnn", 10), once: true },
  { name: "RepurposeGAN, 16 shots", parts: fewShot("cnn", 16), once: true },
  { name: "DatasetGAN, 10 shots", parts: fewShot("mlp-ensemble", 10), once: true },
  { name: "DatasetGAN, 16 shots", parts: fewShot("mlp-ensemble", 16), once: true },
];

/** Table V: a segmenter from each row's generated pictures and masks, judged on real photos after each seed; and the supervised reference. */
export async function table5(work: Workplace, options: PaperOptions): Promise<void> {
  const { truth, labelled, seeds, rows } = options;
  const chosen = ROWS.filter(({ name }) => rows.length === 0 || rows.some((row) => name.startsWith(row)));
  const models = ["--model", `Supervised by ${labelled} photos=${await reference(work, options)}`];
  for (const seed of seeds) {
    for (const row of chosen) {
      if (row.once && seed !== seeds[0]) continue;
      models.push("--model", `${row.name}=${await segmenterOf(work, options, row, seed)}`);
    }
    await work.klish(
      ...["evaluate", "segmenter", ...models, "--truth", truth, "--outdir", `table5-s${seed}`],
      ...["--match-images", String(labelled), "--fit", "squash", "--threads", String(options.threads)],
    );
  }
}

async function segmenterOf(work: Workplace, options: PaperOptions, row: Row, seed: number): Promise<string> {
  const { pictures, epochs, threads, unlabelled, run } = options;
  const parts = await row.parts(work, options, seed);
  const data = `${parts}-data`;
  await work.klish(
    ...["dataset", "--project", parts, "--count", String(pictures), "--outdir", data, "--threads", String(threads)],
  );
  const name = `${parts}-segmenter${row.selfTraining ? "-self" : ""}`;
  if (row.selfTraining) await work.once(`${unlabelled} photos`, () => runPhotos(run, unlabelled, work.path("photos")));
  await work.klish(
    ...["train", "segmenter", "--data", data, "--outdir", name, "--cfg", "small", "--epochs", String(epochs)],
    ...["--seed", String(seed), "--threads", String(threads)],
    ...(row.selfTraining ? ["--unlabelled", "photos"] : []),
  );
  return name;
}

/** Masks of the generator's first pictures by the reference: what a person would paint for a few-shot method. */
async function shotMasks(work: Workplace, options: PaperOptions, shots: number): Promise<string> {
  const segmenter = await reference(work, options);
  const folder = `shots-${shots}`;
  await work.klish(
    "generate",
    "--network",
    options.run,
    "--seeds",
    `0-${shots - 1}`,
    "--trunc",
    PSI,
    "--outdir",
    `${folder}-pictures`,
  );
  await work.klish("segment", "--model", segmenter, "--images", `${folder}-pictures`, "--outdir", folder);
  if (!existsSync(work.path(folder, "masks"))) throw new Error(`${folder} has no masks`);
  return `${folder}/masks`;
}
