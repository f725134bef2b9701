/** Kinds of places, by the files that klish leaves in a folder. */
import { readdir } from "node:fs/promises";
import { extractorPath } from "../../project/extractor/extractorFile.ts";
import {
  EXTRACTOR_RUN,
  kindOfRun,
  networkPath,
  PAINTER_RUN,
  painterPath,
  SEGMENTER_RUN,
  segmenterPath,
  TRAINING_RUN,
} from "../../project/network/trainingRun.ts";
import { TEACH_FILE } from "../../project/teach/teachFile.ts";
import { type placeKinds, runKinds } from "../api.ts";

/** A kind of place. */
export type PlaceKind = (typeof placeKinds)[number];

/** What klish calls the runs of each kind of training in their settings, and the newest network of each. */
export const RUNS = {
  gan: { name: TRAINING_RUN, network: networkPath },
  segmenter: { name: SEGMENTER_RUN, network: segmenterPath },
  painter: { name: PAINTER_RUN, network: painterPath },
  extractor: { name: EXTRACTOR_RUN, network: extractorPath },
} as const satisfies Record<
  (typeof runKinds)[number],
  { readonly name: string; readonly network: (run: string) => string }
>;

/** What klish made in a folder; undefined where it is none of its. */
export async function placeKind(folder: string): Promise<PlaceKind | undefined> {
  const names = new Set(await readdir(folder).catch(() => []));
  if (names.has("auto.json")) return "auto";
  if (names.has("project.json")) return "project";
  // It is an extractor's run too, once something was learned.
  if (names.has(TEACH_FILE)) return "teaching";
  if (names.has("dataset.json") || ["images", "masks", "classes.json"].every((name) => names.has(name)))
    return "dataset";
  if (!names.has("settings.json")) return undefined;
  const run = await kindOfRun(folder);
  return runKinds.find((kind) => RUNS[kind].name === run);
}
