export interface MatchedIou {
  /** Mean over classes. */
  readonly mean: number;
  /** Per class: the mean IoU over the images where the class or its clusters occur. */
  readonly perClass: Float64Array;
  /** The class that each cluster was given to. */
  readonly classOf: Int32Array;
}

/**
 * The paper's MIoU (Eq. 6 and 7, Algorithm 2): clusters are given to true classes greedily, always the (class, cluster) pair that
 * improves the mean IoU most, until every cluster has a class; the IoU of a class is averaged over the images where its union with
 * its clusters is not empty. `pixelsPerImage` splits the pixels into images of that many consecutive ones (default: one image).
 * Throws RangeError when lengths do not fit.
 */
export function matchedMeanIou(
  truth: ArrayLike<number>,
  labels: ArrayLike<number>,
  pixelsPerImage: number = truth.length,
): MatchedIou {
  if (truth.length !== labels.length || truth.length === 0 || truth.length % pixelsPerImage !== 0)
    throw new RangeError(
      `matchedMeanIou: ${truth.length} true labels, ${labels.length} predicted ones, ${pixelsPerImage} pixels per image`,
    );
  const images = truth.length / pixelsPerImage;
  const classes = largest(truth) + 1;
  const clusters = largest(labels) + 1;
  // Per image: overlap of class and cluster, and cluster sizes; intersections and unions of classes with their clusters so far.
  const overlap = new Float64Array(images * classes * clusters);
  const clusterSizes = new Float64Array(images * clusters);
  const intersection = new Float64Array(images * classes);
  const union = new Float64Array(images * classes);
  for (let n = 0; n < truth.length; n++) {
    const image = Math.floor(n / pixelsPerImage);
    overlap[(image * classes + truth[n]) * clusters + labels[n]]++;
    clusterSizes[image * clusters + labels[n]]++;
    union[image * classes + truth[n]]++;
  }
  /** Mean IoU of class `g` after adding cluster `c` (none: -1). */
  const meanIou = (g: number, c: number): number => {
    let sum = 0;
    let count = 0;
    for (let image = 0; image < images; image++) {
      let both = intersection[image * classes + g];
      let either = union[image * classes + g];
      if (c >= 0) {
        const shared = overlap[(image * classes + g) * clusters + c];
        both += shared;
        either += clusterSizes[image * clusters + c] - shared;
      }
      if (either > 0) {
        sum += both / either;
        count++;
      }
    }
    return count > 0 ? sum / count : 0;
  };
  const classOf = new Int32Array(clusters).fill(-1);
  const perClass = new Float64Array(classes);
  const gain = new Float64Array(classes * clusters);
  const updateGains = (g: number): void => {
    perClass[g] = meanIou(g, -1);
    for (let c = 0; c < clusters; c++) if (classOf[c] < 0) gain[g * clusters + c] = meanIou(g, c) - perClass[g];
  };
  for (let g = 0; g < classes; g++) updateGains(g);
  for (let left = clusters; left > 0; left--) {
    let best = -1;
    for (let i = 0; i < gain.length; i++) if (classOf[i % clusters] < 0 && (best < 0 || gain[i] > gain[best])) best = i;
    const g = Math.floor(best / clusters);
    const c = best % clusters;
    classOf[c] = g;
    for (let image = 0; image < images; image++) {
      const shared = overlap[(image * classes + g) * clusters + c];
      intersection[image * classes + g] += shared;
      union[image * classes + g] += clusterSizes[image * clusters + c] - shared;
    }
    updateGains(g);
  }
  return { mean: perClass.reduce((sum, x) => sum + x, 0) / classes, perClass, classOf };
}

function largest(labels: ArrayLike<number>): number {
  let result = 0;
  for (let n = 0; n < labels.length; n++) result = Math.max(result, labels[n]);
  return result;
}
