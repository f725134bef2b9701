/** What a request comes down to, before anything is written: which folder, which settings, which pictures. */
import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { ProjectError } from "../../storage/files.ts";
import { type ImageFiles, listImages } from "../../storage/imageFiles.ts";
import { versions } from "../../storage/versions.ts";
import { chooseResolution } from "../pictures/chooseResolution.ts";
import { parseCrop } from "../pictures/framing.ts";
import { loadPrepared } from "../pictures/imageStore.ts";
import type { Preparation } from "../pictures/prepareImage.ts";
import { refuseForeignFolder } from "../run.ts";
import type { TrainGanRequest } from "./options.ts";
import { continuedSettings, loadSettings, newSettings, type TrainSettings } from "./settings.ts";
import { stagesOf } from "./stages.ts";
import { openOrigin, originPath } from "./transfer.ts";

export interface PlannedRun {
  readonly folder: string;
  readonly settings: TrainSettings;
  /** Undefined where they are gone, but prepared. */
  readonly pictures: ImageFiles | undefined;
}

/** Throws ProjectError or RangeError that says what does not fit; nothing is touched. */
export async function planRun(request: TrainGanRequest): Promise<PlannedRun> {
  const folder = resolve(request.outdir ?? (await resumedFolder(request.resume)));
  const before = await loadSettings(folder);
  return before === undefined ? beginRun(request, folder) : continueRun(request, folder, before);
}

/** The folder that `--resume` alone means. */
async function resumedFolder(resume: string | null): Promise<string> {
  if (resume === null)
    throw new ProjectError("say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run.");
  if ((await loadSettings(resume).catch(ignoreNotAFolder)) === undefined)
    throw new ProjectError(
      `${resume} is not the folder of a training run. To begin a new run from a network's weights, say where it goes too: --outdir <folder>.`,
    );
  return resume;
}

function ignoreNotAFolder(error: unknown): undefined {
  if (error instanceof ProjectError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOTDIR")
    return undefined;
  throw error;
}

async function beginRun(request: TrainGanRequest, folder: string): Promise<PlannedRun> {
  const { data, resume, command } = request;
  if (data === null) throw new ProjectError("a new run needs pictures: --data <folder or .zip>.");
  await refuseForeignFolder(folder);
  if (folder.startsWith(resolve(data) + sep))
    throw new ProjectError(
      `${folder} lies among the pictures of ${data}: the run's own would be taken for new ones. Choose an --outdir elsewhere.`,
    );
  const origin = resume === null ? undefined : await openOrigin(resume);
  const pictures = await listImages(data);
  const crop = parseCrop(request.crop ?? "centre");
  const resolution = request.resolution ?? origin?.resolution ?? (await chooseResolution(pictures.files, { crop }));
  const from = origin === undefined ? null : origin.path;
  const settings = newSettings(request, data, resolution, origin, { command, versions: versions(), from });
  // Weights that do not fit are told of before anything is written.
  origin?.state(stagesOf(settings)[0].recipe);
  return { folder, settings, pictures };
}

async function continueRun(request: TrainGanRequest, folder: string, before: TrainSettings): Promise<PlannedRun> {
  const { resume } = request;
  if (resume !== null && ![folder, before.from].includes(originPath(resume)))
    throw new ProjectError(
      `${folder} is already a training run, started ${before.from === null ? "without other weights" : `from ${before.from}`}. ` +
        `Leave out --resume to continue it, or choose another --outdir for a new one.`,
    );
  const settings = continuedSettings(before, request, folder);
  const { source } = settings.data;
  const complete = (await loadPrepared(folder)) !== undefined;
  const gone = request.data === null && complete && (await stat(source).catch(() => undefined)) === undefined;
  return { folder, settings, pictures: gone ? undefined : await listImages(source) };
}

/** How the pictures of a run are prepared. */
export const preparationOf = ({ data, recipe }: TrainSettings): Preparation => ({
  crop: parseCrop(data.crop),
  fit: data.fit,
  resize: data.resize,
  resolution: recipe.resolution,
});
