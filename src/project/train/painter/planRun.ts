/** What a request comes down to, before anything is written: which folder, which settings, which pictures. */
import { resolve } from "node:path";
import { ProjectError } from "../../storage/files.ts";
import { versions } from "../../storage/versions.ts";
import { labelledResolution, openToLearn } from "../labelled/labelled.ts";
import { refuseForeignFolder, refuseInside, runFolder } from "../run.ts";
import type { TrainPainterRequest } from "./options.ts";
import { continuedPainterSettings, loadPainterSettings, newPainterSettings, type PainterSettings } from "./settings.ts";
import { readVggFile } from "./vggFile.ts";

export interface PlannedPainter {
  readonly folder: string;
  readonly settings: PainterSettings;
}

/** Why one class is too few. */
export const ONE_CLASS = "a mask of one part says nothing";

/** Throws ProjectError or RangeError that says what does not fit; nothing is touched. */
export async function planPainter(request: TrainPainterRequest): Promise<PlannedPainter> {
  const { resume, data } = request;
  const folder = runFolder(request);
  const before = await loadPainterSettings(folder);
  if (before !== undefined) return { folder, settings: continuedPainterSettings(before, request, folder) };
  if (resume !== null) throw new ProjectError(`${resume} is not the folder of a painter's training run.`);
  if (data === null) throw new ProjectError("a new run needs a data set: --data <folder>.");
  await refuseForeignFolder(folder);
  refuseInside(folder, [data]);
  const { source, classes } = await openToLearn(data, ONE_CLASS);
  const resolution = request.resolution ?? (await labelledResolution(source));
  const vgg =
    request.vgg === null ? null : { file: resolve(request.vgg), sha256: (await readVggFile(request.vgg)).sha256 };
  return {
    folder,
    settings: newPainterSettings(request, data, { classes, resolution, vgg }, { versions: versions() }),
  };
}
