/** What a request comes down to, before anything is written: which folder, which settings, which pictures. */
import { resolve, sep } from "node:path";
import type { DatasetClass } from "../../../dataset/labelMap.ts";
import type { SampleSource } from "../../dataset/sampleSource.ts";
import { openSource } from "../../dataset/source.ts";
import { ProjectError } from "../../storage/files.ts";
import type { ImageFiles } from "../../storage/imageFiles.ts";
import { listImages } from "../../storage/imageFiles.ts";
import { versions } from "../../storage/versions.ts";
import { imageSize } from "../pictures/prepareImage.ts";
import { refuseForeignFolder } from "../run.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import {
  continuedSegmenterSettings,
  loadSegmenterSettings,
  newSegmenterSettings,
  type SegmenterSettings,
} from "./settings.ts";

export interface PlannedSegmenter {
  readonly folder: string;
  readonly settings: SegmenterSettings;
}

/** Throws ProjectError or RangeError that says what does not fit; nothing is touched. */
export async function planSegmenter(request: TrainSegmenterRequest): Promise<PlannedSegmenter> {
  const { outdir, resume, data } = request;
  if (outdir === null && resume === null)
    throw new ProjectError("say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run.");
  if (outdir !== null && resume !== null && resolve(outdir) !== resolve(resume))
    throw new ProjectError(`--resume continues ${resume}, --outdir says ${outdir}: give one of them.`);
  const folder = resolve((outdir ?? resume) as string);
  const before = await loadSegmenterSettings(folder);
  if (before !== undefined) return { folder, settings: continuedSegmenterSettings(before, request, folder) };
  if (resume !== null) throw new ProjectError(`${resume} is not the folder of a segmenter's training run.`);
  if (data === null) throw new ProjectError("a new run needs a data set: --data <folder>.");
  await refuseForeignFolder(folder);
  for (const source of [data, request.unlabelled])
    if (source !== null && folder.startsWith(resolve(source) + sep))
      throw new ProjectError(`${folder} lies in ${source}. Choose an --outdir elsewhere.`);
  const source = await openLabelled(data);
  const classes = source.info.classes.map(({ name, color, background }) => ({ name, color, background }));
  if (classes.length < 2)
    throw new ProjectError(
      `${data} has one class (${classes[0]?.name}): a segmenter tells two or more apart. Give its pictures a background, or another data set.`,
    );
  if (request.unlabelled !== null) await listImages(request.unlabelled);
  const resolution = request.resolution ?? (await chosenResolution(source));
  const settings = newSegmenterSettings(request, data, { classes, resolution }, { versions: versions() });
  return { folder, settings };
}

/** The data set of a run. Throws ProjectError that says what does not fit. */
export const openLabelled = (path: string): Promise<SampleSource> =>
  openSource([path], { fromFormat: null, recipe: null, name: "data" });

/** Throws ProjectError where a data set's classes are no longer those that the run was started with. */
export function checkClasses(settings: SegmenterSettings, classes: readonly DatasetClass[]): void {
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(", ");
  if (names(classes) !== names(settings.classes))
    throw new ProjectError(
      `the data set's classes are not those that this run was started with: ${names(settings.classes)}; now ${names(classes)}.`,
    );
}

/** The photos without labels of a run. */
export const openUnlabelled = (path: string): Promise<ImageFiles> => listImages(path);

const [LEAST, MOST, STEP] = [32, 128, 32];

/** The side of the first picture, a multiple of 32, from 32 to 128. */
async function chosenResolution(source: SampleSource): Promise<number> {
  for await (const { image } of source.samples()) {
    const size = await imageSize({ read: async () => image });
    if (size === undefined) continue;
    const side = Math.max(size.width, size.height);
    return Math.min(MOST, Math.max(LEAST, Math.floor(side / STEP) * STEP));
  }
  throw new ProjectError("the data set has no picture that can be read.");
}
