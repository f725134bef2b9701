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
    title: "half the channels: something to see within hours on a CPU",
    sizes: (resolution) => ({ channelBase: Math.max(2048, 8 * resolution), channelMax: 64 }),
    kimg: 200,
  },
  auto: {
    title: "128 channels up to 128 pixels, 256 above: days on a CPU, hours on a GPU",
    sizes: () => ({}),
    kimg: 1000,
  },
  paper: {
    title: "StyleGAN2-ADA's own: 512 channels; for a GPU",
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
