/** What shapes a StyleGAN2 network apart from its weights. */
import { GeneratorError } from "../errors.ts";
import { largest, type ShapeTable } from "../family.ts";
import { type MappingNames, type MappingSizes, mappingSizes } from "../mapping.ts";

/** Told by the shapes of the weights. */
export interface StyleGan2Sizes extends MappingSizes {
  readonly numWs: number;
  readonly resolution: number;
  readonly imageChannels: number;
  readonly architecture: "skip" | "orig" | "resnet";
}

/** Told by the file, or the official value. */
export type StyleGan2Settings = {
  /** Learning-rate multiplier of the mapping network. */
  readonly lrMultiplier: number;
  /** Limit of every synthesis layer's output. */
  readonly convClamp: number | null;
  readonly useNoise: boolean;
};

export const styleGan2MappingNames: MappingNames = {
  layer: (i) => `mapping.fc${i}`,
  labelConcat: "mapping.label_concat.weight",
  labelEmbed: "mapping.embed",
  wAvg: "mapping.w_avg",
};

/** Name of the n-th convolution from the constant on: b4.conv1, b8.conv0, b8.conv1, b16.conv0, ... */
export const convName = (n: number): string => `${blockName(Math.ceil(n / 2))}.${n % 2 === 0 ? "conv1" : "conv0"}`;

/** The b-th block, of 4 * 2^b pixels. */
export const blockName = (b: number): string => `b${4 * 2 ** b}`;

export function styleGan2Sizes(shapes: ShapeTable): StyleGan2Sizes {
  const resolution = largest(shapes, /^synthesis\.b(\d{1,5})\./, 4);
  const toRgb = shapes.get(`synthesis.b${resolution}.torgb.weight`);
  if (toRgb === undefined)
    throw new GeneratorError(`StyleGAN2: the weight synthesis.b${resolution}.torgb.weight is missing from the file`);
  const architecture = shapes.has("synthesis.b4.torgb.weight")
    ? "skip"
    : shapes.has("synthesis.b8.skip.weight")
      ? "resnet"
      : "orig";
  return {
    ...mappingSizes("StyleGAN2", shapes, styleGan2MappingNames),
    numWs: 2 * Math.log2(resolution) - 2,
    resolution,
    imageChannels: toRgb.shape[0] ?? 0,
    architecture,
  };
}
