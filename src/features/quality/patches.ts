import type { RandomState } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { laplacianPyramid, pyramidSides } from "./laplacianPyramid.ts";

/** Side of a patch. */
const SIDE = 7;
const CHANNELS = 3;
/** Numbers of a patch, channel by channel. */
export const PATCH_SIZE = CHANNELS * SIDE * SIDE;

/** Patches of one level of the pyramid. */
export interface PatchLevel {
  /** Side of the level in pixels. */
  readonly side: number;
  /** [patches, 147] */
  readonly data: Float32Array;
}

/** Collects patches at random places of every level of the Laplacian pyramids of images. */
export interface PatchSampler {
  /** Images [n,3,R,R]. Throws RangeError beyond the number that was announced. */
  add(images: Tensor): void;
  /** Passes over images that are not there: the next patches lie where they would after them. */
  skip(images: number): void;
  /** What was collected, as it is. */
  collected(): readonly PatchLevel[];
  /** What was collected, normalised. */
  finish(): readonly PatchLevel[];
}

/** For `images` images of `resolution` pixels a side, `perImage` patches of each at each level. */
export function patchSampler(
  resolution: number,
  { images: announced, perImage, random }: { images: number; perImage: number; random: RandomState },
): PatchSampler {
  const sides = pyramidSides(resolution);
  const levels = sides.map((side) => ({ side, data: new Float32Array(announced * perImage * PATCH_SIZE) }));
  let images = 0;
  /** [top, left] of the next patch of a level. */
  const place = (side: number): [number, number] => [random.randint(side - SIDE + 1), random.randint(side - SIDE + 1)];
  const collected = (): PatchLevel[] =>
    levels.map(({ side, data }) => ({ side, data: data.subarray(0, images * perImage * PATCH_SIZE) }));
  return {
    skip(n) {
      for (let i = 0; i < n; i++) for (const side of sides) for (let k = 0; k < perImage; k++) place(side);
    },
    collected,
    finish: () => normalizedPatches(collected()),
    add({ data, shape }) {
      const [n, C, H, W] = shape;
      if (C !== CHANNELS || H !== resolution || W !== resolution)
        throw new RangeError(`patches: expected images [n,3,${resolution},${resolution}], got [${shape}]`);
      if (images + n > announced) throw new RangeError(`patches: more than the ${announced} images announced`);
      const area = resolution ** 2;
      for (let i = 0; i < n; i++, images++) {
        const pyramids = Array.from({ length: CHANNELS }, (_, c) =>
          laplacianPyramid({
            data: data.subarray((i * CHANNELS + c) * area, (i * CHANNELS + c + 1) * area),
            side: resolution,
          }),
        );
        levels.forEach(({ side, data: patches }, level) => {
          for (let k = 0; k < perImage; k++) {
            const [top, left] = place(side);
            let at = (images * perImage + k) * PATCH_SIZE;
            for (const pyramid of pyramids)
              for (let y = top; y < top + SIDE; y++)
                for (let x = left; x < left + SIDE; x++) patches[at++] = pyramid[level].data[y * side + x];
          }
        });
      }
    },
  };
}

/** Patches of a whole set, in place: every channel of a level gets the mean 0 and the standard deviation 1. */
export function normalizedPatches(levels: readonly PatchLevel[]): readonly PatchLevel[] {
  for (const { data } of levels) normalizeChannels(data);
  return levels;
}

/** Takes off each channel's mean and divides by its standard deviation, over all patches and their pixels. */
function normalizeChannels(patches: Float32Array): void {
  const perChannel = SIDE * SIDE;
  const count = patches.length / CHANNELS;
  for (let c = 0; c < CHANNELS; c++) {
    const each = (visit: (at: number) => void): void => {
      for (let start = c * perChannel; start < patches.length; start += PATCH_SIZE)
        for (let at = start; at < start + perChannel; at++) visit(at);
    };
    let sum = 0;
    each((at) => {
      sum += patches[at];
    });
    const mean = sum / count;
    let squares = 0;
    each((at) => {
      squares += (patches[at] - mean) ** 2;
    });
    const deviation = Math.sqrt(squares / count) || 1;
    each((at) => {
      patches[at] = (patches[at] - mean) / deviation;
    });
  }
}
