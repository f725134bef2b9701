import { smallChannels } from "../../../models/unet.ts";
import { type AugmentRange, photoRange } from "../../../train/segmenter/augment.ts";
import type { SegmenterRecipe } from "../../../train/segmenter/recipe.ts";

/** A choice of network, of how it learns, and for how long. */
export interface SegmenterPreset {
  readonly title: string;
  recipe(
    resolution: number,
  ): Pick<SegmenterRecipe, "architecture" | "batch" | "learningRate" | "schedule" | "weightDecay" | "averageDecay">;
  readonly augment: AugmentChoice;
  /** Passes over the data set. */
  readonly epochs: number;
}

/** How pictures are changed, by name. */
export const augmentations = {
  photo: photoRange,
  paper: { ...photoRange, scale: [1, 1], blur: 0, noise: 0, jpeg: 100, chance: 2 / 3 },
  none: null,
} as const satisfies Record<string, AugmentRange | null>;
export type AugmentChoice = keyof typeof augmentations;
export const augmentChoices = Object.keys(augmentations) as [AugmentChoice, ...AugmentChoice[]];

/** From this side on maps of a sixteenth are fine enough. */
const LARGE = 256;

export const segmenterPresets = {
  small: {
    title: "a U-Net of 0.2 million weights, for CPUs and browsers",
    recipe: () => ({
      architecture: { network: "unet", channels: smallChannels },
      batch: 16,
      learningRate: 2e-3,
      schedule: "cosine",
      weightDecay: 1e-3,
      averageDecay: 0.99,
    }),
    augment: "photo",
    epochs: 20,
  },
  auto: {
    title: "DeepLabV3 on a ResNet-18",
    recipe: (resolution) => ({
      architecture: { network: "deeplabv3", backbone: "resnet18", outputStride: resolution >= LARGE ? 16 : 8 },
      batch: 16,
      learningRate: 1e-3,
      schedule: "poly",
      weightDecay: 1e-4,
      averageDecay: 0.99,
    }),
    augment: "photo",
    epochs: 20,
  },
  paper: {
    title: "DeepLabV3 on a ResNet-50, trained as KLiSH's paper says; for a GPU",
    recipe: () => ({
      architecture: { network: "deeplabv3", backbone: "resnet50", outputStride: 16 },
      batch: 32,
      learningRate: 1e-3,
      schedule: "step",
      weightDecay: 0,
      averageDecay: 0,
    }),
    augment: "paper",
    epochs: 20,
  },
} as const satisfies Record<string, SegmenterPreset>;

export type SegmenterPresetName = keyof typeof segmenterPresets;
export const segmenterPresetNames = Object.keys(segmenterPresets) as [SegmenterPresetName, ...SegmenterPresetName[]];
