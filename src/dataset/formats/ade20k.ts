/**
 * ADE20K for scene parsing (Zhou et al., 2017; ADEChallengeData2016): images/training/<name>.jpg, annotations/training/<name>.png. Id 0 is
 * "other objects", 1 to 150 are the classes of objectInfo150.txt.
 */
import { listedClasses } from "../classList.ts";
import type { DatasetLayout } from "../format.ts";
import { pairLayout } from "../pairs.ts";
import { readText } from "../reading.ts";

/** A table with a line of titles; the last column has the names. */
const NAMES = "objectInfo150.txt";

export const ade20k: DatasetLayout = {
  name: "ade20k",
  title: "ADE20K scene parsing",
  ...pairLayout(/^images\/(training|validation|testing)$/, /^annotations\/(training|validation)$/),
  async classes(folder, report) {
    if (!folder.paths.includes(NAMES)) return undefined;
    const lines = (await readText(folder, NAMES)).split(/\r?\n/).filter((line) => line.trim() !== "");
    const names = lines.slice(1).map((line) => line.split("\t").at(-1)?.trim() ?? "");
    return listedClasses([{ name: "other", background: true }, ...names.map((name) => ({ name }))], NAMES, report);
  },
};
