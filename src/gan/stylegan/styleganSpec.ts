/** What shapes a StyleGAN network apart from its weights. */
import type { MappingSizes } from "../mapping.ts";
import type { ProgressiveSizes } from "../progressive.ts";

/** Told by the shapes of the weights. */
export interface StyleGanSizes extends MappingSizes, ProgressiveSizes {
  readonly numWs: number;
}

/** Told by the file, or the official value. */
export type StyleGanSettings = {
  /** Learning-rate multiplier of the mapping network. */
  readonly lrMultiplier: number;
  readonly useNoise: boolean;
};
