import { type CheckResult, checkDataset } from "../../dataset/check.ts";
import type { Fault } from "../../dataset/faults.ts";
import { formatNamed, layoutNamed, layouts } from "../../dataset/formats/index.ts";
import type { DatasetFolder } from "../../dataset/reading.ts";
import { shellWord } from "../../text/escape.ts";
import { defineJob } from "../requests/request.ts";
import { ProjectError } from "../storage/files.ts";
import { isCelebAMask } from "./celebAMask.ts";
import { openFolder } from "./folder.ts";
import { type MendedCopy, mendedCopy } from "./mend.ts";
import { checkRequest } from "./options.ts";
import { probe } from "./probe.ts";
import { classesPath, type DatasetSettings, datasetIn, labelSetNamed, masksFolder } from "./settings.ts";

/** What was found, in the copy where one was mended. */
export interface FolderCheck extends CheckResult {
  readonly mended?: MendedCopy;
}

/** Checks a folder of images with masks or annotations, in any of the layouts; with `fix`, a mended copy of it. */
export const checkJob = defineJob(checkRequest, async ({ folder, format, recipe, fix }, job): Promise<FolderCheck> => {
  const files = await openFolder(folder);
  if (format === null && isCelebAMask(files.paths))
    throw new ProjectError(
      `${folder} is CelebAMask-HQ as it is distributed: several files for each image, a part in each. Put them together as one mask for each, then check those:\n` +
        `  klish dataset export ${shellWord(folder)} --format folders --outdir celebamask\n` +
        "  klish check celebamask",
    );
  const dataset = format === null ? await datasetIn(folder) : undefined;
  if (dataset === undefined) {
    const check = async (path: string): Promise<CheckResult> =>
      checkDataset(await openFolder(path), format === null ? layouts : [layoutNamed(format)], probe, job);
    if (fix === null) return check(folder);
    const mended = await mendedCopy(folder, files.paths, fix, check, job);
    return { ...(await check(mended.folder)), mended };
  }
  if (fix !== null)
    throw new ProjectError(
      `${folder} is a dataset of klish: the command that made it repairs it. --fix is for others.`,
    );
  // A dataset of ours is plain folders, once for each label set.
  const { settings } = dataset;
  const sets = recipe === null ? settings.labelSets.map((_, set) => set) : [labelSetNamed(settings, recipe)];
  const faults: Fault[] = [];
  let pairs = 0;
  for (const [i, set] of sets.entries()) {
    const real = pathsOfLabelSet(files.paths, settings, set);
    const file = (path: string): string => real.get(path) as string;
    const folders: DatasetFolder = {
      paths: [...real.keys()].sort(),
      size: (path) => files.size(file(path)),
      read: (path, start, end) => files.read(file(path), start, end),
    };
    const result = await checkDataset(folders, [formatNamed("folders")], probe, job);
    pairs += result.pairs;
    // What concerns images and lists is found with every set.
    for (const fault of result.faults)
      if (i === 0 || /^(masks\/|classes)/.test(fault.path))
        faults.push({ ...fault, path: real.get(fault.path) ?? fault.path });
  }
  return { format: "folders", pairs, faults };
});

/** A dataset's files by the names that they would have with this label set alone: the layout "folders". */
function pathsOfLabelSet(paths: readonly string[], settings: DatasetSettings, set: number): Map<string, string> {
  const [masks, classes] = [masksFolder(settings, set), classesPath(settings, set)];
  const real = new Map<string, string>();
  for (const path of paths)
    if (path === classes) real.set("classes.json", path);
    else if (path.startsWith(`${masks}/`)) real.set(`masks${path.slice(masks.length)}`, path);
    else if (/^(images\/.*|(train|val|test)\.txt)$/.test(path)) real.set(path, path);
  return real;
}
