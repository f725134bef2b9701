/** Segmentations judged by a matching that was decided before, on other images. */
import type { ImageContingency } from "./contingency.ts";
import { meanIou } from "./matchedMeanIou.ts";

export interface MappedIou {
  /** Mean over the classes that occur in the truth. */
  readonly mean: number;
  /** Per class: the mean over the images where the class or its clusters occur; NaN for a class that the truth never has. */
  readonly perClass: Float64Array;
  /** Per image: the mean over the classes that the class or its clusters bring in; NaN for an image without pixels. */
  readonly perImage: Float64Array;
}

/**
 * IoU of each class with all clusters that stand for it: `classOf[c]` is the class of cluster c, -1 for none. As in the paper, per
 * image first, classes absent from an image (in truth and prediction) skipped, then the mean per class, then over classes.
 */
export function mappedMeanIou(
  { images, classes, clusters, counts }: ImageContingency,
  classOf: ArrayLike<number>,
): MappedIou {
  const sums = new Float64Array(classes);
  const times = new Float64Array(classes);
  const truePixels = new Float64Array(classes);
  const perImage = new Float64Array(images);
  const sizes = new Float64Array(classes);
  const claimed = new Float64Array(classes);
  const both = new Float64Array(classes);
  for (let image = 0, at = 0; image < images; image++) {
    for (const array of [sizes, claimed, both]) array.fill(0);
    for (let g = 0; g < classes; g++)
      for (let c = 0; c < clusters; c++, at++) {
        const n = counts[at];
        const seen = classOf[c];
        sizes[g] += n;
        if (seen >= 0) claimed[seen] += n;
        if (seen === g) both[g] += n;
      }
    let sum = 0;
    let present = 0;
    for (let g = 0; g < classes; g++) {
      truePixels[g] += sizes[g];
      const union = sizes[g] + claimed[g] - both[g];
      if (union === 0) continue;
      sums[g] += both[g] / union;
      times[g]++;
      sum += both[g] / union;
      present++;
    }
    perImage[image] = sum / present;
  }
  const perClass = sums.map((sum, g) => (truePixels[g] > 0 ? sum / times[g] : Number.NaN));
  return { mean: meanIou(perClass), perClass, perImage };
}

/** The tables of images `from` to `to` (exclusive). */
export function imagesOf({ classes, clusters, counts }: ImageContingency, from: number, to: number): ImageContingency {
  const size = classes * clusters;
  return { images: to - from, classes, clusters, counts: counts.slice(from * size, to * size) };
}

/** The tables without the pixels of one true class, as if they were labelled "ignore". */
export function withoutClass(table: ImageContingency, g: number): ImageContingency {
  const { images, classes, clusters } = table;
  const counts = table.counts.slice();
  for (let image = 0; image < images; image++) {
    const row = (image * classes + g) * clusters;
    counts.fill(0, row, row + clusters);
  }
  return { ...table, counts };
}
