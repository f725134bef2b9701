import type { ImageFile } from "../../storage/imageFiles.ts";
import { cropRegion } from "./framing.ts";
import { imageSize, type Preparation } from "./prepareImage.ts";

/** Pictures whose headers are looked at, evenly spread over the set. */
const PROBES = 64;
/** More is for those who ask for it: the time of training grows with the number of pixels. */
const MOST = 64;
const LEAST = 16;

/** The largest power of two up to 64 that half of the pictures have at least, 16 for tinier ones. */
export async function chooseResolution(
  files: readonly ImageFile[],
  { crop }: Pick<Preparation, "crop">,
): Promise<number> {
  const probed = evenly(files, PROBES);
  const sides: number[] = [];
  for (const file of probed) {
    const size = await imageSize(file);
    if (size === undefined) continue;
    try {
      const { width, height } = cropRegion(size, crop);
      sides.push(Math.max(width, height));
    } catch {
      // A picture that the crop does not fit will be rejected, and listed with the reason.
    }
  }
  const median = sides.sort((a, b) => a - b)[Math.floor(sides.length / 2)] ?? LEAST;
  return Math.min(MOST, Math.max(LEAST, 2 ** Math.floor(Math.log2(median))));
}

/** At most `n` of the items, evenly spread. */
export const evenly = <T>(items: readonly T[], n: number): T[] =>
  Array.from(
    { length: Math.min(n, items.length) },
    (_, i) => items[Math.floor((i * items.length) / Math.min(n, items.length))],
  );
