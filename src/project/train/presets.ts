import type { GanRecipe } from "../../train/gan/recipe.ts";

/** A choice of network sizes and of the length of training. */
export interface Preset {
  readonly title: string;
  /** Beside `ganRecipe`'s defaults. */
  sizes(resolution: number): Partial<GanRecipe>;
  /** Thousands of images. */
  readonly kimg: number;
}

/** By budget. The sizes of `paper` are those of StyleGAN2-ADA's `auto` (Karras et al., 2020; train.py). */
export const presets = {
  quick: {
    title: "64 channels at most, to try things",
    sizes: (resolution) => ({ channelBase: Math.max(2048, 8 * resolution), channelMax: 64 }),
    kimg: 200,
  },
  auto: {
    title: "128 channels at most up to 128 pixels, 256 above",
    sizes: () => ({}),
    kimg: 1000,
  },
  paper: {
    title: "512 channels, StyleGAN2-ADA's own sizes; for a GPU",
    sizes: (resolution) => ({
      channelBase: resolution >= 512 ? 32768 : 16384,
      channelMax: 512,
      zDim: 512,
      wDim: 512,
      mappingLayers: 2,
    }),
    kimg: 25000,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
