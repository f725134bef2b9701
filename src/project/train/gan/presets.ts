import { adaBatch, adaGamma, type GanRecipe } from "../../../train/gan/recipe.ts";

/** A choice of network sizes, of how training goes, and of its length. */
export interface Preset {
  readonly title: string;
  /** Beside `ganRecipe`'s defaults. */
  sizes(resolution: number): Partial<GanRecipe>;
  /** Images of an update, and the weight of R1. */
  rates(resolution: number, batch: number | null): Pick<GanRecipe, "batch" | "gamma">;
  /** Whether training begins with small images. */
  readonly grows: boolean;
  /** Thousands of images. */
  readonly kimg: number;
}

/**
 * For training of hours, where StyleGAN2-ADA's rule for R1 (made for days) gives swirls: measured on portraits of 16 to 64
 * pixels. The same judgement of an image of twice the side has a quarter of the penalty, so gamma grows fourfold. Above,
 * ADA's rule holds where it asks for more.
 */
const forHours: Preset["rates"] = (resolution, asked) => {
  const smallest = resolution <= 16;
  const batch = asked ?? (smallest ? 32 : Math.min(16, adaBatch(resolution)));
  return { batch, gamma: smallest ? 0.1 : Math.max((Math.min(resolution, 64) / 32) ** 2, adaGamma(resolution, batch)) };
};

const forDays: Preset["rates"] = (resolution, asked) => {
  const batch = asked ?? adaBatch(resolution);
  return { batch, gamma: adaGamma(resolution, batch) };
};

/** By budget. The sizes of `paper` are those of StyleGAN2-ADA's `auto` (Karras et al., 2020; train.py). */
export const presets = {
  quick: {
    title: "64 channels at most, to try things",
    sizes: (resolution) => ({ channelBase: Math.max(2048, 8 * resolution), channelMax: 64 }),
    rates: forHours,
    grows: true,
    kimg: 200,
  },
  auto: {
    title: "128 channels at most up to 128 pixels, 256 above",
    sizes: () => ({}),
    rates: forHours,
    grows: true,
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
    rates: forDays,
    grows: false,
    kimg: 25000,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
