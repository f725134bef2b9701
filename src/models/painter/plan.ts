/** What a painter is made of, but for its classes: plain JSON. */

/** A residual block of the generator, whose maps have twice the side of those before where it enlarges. */
export interface PainterBlock {
  readonly channels: number;
  readonly enlarge: boolean;
}

/** A convolution of the style encoder, 3x3. */
export interface EncoderLayer {
  readonly channels: number;
  readonly stride: 1 | 2;
}

export interface PainterPlan {
  /**
   * How a pixel learns its class: by a scale and a shift that each class has (CLADE), which its style moves; or by a convolution of
   * the mask (SPADE: Park et al., 2019, "Semantic image synthesis with spatially-adaptive normalization"), and the style of
   * the whole picture is what the maps start from.
   */
  readonly modulation: "clade" | "spade";
  /** Channels of the first maps. */
  readonly start: number;
  readonly blocks: readonly PainterBlock[];
  /** Channels between mask and modulation, of SPADE. */
  readonly hidden: number;
  /** Whether convolutions have spectral normalisation. */
  readonly spectral: boolean;
  /** Numbers of a style. */
  readonly styleSize: number;
  readonly encoder: readonly EncoderLayer[];
}

/** Styles that a painting has: one of each class, or one in all. */
export const stylePlaces = ({ modulation }: Pick<PainterPlan, "modulation">, classes: number): number =>
  modulation === "clade" ? classes : 1;

/** Sides of pictures are multiples of this. */
export const sideMultiple = ({ blocks }: Pick<PainterPlan, "blocks">): number =>
  2 ** blocks.filter(({ enlarge }) => enlarge).length;

/** Side of the first maps, at least. */
const FIRST_SIDE = 4;

/** A CLADE generator of one block per size: 2048 / side channels, at most 128. */
export function cladePlan(side: number): PainterPlan {
  const levels = Math.max(1, Math.floor(Math.log2(side / FIRST_SIDE)));
  const channelsAt = (level: number): number =>
    Math.max(8, Math.min(128, 2 ** (11 - Math.floor(Math.log2(side)) + levels - level)));
  return {
    modulation: "clade",
    start: channelsAt(0),
    blocks: Array.from({ length: levels + 1 }, (_, level) => ({ channels: channelsAt(level), enlarge: level > 0 })),
    hidden: 0,
    spectral: false,
    styleSize: 16,
    encoder: [
      { channels: 24, stride: 1 },
      { channels: 48, stride: 2 },
      { channels: 48, stride: 1 },
    ],
  };
}

/** GauGAN's generator and encoder at a width: 64 in the paper. Five enlargements, so sides are multiples of 32. */
export function spadePlan(width: number): PainterPlan {
  const block = (factor: number, enlarge: boolean): PainterBlock => ({ channels: factor * width, enlarge });
  return {
    modulation: "spade",
    start: 16 * width,
    blocks: [
      block(16, false),
      block(16, true),
      block(16, false),
      block(8, true),
      block(4, true),
      block(2, true),
      block(1, true),
    ],
    hidden: 2 * width,
    spectral: true,
    styleSize: 256,
    encoder: [1, 2, 4, 8, 8].map((factor) => ({ channels: factor * width, stride: 2 })),
  };
}
