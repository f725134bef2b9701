/** What PGGAN and StyleGAN have in common: layers counted from 0, two a resolution, and an output for each resolution. */
import type { StateDict } from "../checkpoint/stateDict.ts";
import type { ConvWeight } from "../nn/progressiveLayers.ts";
import { GeneratorError } from "./errors.ts";
import { largest, type ShapeTable } from "./family.ts";
import { tensorflowConv } from "./layout.ts";
import type { WeightReader, WeightRule } from "./weights.ts";

/** Resolution of layer n. */
export const layerResolution = (n: number): number => 4 * 2 ** Math.floor(n / 2);

/** The first layer of a resolution beyond the lowest doubles its input. */
export const doubles = (n: number): boolean => n >= 2 && n % 2 === 0;

/** Index of a layer by TensorFlow's name for it. */
export const tensorflowLayer = (resolution: string, layer: string): number => {
  const block = Math.log2(Number(resolution) / 4);
  return 2 * block + (FIRST_OF_BLOCK.includes(layer) ? 0 : 1);
};
const FIRST_OF_BLOCK: readonly string[] = ["Const", "Dense", "Conv0", "Conv0_up"];

/** TensorFlow's outputs are counted from the highest resolution down. */
export function tensorflowOutputs(stored: StateDict, prefix: string): WeightRule[] {
  let blocks = 0;
  while (stored.has(`ToRGB_lod${blocks}/weight`)) blocks++;
  const output = (lod: string): string => `${prefix}output${blocks - 1 - Number(lod)}`;
  return [
    [/^ToRGB_lod(\d+)\/weight$/, (lod) => `${output(lod)}.weight`, tensorflowConv],
    [/^ToRGB_lod(\d+)\/bias$/, (lod) => `${output(lod)}.bias`],
  ];
}

export interface ProgressiveSizes {
  readonly resolution: number;
  readonly imageChannels: number;
}

/** From the last layer; `prefix` stands before "layer{n}" and "output{b}". */
export function progressiveSizes(family: string, shapes: ShapeTable, prefix: string): ProgressiveSizes {
  const last = largest(shapes, new RegExp(`^${prefix.replace(".", "\\.")}layer(\\d{1,2})\\.`), 1);
  const output = `${prefix}output${Math.floor(last / 2)}.weight`;
  const imageChannels = shapes.get(output)?.shape[0];
  if (imageChannels === undefined) throw new GeneratorError(`${family}: the weight ${output} is missing from the file`);
  return { resolution: layerResolution(last), imageChannels };
}

/** One output of a network: colours at a resolution. */
export interface Output extends ConvWeight {
  readonly bias: Float32Array;
}

export function takeConv(weights: WeightReader, name: string, inChannels: number, kernel: number): ConvWeight {
  const shape = [weights.shapeOf(name)?.[0] ?? 0, inChannels, kernel, kernel] as const;
  return { weight: weights.take(name, shape), shape };
}

export function takeOutput(weights: WeightReader, name: string, inChannels: number, imageChannels: number): Output {
  const shape = [imageChannels, inChannels, 1, 1] as const;
  return {
    weight: weights.take(`${name}.weight`, shape),
    bias: weights.take(`${name}.bias`, [imageChannels]),
    shape,
  };
}

/** The level of detail that the network was saved at: 0 for all official ones. */
export function takeLod(family: string, weights: WeightReader, name: string, resolution: number): number {
  const [lod] = weights.takeIfStored(name, []) ?? [0];
  const highest = Math.log2(resolution) - 2;
  if (lod < 0 || lod > highest)
    throw new GeneratorError(`${family}: ${name} is ${lod}, expected 0 to ${highest} for ${resolution} pixels`);
  return lod;
}
