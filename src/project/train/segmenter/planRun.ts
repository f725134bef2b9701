/** What a request comes down to, before anything is written: which folder, which settings, which pictures. */
import { ProjectError } from "../../storage/files.ts";
import { type ImageFiles, listImages } from "../../storage/imageFiles.ts";
import { versions } from "../../storage/versions.ts";
import { labelledResolution, openToLearn } from "../labelled/labelled.ts";
import { refuseForeignFolder, refuseInside, runFolder } from "../run.ts";
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
  const { resume, data } = request;
  const folder = runFolder(request);
  const before = await loadSegmenterSettings(folder);
  if (before !== undefined) return { folder, settings: continuedSegmenterSettings(before, request, folder) };
  if (resume !== null) throw new ProjectError(`${resume} is not the folder of a segmenter's training run.`);
  if (data === null) throw new ProjectError("a new run needs a data set: --data <folder>.");
  await refuseForeignFolder(folder);
  refuseInside(folder, [data, request.unlabelled]);
  const { source, classes } = await openToLearn(data, "a segmenter tells two or more apart");
  if (request.unlabelled !== null) await listImages(request.unlabelled);
  const resolution = request.resolution ?? (await labelledResolution(source));
  const settings = newSegmenterSettings(request, data, { classes, resolution }, { versions: versions() });
  return { folder, settings };
}

/** The photos without labels of a run. */
export const openUnlabelled = (path: string): Promise<ImageFiles> => listImages(path);
