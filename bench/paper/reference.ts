import type { PaperOptions } from "./options.ts";
import { labelledPart } from "./photos.ts";
import type { Workplace } from "./steps.ts";

/** Truncation of all pictures: the paper's. */
export const PSI = "0.7";

/** Epochs over some hundred photos: about 30,000 views. */
const EPOCHS = 300;

/** The supervised segmenter that stands for truth on generated pictures, trained on photos that are never judged on. Its run's folder. */
export async function reference(work: Workplace, { truth, labelled, threads }: PaperOptions): Promise<string> {
  await work.once(`${labelled} labelled photos`, () => labelledPart(truth, labelled, work.path("labelled")));
  await work.klish(
    ...["train", "segmenter", "--data", "labelled", "--outdir", "reference", "--cfg", "small", "--fit", "squash"],
    ...["--resolution", "64", "--epochs", String(EPOCHS), "--threads", String(threads)],
  );
  return "reference";
}

/** Clusters that are named by nobody: KLiSH's project of one seed. Its folder. */
export async function klishProject(work: Workplace, { run, threads }: PaperOptions, seed: number): Promise<string> {
  const folder = `klish-s${seed}`;
  await work.klish(
    ...["cluster", "--network", run, "--layers", "16+", "--trunc", PSI, "--images", "256", "--outdir", folder],
    ...["--seed", String(seed), "--threads", String(threads)],
  );
  return folder;
}
