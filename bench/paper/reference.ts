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

/** Starts of K-means that "best of 5" tries. */
const STARTS = 5;

/** Clusters that are named by nobody: KLiSH's project of one seed, or of the best of five starts that no other seed tries. Its folder. */
export async function klishProject(
  work: Workplace,
  { run, threads }: PaperOptions,
  seed: number,
  starts: "one" | "best" = "one",
): Promise<string> {
  const folder = starts === "best" ? `klish-best-s${seed}` : `klish-s${seed}`;
  await work.klish(
    ...["cluster", "--network", run, "--layers", "16+", "--trunc", PSI, "--images", "256", "--outdir", folder],
    ...(starts === "best" ? ["--seed", String(STARTS * seed), "--restarts", String(STARTS)] : ["--seed", String(seed)]),
    ...["--threads", String(threads)],
  );
  return folder;
}
