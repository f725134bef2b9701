/**
 * How far the classes of pixels are apart in a generator's features: classifiers learned from the pixels of some images, and judged
 * on others. The paper's Table I (nearest centroid against linear classifiers), Table III (cross-entropy against one-vs-rest SVMs)
 * and the extractors learned from one and ten images are rows of one experiment.
 */

import { linearSvm } from "../../cluster/svm/linearSvm.ts";
import { softmaxRegression } from "../../cluster/svm/softmaxRegression.ts";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { subset } from "../../pixels/denseFeatures.ts";
import { classSizes, classSums } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { bestOf } from "../../pixels/predict.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { RandomState } from "../../tensor/random.ts";

export const separabilityMethods = ["centroid", "lse", "svm"] as const;
export type SeparabilityMethod = (typeof separabilityMethods)[number];

/** Pixels of images with their true classes; IGNORE_LABEL is left out. */
export interface LabelledPixels {
  readonly features: Pixels;
  readonly truth: Uint16Array;
  readonly images: number;
  readonly pixelsPerImage: number;
}

export interface Split {
  /** Images to learn from, the first ones first, and images to judge on. */
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/** A random share of the images to judge on; the same for every number of images to learn from. */
export function splitImages(images: number, testImages: number, seed: number): Split {
  const order = new RandomState(seed).permutation(images);
  return { test: order.slice(0, testImages).sort(), train: order.slice(testImages) };
}

/** Pixels to learn from: all labelled ones of the images, or as many of them as `most` drawn at random. */
export function trainingPixels(
  { truth, pixelsPerImage }: Pick<LabelledPixels, "truth" | "pixelsPerImage">,
  images: Int32Array,
  most: number,
  seed: number,
): Int32Array {
  const labelled: number[] = [];
  for (const image of images)
    for (let p = image * pixelsPerImage; p < (image + 1) * pixelsPerImage; p++)
      if (truth[p] !== IGNORE_LABEL) labelled.push(p);
  if (labelled.length <= most) return Int32Array.from(labelled).sort();
  const chosen = new RandomState(seed).permutation(labelled.length).slice(0, most);
  return chosen.map((i) => labelled[i]).sort();
}

/**
 * A classifier of `k` classes learned from the pixels `index`. Classes that they do not show are never found.
 */
export async function learn(
  method: SeparabilityMethod,
  { features, truth }: Pick<LabelledPixels, "features" | "truth">,
  index: Int32Array,
  k: number,
  job: JobOptions = {},
): Promise<LinearClassifier> {
  const pixels = await subset(features, index);
  const present = [...new Set(Array.from(index, (p) => truth[p]))].sort((a, b) => a - b);
  const place = new Map(present.map((label, i) => [label, i]));
  const labels = Uint16Array.from(index, (p) => place.get(truth[p])!);
  const found = await solve(method, pixels, labels, present.length, job);
  const weight = new Float32Array(k * features.channels);
  const bias = new Float32Array(k).fill(Number.NEGATIVE_INFINITY);
  for (const [i, label] of present.entries()) {
    weight.set(found.weight.subarray(i * features.channels, (i + 1) * features.channels), label * features.channels);
    bias[label] = found.bias[i];
  }
  return { k, channels: features.channels, weight, bias };
}

async function solve(
  method: SeparabilityMethod,
  pixels: Pixels,
  labels: Uint16Array,
  nClasses: number,
  job: JobOptions,
): Promise<Pick<LinearClassifier, "weight" | "bias">> {
  if (nClasses === 1) return { weight: new Float32Array(pixels.channels), bias: new Float32Array(1) };
  if (method === "centroid") return nearestCentroid(pixels, labels, nClasses);
  return method === "lse"
    ? softmaxRegression(pixels, { labels, nClasses, ...job })
    : linearSvm(pixels, { labels, nClasses, ...job });
}

/**
 * The class of the nearest mean (Euclidean) as a linear classifier: argmin |x - m_k|^2 = argmax x.m_k - |m_k|^2 / 2, about the mean of
 * all pixels, so that nothing is lost to rounding.
 */
async function nearestCentroid(
  pixels: Pixels,
  labels: Uint16Array,
  k: number,
): Promise<Pick<LinearClassifier, "weight" | "bias">> {
  const d = pixels.channels;
  const sums = await classSums(pixels, labels, k);
  const sizes = classSizes(labels, k);
  const middle = new Float64Array(d);
  for (let i = 0; i < sums.length; i++) middle[i % d] += sums[i] / labels.length;
  const weight = new Float32Array(k * d);
  const bias = new Float32Array(k);
  for (let c = 0; c < k; c++) {
    let offset = 0;
    for (let j = 0; j < d; j++) {
      const w = sums[c * d + j] / sizes[c] - middle[j];
      weight[c * d + j] = w;
      offset -= w * (middle[j] + w / 2);
    }
    bias[c] = offset;
  }
  return { weight, bias };
}

/** Agreement with the truth on images. IoUs are NaN for classes that no image has and the classifier does not find. */
export interface SeparabilityScores {
  /** Share of labelled pixels of the right class. */
  readonly accuracy: number;
  /** Of each class, averaged over the images where it appears or is found: the paper's. */
  readonly iou: readonly number[];
  /** Of each class over the pixels of all images. */
  readonly pooledIou: readonly number[];
}

/** Judges a classifier on whole images. */
export async function judge(
  classifier: LinearClassifier,
  { features, truth, pixelsPerImage: n }: LabelledPixels,
  images: Int32Array,
): Promise<SeparabilityScores> {
  const { k, weight, bias } = classifier;
  const buffer = new Float32Array(k * n);
  const best = new Uint16Array(n);
  const top = new Float32Array(n);
  const sums = new Float64Array(k);
  const counts = new Float64Array(k);
  const [hit, either] = [new Float64Array(k), new Float64Array(k)];
  let right = 0;
  let labelled = 0;
  for (const image of images) {
    const start = image * n;
    const scores = await features.scores(weight, bias, buffer, { start, end: start + n });
    bestOf(scores, k, n, best, top);
    const [intersection, union] = [new Float64Array(k), new Float64Array(k)];
    for (let i = 0; i < n; i++) {
      const label = truth[start + i];
      if (label === IGNORE_LABEL) continue;
      labelled++;
      union[label]++;
      if (best[i] === label) {
        right++;
        intersection[label]++;
      } else union[best[i]]++;
    }
    for (let c = 0; c < k; c++) {
      hit[c] += intersection[c];
      either[c] += union[c];
      if (union[c] === 0) continue;
      sums[c] += intersection[c] / union[c];
      counts[c]++;
    }
  }
  const ratio = (a: Float64Array, b: Float64Array): number[] => Array.from(a, (x, c) => x / b[c]);
  return { accuracy: right / labelled, iou: ratio(sums, counts), pooledIou: ratio(hit, either) };
}
