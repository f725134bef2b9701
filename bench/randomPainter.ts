/** Painters with random weights, and random pictures with stripes as parts: as much work as real ones. */
import type { PainterFile } from "../src/models/painter/painterFile.ts";
import { painterNetwork } from "../src/models/painter/painterNetwork.ts";
import { stylePlaces } from "../src/models/painter/plan.ts";
import { initialTensors } from "../src/nn/parameters.ts";
import { type PainterPresetName, painterPresets } from "../src/project/train/painter/presets.ts";
import { RandomState } from "../src/tensor/random.ts";
import { type Tensor, tensor } from "../src/tensor/tensor.ts";
import type { PainterRecipe } from "../src/train/painter/recipe.ts";

export interface RandomPainterOptions {
  readonly preset: PainterPresetName;
  readonly side: number;
  readonly classes: number;
  readonly batch: number;
  readonly seed: number;
  /** Channels of the preset `spade`. */
  readonly width?: number;
}

/** A preset's recipe for so many classes, pictures of that side and batches of that size. */
export function recipeOf({ preset, side, classes, batch, seed, width = 64 }: RandomPainterOptions): PainterRecipe {
  return { ...painterPresets[preset].recipe(side, width), classes, resolution: side, batch, mirror: false, seed };
}

/** Classes with names and colours, the first one background. */
export const classesOf = (count: number): { name: string; color: string; background: boolean }[] =>
  Array.from({ length: count }, (_, id) => ({
    name: `class ${id}`,
    color: `#${id.toString(16).padStart(6, "0")}`,
    background: id === 0,
  }));

/** A painter that has learned nothing. */
export function untrained({ plan, classes: count, resolution: side, seed }: PainterRecipe): PainterFile {
  const classes = classesOf(count);
  const places = stylePlaces(plan, count);
  const about = { version: 1 as const, side, classes, places, styleSize: plan.styleSize, plan, images: 0 };
  const weights: ReadonlyMap<string, Tensor> = initialTensors(painterNetwork(plan, count, side).parameters, seed);
  return { about, styles: tensor([1, places, plan.styleSize]), weights };
}

/** A batch of random pictures with stripes of all classes. */
export function examplesOf({
  batch,
  resolution: side,
  classes,
  seed,
}: PainterRecipe): { rgb: Uint8Array; labels: Uint8Array }[] {
  const random = new RandomState(seed);
  return Array.from({ length: batch }, (_, n) => ({
    rgb: Uint8Array.from({ length: side * side * 3 }, () => random.randint(256)),
    labels: Uint8Array.from({ length: side * side }, (__, p) =>
      Math.floor(((Math.floor(p / side) + n) * classes) / (side + batch)),
    ),
  }));
}

/** What a painter is given: a mask in stripes, one-hot, and styles of zeros. */
export function paintFeeds({ about: { side, classes, places, styleSize } }: PainterFile): Record<string, Tensor> {
  const [K, area] = [classes.length, side ** 2];
  const stripes = (i: number): number => (Math.floor(i / area) === ((i % area) >> 7) % K ? 1 : 0);
  const mask = tensor(
    [1, K, side, side],
    Float32Array.from({ length: K * area }, (_, i) => stripes(i)),
  );
  return { mask, styles: tensor([1, places, styleSize]) };
}
