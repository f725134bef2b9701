/** Which screen shows which kind of place. */
import type { Place } from "../../src/studio/api.ts";

export type ScreenId = "begin" | "parts" | "strokes" | "dataset" | "photos" | "paint" | "runs";

const SCREENS: Partial<Record<Place["kind"], ScreenId>> = {
  project: "parts",
  teaching: "strokes",
  dataset: "dataset",
  gan: "runs",
  segmenter: "runs",
  painter: "paint",
  extractor: "runs",
};

/** The screen for a place of this kind; undefined where there is none. */
export const screenOf = (kind: Place["kind"]): ScreenId | undefined => SCREENS[kind];
