/** A new StyleGAN2 generator: what its weights are and how they start. */
import { filled, normal, type ParameterSpec, type ParameterTable } from "../../nn/parameters.ts";
import { LR_MULTIPLIER } from "../mapping.ts";
import type { StyleGan2Settings } from "./stylegan2Spec.ts";

export interface StyleGan2Plan {
  readonly resolution: number;
  readonly imageChannels: number;
  /** Channels at a resolution. */
  readonly channels: (resolution: number) => number;
  readonly zDim: number;
  readonly wDim: number;
  readonly mappingLayers: number;
  /** Whether layers add noise of a learned strength. */
  readonly noise: boolean;
}

/** Settings of new networks, as the official ones in single precision. */
export const newStyleGan2Settings = ({ noise }: Pick<StyleGan2Plan, "noise">): StyleGan2Settings => ({
  lrMultiplier: LR_MULTIPLIER,
  convClamp: null,
  useNoise: noise,
});

/**
 * The skip architecture under the family's weight names. Weights start from N(0,1) and are scaled when used (equalised
 * learning rate), the mapping's from N(0, 1/multiplier); affine biases start at 1, everything else at 0.
 */
export function styleGan2Parameters(plan: StyleGan2Plan): ParameterTable {
  const { resolution, imageChannels, channels, zDim, wDim, mappingLayers, noise } = plan;
  const table = new Map<string, ParameterSpec>();
  for (let i = 0; i < mappingLayers; i++) {
    table.set(`mapping.fc${i}.weight`, normal([wDim, i === 0 ? zDim : wDim], 1 / LR_MULTIPLIER));
    table.set(`mapping.fc${i}.bias`, filled([wDim]));
  }
  table.set("mapping.w_avg", { ...filled([wDim]), trained: false });
  const layer = (name: string, r: number, outChannels: number, inChannels: number, kernel: number): void => {
    const full = `synthesis.b${r}.${name}`;
    table.set(`${full}.weight`, normal([outChannels, inChannels, kernel, kernel]));
    table.set(`${full}.bias`, filled([outChannels]));
    table.set(`${full}.affine.weight`, normal([inChannels, wDim]));
    table.set(`${full}.affine.bias`, filled([inChannels], 1));
    if (kernel === 1 || !noise) return;
    table.set(`${full}.noise_const`, { ...normal([r, r]), trained: false });
    table.set(`${full}.noise_strength`, filled([]));
  };
  table.set("synthesis.b4.const", normal([channels(4), 4, 4]));
  for (let r = 4; r <= resolution; r *= 2) {
    const C = channels(r);
    if (r > 4) layer("conv0", r, C, channels(r / 2), 3);
    layer("conv1", r, C, C, 3);
    layer("torgb", r, imageChannels, C, 1);
  }
  return table;
}
