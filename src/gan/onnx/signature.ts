/**
 * How an ONNX model is used as a generator: what each of its inputs is fed with and what of its outputs is the image. Plain data,
 * decided once by `inputs.ts` and a trial run (`trial.ts`).
 */
import type { DType } from "../../tensor/tensor.ts";
import type { LayerInfo } from "../generator.ts";

/** An input; each dimension is a number, or follows the batch. */
export interface FedPort {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | "batch")[];
}

/** A part of the latent: `size` numbers of each sample. */
export interface LatentPort extends FedPort {
  readonly size: number;
}

/** A class: its number, or a one-hot row. */
export interface ClassPort extends FedPort {
  readonly kind: "ids" | "one-hot";
  readonly count: number;
}

/** A map of per-pixel noise. */
export interface NoiseInput extends FedPort {
  readonly resolution: number;
}

/** An input that is the same in every run. */
export interface ConstantPort extends FedPort {
  readonly value: number;
}

export interface OnnxInputs {
  /** Filled from z in this order. */
  readonly latents: readonly LatentPort[];
  /** Where the latent lies: z, drawn by seed; or the w of each layer [L,D], which only another network makes. */
  readonly space: { readonly kind: "z" } | { readonly kind: "w+"; readonly layers: number; readonly size: number };
  readonly classes: ClassPort | null;
  /** Takes truncation's psi. */
  readonly truncation: FedPort | null;
  readonly noise: readonly NoiseInput[];
  readonly constants: readonly ConstantPort[];
  /** Samples of one run. */
  readonly batch: number | "any";
  /** Sentences for the user: what each input was taken for, and why. */
  readonly notes: readonly string[];
}

/** Where the numbers of an image lie in an output. */
export type ImageLayout = "nchw" | "nhwc" | "nhw" | "flat chw" | "flat hwc";

export interface ImageOutput {
  readonly name: string;
  readonly layout: ImageLayout;
  /** As stored: 1, 3, or 4 with an alpha channel, which is left out. */
  readonly channels: number;
  readonly resolution: number;
  /** Of the values: [-1,1], [0,1] or [0,255]. */
  readonly range: readonly [number, number];
}

export interface OnnxSignature extends OnnxInputs {
  readonly image: ImageOutput;
  readonly layers: readonly LayerInfo[];
  /** Why a seed does not give the same image in every run; null where it does. */
  readonly varies: string | null;
}
