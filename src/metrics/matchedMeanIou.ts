/**
 * Mean IoU of clusters with true classes: which class a cluster stands for is decided first, greedily by the paper's Algorithm 2
 * (many clusters may join one class) or by the best assignment of at most one cluster to each class. From tables of one image each,
 * the IoU of a class is averaged over images; from one table of everything, it is that of the data set.
 */
import { optimalAssignment } from "./assignment.ts";
import { type Contingency, type ImageContingency, imageContingency } from "./contingency.ts";

/** The mean IoU, and which class each cluster stands for. */
export interface MatchedIou {
  /** Mean over the classes that occur. */
  readonly mean: number;
  /** Per class: the mean IoU over the images where the class or its clusters occur; NaN for a class that occurs nowhere. */
  readonly perClass: Float64Array;
  /** The class that each cluster was given to; -1 where it was given to none. */
  readonly classOf: Int32Array;
}

type Labels = ArrayLike<number>;
type Arguments =
  | readonly [table: Contingency | ImageContingency]
  | readonly [truth: Labels, labels: Labels, pixelsPerImage?: number];

/** Tables per image, with what both ways to match need. */
interface Matching extends ImageContingency {
  /** [images, classes] and [images, clusters]. */
  readonly classSizes: Float64Array;
  readonly clusterSizes: Float64Array;
  /** The classes that occur; others take no part, or they would attract clusters for which no class is right. */
  readonly present: readonly number[];
}

function matching(values: Arguments): Matching {
  const table =
    values.length === 1
      ? values[0]
      : imageContingency(values[0], values[1], values[2] === undefined ? {} : { pixelsPerImage: values[2] });
  const { classes, clusters, counts } = table;
  const images = "images" in table ? table.images : 1;
  const classSizes = new Float64Array(images * classes);
  const clusterSizes = new Float64Array(images * clusters);
  const totals = new Float64Array(classes);
  for (let image = 0, at = 0; image < images; image++)
    for (let g = 0; g < classes; g++)
      for (let c = 0; c < clusters; c++, at++) {
        classSizes[image * classes + g] += counts[at];
        clusterSizes[image * clusters + c] += counts[at];
        totals[g] += counts[at];
      }
  const present = [...totals.keys()].filter((g) => totals[g] > 0);
  if (present.length === 0) throw new RangeError("mean IoU: there are no pixels with a true class");
  return { images, classes, clusters, counts, classSizes, clusterSizes, present };
}

/** The mean over the classes that occur, except one (the background) if it is given. NaN when none is left. */
export function meanIou(perClass: Float64Array, except = -1): number {
  let sum = 0;
  let count = 0;
  for (const [g, iou] of perClass.entries())
    if (g !== except && !Number.isNaN(iou)) {
      sum += iou;
      count++;
    }
  return sum / count;
}

/**
 * The paper's MIoU (Eq. 6 and 7, Algorithm 2): clusters are given to true classes greedily, always the (class, cluster) pair that
 * improves the mean IoU most, until every cluster has a class; the IoU of a class is averaged over the images where its union with
 * its clusters is not empty. Takes tables, or two labellings of which `pixelsPerImage` (default: one image) consecutive pixels are an
 * image. Throws RangeError when lengths do not fit.
 *
 * @example
 * console.log(matchedMeanIou([0, 0, 1, 1], [3, 3, 4, 4]).mean); // 1
 */
export function matchedMeanIou(...values: Arguments): MatchedIou {
  const { images, classes, clusters, counts, classSizes, clusterSizes, present } = matching(values);
  // Of classes with their clusters so far, per image.
  const intersection = new Float64Array(images * classes);
  const union = classSizes.slice();
  /** Mean IoU of class `g` after adding cluster `c` (none: -1). */
  const iouWith = (g: number, c: number): number => {
    let sum = 0;
    let count = 0;
    for (let image = 0; image < images; image++) {
      let both = intersection[image * classes + g];
      let either = union[image * classes + g];
      if (c >= 0) {
        const shared = counts[(image * classes + g) * clusters + c];
        both += shared;
        either += clusterSizes[image * clusters + c] - shared;
      }
      if (either > 0) {
        sum += both / either;
        count++;
      }
    }
    return sum / count;
  };
  const classOf = new Int32Array(clusters).fill(-1);
  const perClass = new Float64Array(classes).fill(Number.NaN);
  const gain = new Float64Array(classes * clusters).fill(Number.NEGATIVE_INFINITY);
  const updateGains = (g: number): void => {
    perClass[g] = iouWith(g, -1);
    for (let c = 0; c < clusters; c++) if (classOf[c] < 0) gain[g * clusters + c] = iouWith(g, c) - perClass[g];
  };
  for (const g of present) updateGains(g);
  for (let left = clusters; left > 0; left--) {
    let best = -1;
    for (let i = 0; i < gain.length; i++) if (classOf[i % clusters] < 0 && (best < 0 || gain[i] > gain[best])) best = i;
    const g = Math.floor(best / clusters);
    const c = best % clusters;
    classOf[c] = g;
    for (let image = 0; image < images; image++) {
      const shared = counts[(image * classes + g) * clusters + c];
      intersection[image * classes + g] += shared;
      union[image * classes + g] += clusterSizes[image * clusters + c] - shared;
    }
    updateGains(g);
  }
  return { mean: meanIou(perClass), perClass, classOf };
}

/**
 * Mean IoU under the best one-to-one assignment of clusters to classes (the Hungarian method on the IoUs of all pairs): clusters
 * beyond the number of classes count for nothing, and a class without a cluster has IoU 0. Arguments as for `matchedMeanIou`.
 */
export function assignedMeanIou(...values: Arguments): MatchedIou {
  const { images, classes, clusters, counts, classSizes, clusterSizes, present } = matching(values);
  const iou = new Float64Array(present.length * clusters);
  for (const [row, g] of present.entries())
    for (let c = 0; c < clusters; c++) {
      let sum = 0;
      let count = 0;
      for (let image = 0; image < images; image++) {
        const both = counts[(image * classes + g) * clusters + c];
        const either = classSizes[image * classes + g] + clusterSizes[image * clusters + c] - both;
        if (either === 0) continue;
        sum += both / either;
        count++;
      }
      iou[row * clusters + c] = count > 0 ? sum / count : 0;
    }
  const chosen = optimalAssignment(iou, present.length, clusters);
  const classOf = new Int32Array(clusters).fill(-1);
  const perClass = new Float64Array(classes).fill(Number.NaN);
  for (const [row, g] of present.entries()) {
    const c = chosen[row];
    perClass[g] = c < 0 ? 0 : iou[row * clusters + c];
    if (c >= 0) classOf[c] = g;
  }
  return { mean: meanIou(perClass), perClass, classOf };
}
