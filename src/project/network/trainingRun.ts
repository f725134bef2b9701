import { join } from "node:path";
import { readIfThere } from "../storage/files.ts";

/** What settings.json of a training run calls itself. */
export const TRAINING_RUN = "gan-training";

/** The newest generator of a training run. */
export const networkPath = (run: string): string => join(run, "network.safetensors");

/** Whether a folder is a training run's. */
export async function isTrainingRun(folder: string): Promise<boolean> {
  const bytes = await readIfThere(join(folder, "settings.json"));
  try {
    return bytes !== undefined && JSON.parse(new TextDecoder().decode(bytes)).klish === TRAINING_RUN;
  } catch {
    // Another program's settings.json.
    return false;
  }
}
