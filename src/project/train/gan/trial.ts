/** Some of a run's pictures, tried before anything is written. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { ProjectError } from "../../storage/files.ts";
import type { ImageFile } from "../../storage/imageFiles.ts";
import { evenly } from "../pictures/chooseResolution.ts";
import type { Size } from "../pictures/framing.ts";
import { loadPrepared, readLines } from "../pictures/imageStore.ts";
import { prepareImage, reasonOf } from "../pictures/prepareImage.ts";
import { type PlannedRun, preparationOf } from "./planRun.ts";
import type { TrainSettings } from "./settings.ts";

export interface PicturesTried {
  /** All pictures, and the files beside them that are none. */
  readonly files: number;
  readonly others: number;
  /** How many of them were decoded, evenly spread; all, where an earlier run prepared them. */
  readonly tried: number;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  /** The smallest, the middle and the largest region that is taken. */
  readonly sizes: readonly Size[];
}

/** Pictures that are decoded for a trial. */
const TRIED = 128;

/** Decodes some of the pictures, or takes those that are prepared. Throws ProjectError when none can be used. */
export async function tryPictures(plan: PlannedRun, job: JobOptions): Promise<PicturesTried> {
  const others = plan.pictures?.others ?? 0;
  if ((await loadPrepared(plan.folder)) === undefined)
    return tryFiles(plan.pictures?.files ?? [], others, plan.settings, job);
  const lines = await readLines(plan.folder);
  return {
    files: lines.length,
    others,
    tried: lines.length,
    rejected: lines.flatMap(({ name, rejected }) => (rejected === undefined ? [] : [{ name, reason: rejected }])),
    sizes: spread(lines.flatMap(({ width, height }) => (width && height ? [{ width, height }] : []))),
  };
}

async function tryFiles(
  files: readonly ImageFile[],
  others: number,
  settings: TrainSettings,
  { onProgress, signal }: JobOptions,
): Promise<PicturesTried> {
  const preparation = preparationOf(settings);
  const some = evenly(files, TRIED);
  const whole: Size[] = [];
  const rejected: PicturesTried["rejected"][number][] = [];
  for (const [i, file] of some.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "try some pictures", done: i, total: some.length });
    try {
      whole.push((await prepareImage(await file.read(), preparation)).region);
    } catch (error) {
      rejected.push({ name: file.name, reason: reasonOf(error) });
    }
  }
  onProgress?.({ phase: "try some pictures", done: some.length, total: some.length });
  if (whole.length === 0)
    throw new ProjectError(
      `none of ${some.length} pictures can be used; ${rejected[0]?.name}: ${rejected[0]?.reason}.`,
    );
  const sizes = spread(whole.map(({ width, height }) => ({ width, height })));
  return { files: files.length, others, tried: some.length, rejected, sizes };
}

/** The smallest, the middle and the largest by area. */
function spread(sizes: readonly Size[]): Size[] {
  const sorted = [...sizes].sort((a, b) => a.width * a.height - b.width * b.height);
  return [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]];
}
