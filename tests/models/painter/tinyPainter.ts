/** A painter of random weights, small enough for any test. */
import type { DatasetClass } from "../../../src/dataset/labelMap.ts";
import { type PainterFile, painterSafetensors } from "../../../src/models/painter/painterFile.ts";
import { painterNetwork } from "../../../src/models/painter/painterNetwork.ts";
import { cladePlan, type PainterPlan, stylePlaces } from "../../../src/models/painter/plan.ts";
import { initialTensors } from "../../../src/nn/parameters.ts";
import { randn } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

export const tinyPlan: PainterPlan = {
  ...cladePlan(16),
  start: 8,
  blocks: [
    { channels: 8, enlarge: true },
    { channels: 4, enlarge: true },
  ],
  styleSize: 4,
  encoder: [{ channels: 4, stride: 2 }],
};
export const tinyClasses = [
  { name: "wall", color: "#101010", background: true },
  { name: "skin", color: "#e0c0a0", background: false },
  { name: "hat", color: "#c01010", background: false },
];

/** Of 16 pixels; the first of its four styles has not got the third class, a hat. */
export function tinyPainter(
  plan: PainterPlan = tinyPlan,
  classes: readonly DatasetClass[] = tinyClasses,
): Required<Omit<PainterFile, "model">> {
  const places = stylePlaces(plan, classes.length);
  const styles = tensor([4, places, plan.styleSize], Float32Array.from(randn(5, 4 * places * plan.styleSize)));
  if (places > 1) styles.data.fill(Number.NaN, 2 * plan.styleSize, 3 * plan.styleSize);
  return {
    about: { version: 1, side: 16, classes, places, styleSize: plan.styleSize, plan, images: 7 },
    styles,
    weights: initialTensors(painterNetwork(plan, classes.length, 16).parameters, 1),
  };
}

export const tinyPainterBytes = (): Uint8Array<ArrayBuffer> => painterSafetensors(tinyPainter());

/** A label map of 16 pixels: skin in a wall, and a hat above it. */
export const tinyMask = Uint8Array.from({ length: 256 }, (_, p) => {
  const [x, y] = [p % 16, Math.floor(p / 16)];
  return x < 4 || x > 11 ? 0 : y < 5 ? 2 : 1;
});
