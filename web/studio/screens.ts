/** Which screen shows which kind of place. */
import type { Place } from "../../src/studio/api.ts";

export type ScreenId = "begin" | "parts" | "paint";

const SCREENS: Partial<Record<Place["kind"], ScreenId>> = { project: "parts", painter: "paint" };

/** The screen for a place of this kind; undefined where there is none. */
export const screenOf = (kind: Place["kind"]): ScreenId | undefined => SCREENS[kind];
