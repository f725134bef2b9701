import { join } from "node:path";
import { readIfThere } from "../storage/files.ts";

/** What settings.json of a GAN's training run calls itself, and that of a segmenter's. */
export const TRAINING_RUN = "gan-training";
export const SEGMENTER_RUN = "segmenter-training";

/** The newest generator of a training run. */
export const networkPath = (run: string): string => join(run, "network.safetensors");

/** The best segmenter of a training run so far. */
export const segmenterPath = (run: string): string => join(run, "segmenter.safetensors");

/** Whether a folder is a training run's, of a GAN unless another kind is named. */
export async function isTrainingRun(folder: string, kind = TRAINING_RUN): Promise<boolean> {
  const bytes = await readIfThere(join(folder, "settings.json"));
  try {
    return bytes !== undefined && JSON.parse(new TextDecoder().decode(bytes)).klish === kind;
  } catch {
    // Another program's settings.json.
    return false;
  }
}
