import type { DatasetClass } from "../dataset/labelMap.ts";

/** The parts of a portrait; the index is the id. */
export const portraitClasses: readonly DatasetClass[] = [
  { name: "background", color: "#3b3f46", background: true },
  { name: "skin", color: "#e8b48f", background: false },
  { name: "hair", color: "#7a4a2b", background: false },
  { name: "brows", color: "#d9c72e", background: false },
  { name: "eyes", color: "#2f7fd6", background: false },
  { name: "nose", color: "#e0662f", background: false },
  { name: "lips", color: "#cf2f5b", background: false },
  { name: "ears", color: "#9a6bd1", background: false },
  { name: "neck", color: "#f0d9a8", background: false },
  { name: "clothes", color: "#2f9e6b", background: false },
  { name: "glasses", color: "#20c4c9", background: false },
  { name: "hat", color: "#b8327f", background: false },
];

/** Class ids by name. */
export const PART = {
  background: 0,
  skin: 1,
  hair: 2,
  brows: 3,
  eyes: 4,
  nose: 5,
  lips: 6,
  ears: 7,
  neck: 8,
  clothes: 9,
  glasses: 10,
  hat: 11,
} as const;

/** What a painter returns where it does not paint. */
export const NOTHING = -1;
