import { join } from "node:path";
import { ProjectError, readIfThere } from "../storage/files.ts";

/** What settings.json of a GAN's training run calls itself, and those of the runs of segmenters, painters and extractors. */
export const TRAINING_RUN = "gan-training";
export const SEGMENTER_RUN = "segmenter-training";
export const PAINTER_RUN = "painter-training";
export const EXTRACTOR_RUN = "extractor-training";

/** Whose run each is, and what continues it. */
const runs: Readonly<Record<string, { readonly whose: string; readonly command: string }>> = {
  [TRAINING_RUN]: { whose: "a GAN's", command: "klish train gan" },
  [SEGMENTER_RUN]: { whose: "a segmenter's", command: "klish train segmenter" },
  [EXTRACTOR_RUN]: { whose: "an extractor's", command: "klish train extractor" },
  [PAINTER_RUN]: { whose: "a painter's", command: "klish train painter" },
};

/** The newest generator of a training run. */
export const networkPath = (run: string): string => join(run, "network.safetensors");

/** The best segmenter of a training run so far. */
export const segmenterPath = (run: string): string => join(run, "segmenter.safetensors");

/** The newest painter of a training run. */
export const painterPath = (run: string): string => join(run, "painter.safetensors");

/** What the training run in a folder calls itself; undefined where there is none. */
export async function kindOfRun(folder: string): Promise<unknown> {
  const bytes = await readIfThere(join(folder, "settings.json"));
  try {
    return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes)).klish;
  } catch {
    // Another program's settings.json.
    return undefined;
  }
}

/** Whether a folder is a training run's, of a GAN unless another kind is named. */
export const isTrainingRun = async (folder: string, kind = TRAINING_RUN): Promise<boolean> =>
  (await kindOfRun(folder)) === kind;

/** Throws ProjectError where a folder is a training run's of another kind. */
export async function refuseOtherRun(folder: string, kind: string): Promise<void> {
  const found = await kindOfRun(folder);
  if (typeof found !== "string" || found === kind || !Object.hasOwn(runs, found)) return;
  const { whose, command } = runs[found];
  throw new ProjectError(
    `${folder} is ${whose} training run. Continue it with ${command}, or choose another --outdir.`,
  );
}
