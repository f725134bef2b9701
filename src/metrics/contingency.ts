/** How often each pair of a true class and a cluster occurs together; every agreement metric is a function of it. */
export interface Contingency {
  readonly classes: number;
  readonly clusters: number;
  /** [classes, clusters]. */
  readonly counts: Float64Array;
  /** Sums over clusters [classes], and over classes [clusters]. */
  readonly classSizes: Float64Array;
  readonly clusterSizes: Float64Array;
  readonly total: number;
}

/** One table per image: what averages over images are made from. */
export interface ImageContingency {
  readonly images: number;
  readonly classes: number;
  readonly clusters: number;
  /** [images, classes, clusters]. */
  readonly counts: Float64Array;
}

/** Which pixels make an image, and which are left out. */
export interface ImageContingencyOptions {
  /** Splits the pixels into images of that many consecutive ones. Default: one image. */
  readonly pixelsPerImage?: number;
  /** Pixels of this true label are left out, such as 255 in label maps. Default: none are. */
  readonly ignore?: number;
}

/**
 * Counts the pairs of two labellings of the same pixels. Labels are integers >= 0; names that do not occur are empty rows or
 * columns, which change no metric. Throws RangeError when lengths differ or a label is not such an integer.
 *
 * @example
 * const { counts, classes, clusters } = contingency([0, 0, 1], [1, 1, 0]);
 * console.log(classes, clusters, [...counts]); // 2 2 [ 0, 2, 1, 0 ]
 */
export function contingency(truth: ArrayLike<number>, labels: ArrayLike<number>): Contingency {
  return pooled(imageContingency(truth, labels));
}

/** The pairs of each image. Throws RangeError as `contingency` does, and where the pixels do not fill images. */
export function imageContingency(
  truth: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: ImageContingencyOptions = {},
): ImageContingency {
  if (truth.length !== labels.length)
    throw new RangeError(`contingency: ${truth.length} true labels against ${labels.length} predicted ones`);
  const { pixelsPerImage = Math.max(1, truth.length), ignore = -1 } = options;
  const images = truth.length === 0 ? 1 : truth.length / pixelsPerImage;
  if (!Number.isInteger(images))
    throw new RangeError(`contingency: ${truth.length} pixels are not whole images of ${pixelsPerImage} pixels`);
  const classes = countNames(truth, ignore);
  const clusters = countNames(labels, -1);
  const counts = new Float64Array(images * classes * clusters);
  for (let image = 0, n = 0; image < images; image++) {
    const table = image * classes * clusters;
    for (const end = Math.min(truth.length, (image + 1) * pixelsPerImage); n < end; n++)
      if (truth[n] !== ignore) counts[table + truth[n] * clusters + labels[n]]++;
  }
  return { images, classes, clusters, counts };
}

/** The table of all images together. */
export function pooled({ images, classes, clusters, counts }: ImageContingency): Contingency {
  const sums = new Float64Array(classes * clusters);
  const classSizes = new Float64Array(classes);
  const clusterSizes = new Float64Array(clusters);
  let total = 0;
  for (let image = 0, at = 0; image < images; image++)
    for (let i = 0; i < classes; i++)
      for (let j = 0; j < clusters; j++, at++) {
        sums[i * clusters + j] += counts[at];
        classSizes[i] += counts[at];
        clusterSizes[j] += counts[at];
        total += counts[at];
      }
  return { classes, clusters, counts: sums, classSizes, clusterSizes, total };
}

/** The most names a table may have on one side. */
const MAX_NAMES = 65536;

function countNames(labels: ArrayLike<number>, ignore: number): number {
  let largest = -1;
  for (let n = 0; n < labels.length; n++) {
    const label = labels[n];
    if (!Number.isInteger(label) || label < 0 || label >= MAX_NAMES)
      throw new RangeError(`contingency: label ${label} of pixel ${n} is not an integer from 0 to ${MAX_NAMES - 1}`);
    if (label > largest && label !== ignore) largest = label;
  }
  return largest + 1;
}
