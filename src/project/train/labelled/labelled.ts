/** Data sets of pictures with the class of every pixel, as trainings take them. */
import { rm } from "node:fs/promises";
import type { DatasetClass } from "../../../dataset/labelMap.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { Example } from "../../../train/examples.ts";
import type { SampleSource } from "../../dataset/sampleSource.ts";
import { openSource } from "../../dataset/source.ts";
import { ProjectError } from "../../storage/files.ts";
import type { Fit } from "../pictures/framing.ts";
import { imageSize, prepareImage, reasonOf } from "../pictures/prepareImage.ts";
import { prepareExamples, squareLabels } from "./prepareExamples.ts";

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

/** How pictures become squares. */
export interface SquareForm {
  readonly resolution: number;
  readonly fit: Fit;
}

/** What a run learns from. */
export interface LabelledSource {
  readonly path: string;
  readonly classes: readonly DatasetClass[];
  /** Why one class is too few, for a message. */
  readonly oneClass: string;
}

/**
 * Prepares a data set's pictures, where they are not yet. Throws ProjectError where its classes are no longer `classes`, or where the
 * pictures to learn from have fewer than two of them; then nothing is kept, so that mended masks are seen by the same command.
 */
export async function prepareLabelled(
  folder: string,
  { path, classes, oneClass }: LabelledSource,
  form: SquareForm,
  job: JobOptions,
): Promise<void> {
  const { pixels } = await prepareExamples(
    folder,
    async () => {
      const source = await openLabelled(path);
      checkClasses(classes, source.info.classes);
      return {
        what: "pictures",
        total: source.info.samples,
        classes: classes.length,
        async *stream() {
          for await (const { name, split, image, labels } of source.samples())
            yield { name, split, bytes: image, labels };
        },
      };
    },
    form,
    job,
  );
  const present = pixels.flatMap((n, id) => (n > 0 ? [classes[id].name] : []));
  if (present.length >= 2) return;
  await rm(folder, { recursive: true });
  throw new ProjectError(
    present.length === 0
      ? `${path} has no labelled pixel to learn from: all are 255, or no picture is in its split train.`
      : `${path} has one class in all its masks (${present[0]}): ${oneClass}.`,
  );
}

/** The first pictures of a data set, as a run would prepare them. */
export interface TriedExamples {
  readonly examples: readonly Example[];
  readonly tried: number;
  /** About how many of the data set are to learn from. */
  readonly train: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
}

/** Pictures that are tried. */
const TRIED = 48;

/** Tries the first pictures of a data set. Throws ProjectError where none can be used. */
export async function tryExamples(
  source: SampleSource,
  { resolution, fit }: SquareForm,
  { signal, onProgress }: JobOptions,
): Promise<TriedExamples> {
  const rejected: { name: string; reason: string }[] = [];
  const examples: Example[] = [];
  let [tried, learned] = [0, 0];
  for await (const { name, split, image, labels } of source.samples()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "try some pictures", done: tried, total: Math.min(TRIED, source.info.samples) });
    tried++;
    if (split === "train") learned++;
    try {
      const { pixels } = await prepareImage(image, { crop: "none", fit, resize: "lanczos", resolution });
      examples.push({ rgb: pixels, labels: squareLabels(labels, fit, resolution) });
    } catch (error) {
      rejected.push({ name, reason: reasonOf(error) });
    }
    if (tried === TRIED) break;
  }
  if (examples.length === 0)
    throw new ProjectError(`none of ${tried} pictures can be used; ${rejected[0]?.name}: ${rejected[0]?.reason}.`);
  return { examples, tried, train: Math.round((source.info.samples * learned) / tried), rejected };
}

/** Parts of a run between two lines of the log. */
const TICKS = 100;

/** Pictures that a run shows in all, and from one line of the log to the next: of `epochs` passes, or `usual` ones that show `least` at least. */
export function lengthOfRun(
  epochs: number | null,
  { usual, least, count, batch }: { usual: number; least: number; count: number; batch: number },
): { readonly images: number; readonly tick: number } {
  const images = epochs === null ? Math.max(usual * count, least) : Math.ceil(epochs * count);
  return { images, tick: Math.max(1, Math.round(images / TICKS / batch)) * batch };
}
