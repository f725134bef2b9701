/** Masks are of images: those of a data set of klish only of images that are generated as its own were. */
import { dirname, join, resolve } from "node:path";
import { ProjectError } from "../storage/files.ts";
import { type DatasetSettings, datasetIn, masksFolder } from "./settings.ts";

/** What an image follows from, beside its seed, and how it is said. */
const flags = {
  truncationPsi: "--trunc",
  truncationCutoff: "--trunc-cutoff",
  class: "--class",
  noiseMode: "--noise-mode",
  latent: "--latent",
} as const;

/** How images are generated. */
export type ImageSettings = Pick<DatasetSettings, "networkSha256" | keyof typeof flags>;

/**
 * Refuses a folder of a data set's masks where the images would be others than those that they are of. Of masks from elsewhere nothing is
 * known. Throws ProjectError that says how to generate them.
 */
export async function checkMaskImages(folder: string, now: ImageSettings): Promise<void> {
  const whole = await datasetIn(folder);
  if (whole !== undefined)
    throw new ProjectError(
      `${folder} is a data set, not a folder of masks: give ${join(folder, masksFolder(whole.settings, 0))}.`,
    );
  const of = (await datasetIn(dirname(resolve(folder))))?.settings;
  if (of === undefined) return;
  if (of.networkSha256 !== now.networkSha256)
    throw new ProjectError(`${folder} has masks of another generator's images: give the generator of that data set.`);
  const words = (settings: ImageSettings, keys: readonly (keyof typeof flags)[]): string =>
    keys.map((key) => (settings[key] === null ? `no ${flags[key]}` : `${flags[key]} ${settings[key]}`)).join(" and ");
  const others = (Object.keys(flags) as (keyof typeof flags)[]).filter((key) => of[key] !== now[key]);
  if (others.length > 0)
    throw new ProjectError(
      `${folder} has masks of images that were generated with ${words(of, others)}, not with ${words(now, others)}: say ${words(of, others)}.`,
    );
}
