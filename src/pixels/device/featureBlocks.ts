/** Features block by block, as another processor wants them: whichever way they are stored. */

import { widenBlock } from "../kernels/widenBlock.ts";
import type { Pixels } from "../pixels.ts";
import type { PyramidData } from "../pyramid/pyramidData.ts";
import { type HalfStore, numbersOf, type StoredLevel, type StoredShape } from "../pyramid/storedPyramid.ts";

export interface FeatureBlocks extends StoredShape {
  /** Whether the numbers are halves. */
  readonly half: boolean;
  /**
   * Each level [count,h,h,C] of the images from `first`, outside shared memory; the arrays may be used again by the next call. Blocks
   * up to image `end` will be wanted next.
   */
  load(first: number, count: number, end: number): Promise<readonly (Float32Array | Uint16Array)[]>;
}

/** The blocks of a pyramid in memory. */
export function pyramidBlocks(data: PyramidData): FeatureBlocks {
  return {
    ...data,
    half: false,
    async load(first, count) {
      return data.levels.map((level) => {
        const numbers = numbersOf(level);
        const some = level.data.subarray(first * numbers, (first + count) * numbers);
        return some.buffer instanceof ArrayBuffer ? some : some.slice();
      });
    },
  };
}

/** The blocks of a pyramid of halves. */
export function storedBlocks(shape: StoredShape, store: HalfStore): FeatureBlocks {
  return { ...shape, half: true, load: (first, count, end) => store.load(first, count, end) };
}

/** The same blocks in single precision. */
export function widened(blocks: FeatureBlocks): FeatureBlocks {
  return {
    ...blocks,
    half: false,
    async load(first, count, end) {
      const levels = await blocks.load(first, count, end);
      return levels.map((numbers) => {
        if (numbers instanceof Float32Array) return numbers;
        const wide = new Float32Array(numbers.length);
        widenBlock(numbers, wide);
        return wide;
      });
    },
  };
}

/** Blocks of dense rows: every pixel is an image of one pixel with one level. */
export function rowBlocks(features: Pick<Pixels, "pixels" | "channels" | "rows">): FeatureBlocks {
  const level: StoredLevel = { size: 1, channels: features.channels, first: 0 };
  return {
    images: features.pixels,
    resolution: 1,
    levels: [level],
    half: false,
    load: async (first, count) => [await features.rows(Int32Array.from({ length: count }, (_, i) => first + i))],
  };
}
