/** Data sets of pictures with the class of every pixel, as trainings take them. */
import type { DatasetClass } from "../../../dataset/labelMap.ts";
import type { SampleSource } from "../../dataset/sampleSource.ts";
import { openSource } from "../../dataset/source.ts";
import { ProjectError } from "../../storage/files.ts";
import { imageSize } from "../pictures/prepareImage.ts";

/** The data set of a run. Throws ProjectError that says what does not fit. */
export const openLabelled = (path: string): Promise<SampleSource> =>
  openSource([path], { fromFormat: null, recipe: null, name: "data" });

/** Throws ProjectError where a data set's classes are no longer those that the run was started with. */
export function checkClasses(known: readonly DatasetClass[], classes: readonly DatasetClass[]): void {
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(", ");
  if (names(classes) !== names(known))
    throw new ProjectError(
      `the data set's classes are not those that this run was started with: ${names(known)}; now ${names(classes)}.`,
    );
}

/** A data set of two classes or more; `reason`: why one is too few. Throws ProjectError that says what does not fit. */
export async function openToLearn(
  path: string,
  reason: string,
): Promise<{ readonly source: SampleSource; readonly classes: DatasetClass[] }> {
  const source = await openLabelled(path);
  const classes = source.info.classes.map(({ name, color, background }) => ({ name, color, background }));
  if (classes.length < 2)
    throw new ProjectError(
      `${path} has one class (${classes[0]?.name}): ${reason}. Give its pictures a background, or another data set.`,
    );
  return { source, classes };
}

const [LEAST, MOST, STEP] = [32, 128, 32];

/** The side of the first picture, a multiple of 32, from 32 to 128. */
export async function labelledResolution(source: SampleSource): Promise<number> {
  for await (const { image } of source.samples()) {
    const size = await imageSize({ read: async () => image });
    if (size === undefined) continue;
    const side = Math.max(size.width, size.height);
    return Math.min(MOST, Math.max(LEAST, Math.floor(side / STEP) * STEP));
  }
  throw new ProjectError("the data set has no picture that can be read.");
}
