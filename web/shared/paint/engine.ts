/** What paints: in this browser, or a server behind an address. */
import type { PaintClass } from "../maskEditor/editor.ts";

/** How a painting looks: the painter's numbers, or the text by which a server knows them. */
export type StyleCode = Float32Array | string;

/** RGBA, row by row, as ImageData takes it. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;

export interface PaintEngine {
  /** Pixels of a side of masks and pictures. */
  readonly side: number;
  /** The index is the label. */
  readonly classes: readonly PaintClass[];
  /** Where it runs, in a word or two. */
  readonly where: string;
  /** The style of a seed. */
  seedStyle(seed: number): Promise<StyleCode>;
  /** The style of a picture whose mask is known; undefined where the painter has no encoder. Parts that it has not look as in `otherwise`. */
  readonly pictureStyle: ((picture: Pixels, mask: Uint8Array, otherwise: StyleCode) => Promise<StyleCode>) | undefined;
  /** Paints a mask of `side` * `side` labels once in each style. */
  paint(mask: Uint8Array, styles: readonly StyleCode[]): Promise<readonly Pixels[]>;
}
