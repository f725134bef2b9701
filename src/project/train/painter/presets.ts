import { gauganPatches } from "../../../models/painter/discriminators.ts";
import { cladePlan, spadePlan } from "../../../models/painter/plan.ts";
import type { PainterRecipe } from "../../../train/painter/recipe.ts";

/** A choice of networks, of how they learn, and for how long. */
export interface PainterPreset {
  readonly title: string;
  /** `width`: of the generator's last maps, where the preset has it. */
  recipe(resolution: number, width: number | null): Omit<PainterRecipe, "classes" | "resolution" | "mirror" | "seed">;
  /** Passes over the data set. */
  readonly epochs: number;
}

/** Channels of OASIS's discriminator, the coarsest maps, of four pixels, first. */
const OASIS_CHANNELS = [128, 64, 32, 16, 16, 16, 16] as const;

/** By level, the finest first. */
const oasisChannels = (resolution: number): number[] =>
  OASIS_CHANNELS.slice(0, Math.max(1, Math.floor(Math.log2(resolution / 4)))).toReversed();

/** Weight of GauGAN's perceptual loss, for those who give a VGG19. */
export const PERCEPTUAL = 10;

/** GauGAN's generator ends at so many channels. */
const GAUGAN_WIDTH = 64;

export const painterPresets = {
  auto: {
    title: "CLADE with a style for each class, against OASIS's discriminator; for CPUs and browsers",
    recipe: (resolution) => ({
      plan: cladePlan(resolution),
      adversary: { kind: "oasis", channels: oasisChannels(resolution), labelMix: 5 },
      batch: 8,
      learningRate: { painter: 4e-4, adversary: 4e-4 },
      betas: [0, 0.99],
      colours: 5,
      featureMatching: 0,
      perceptual: 0,
      divergence: 0,
      otherStyles: 0.5,
      editedMasks: 0.75,
      averageDecay: 0.999,
    }),
    epochs: 20,
  },
  spade: {
    title: "GauGAN as KLiSH's paper has it, with a perceptual loss by --vgg only; for a GPU",
    recipe: (_, width) => ({
      plan: spadePlan(width ?? GAUGAN_WIDTH),
      adversary: { kind: "patches", ...gauganPatches, width: width ?? gauganPatches.width },
      batch: 8,
      learningRate: { painter: 1e-4, adversary: 4e-4 },
      betas: [0, 0.9],
      colours: 0,
      featureMatching: 10,
      perceptual: 0,
      divergence: 0.05,
      otherStyles: 0,
      editedMasks: 0,
      averageDecay: 0,
    }),
    epochs: 10,
  },
} as const satisfies Record<string, PainterPreset>;

export type PainterPresetName = keyof typeof painterPresets;
export const painterPresetNames = Object.keys(painterPresets) as [PainterPresetName, ...PainterPresetName[]];
