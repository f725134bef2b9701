/**
 * One-vs-rest SVMs after a person has said of some pixels which cluster they belong to. Only the classes that the corrections concern are
 * trained again, from where they are: the clusters that were named, and those that won on those pixels instead.
 */
import { denseFeatures, stacked } from "../../pixels/denseFeatures.ts";
import { checkLabels } from "../../pixels/labels.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { predict } from "../../pixels/predict.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Curvature } from "./newtonSvm.ts";
import { NO_SOLVERS, type RowSolver } from "./solvers.ts";
import { svmPlan } from "./svmPlan.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE, SvmProblem } from "./svmProblem.ts";
import { trainSvms } from "./trainSvms.ts";

/** Pixels of which a person has said where they belong. */
export interface CorrectedPixels {
  /** Features [S,D] of the pixels. */
  readonly rows: Tensor;
  /** The cluster that each belongs to, [S]. */
  readonly clusters: ArrayLike<number>;
}

/** The objective, and how exactly it is solved: as for `klish`. */
export interface CorrectionOptions {
  readonly C?: number;
  readonly tolerance?: number;
  /** Other threads that solve classes meanwhile; who solved which changes no number. */
  readonly solvers?: readonly RowSolver[];
}

/**
 * Corrected pixels count as much as this share of the sample, but each no more than so many pixels: among thousands that are called as
 * before, a stroke would not be heard; one pixel alone should not drown them.
 */
const WEIGHT = 0.5;
const MOST_PIXELS = 128;
/** The tolerance of the rough answer, in those of the options. */
const ROUGHLY = 30;

/**
 * The classifiers `base` (one-vs-rest, of Eq. 3 in linearSvm.ts) trained again with corrections. `features` are a sample of the pixels that they
 * were trained on, `given` the cluster of each in [0, K). Deterministic; `base` itself where it says of every corrected pixel what
 * the person says. Throws RangeError for labels that do not fit.
 *
 * @example
 * const points = denseFeatures(tensor([4, 1], Float32Array.of(0, 1, 10, 11)));
 * const labels = [0, 0, 1, 1];
 * const base = await linearSvm(points, { labels, nClasses: 2 });
 * const corrected = { rows: tensor([1, 1], Float32Array.of(7)), clusters: [0] };
 * const { weight, bias } = await correctedSvms(points, labels, base, corrected);
 * console.log(7 * weight[0] + bias[0] > 7 * weight[1] + bias[1]); // true
 */
export async function correctedSvms(
  features: Pixels,
  given: ArrayLike<number>,
  base: LinearClassifier,
  { rows, clusters }: CorrectedPixels,
  { C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE, solvers = [] }: CorrectionOptions = {},
): Promise<LinearClassifier> {
  const { k, channels } = base;
  const labels = checkLabels("correctedSvms", given, features.pixels, k);
  const targets = checkLabels("correctedSvms", clusters, rows.shape[0], k);
  const [count] = rows.shape;
  if (count === 0) return base;
  const corrected = denseFeatures(rows, { blas: features.blas });
  const said = await predict(corrected, base);
  const wrong = new Set([...said].filter((cluster, i) => cluster !== targets[i]));
  if (wrong.size === 0) return base;
  const concerned = [...new Set([...targets, ...wrong])].sort((a, b) => a - b);
  const repeats = Math.min(MOST_PIXELS, Math.max(1, Math.round((WEIGHT * features.pixels) / count)));
  const joined = await stacked([features, corrected]);
  const all = new Uint16Array(joined.pixels);
  all.set(labels);
  all.set(targets, features.pixels);
  const weights = new Float32Array(joined.pixels).fill(1, 0, features.pixels).fill(repeats, features.pixels);
  const plan = svmPlan(joined, {
    ...NO_SOLVERS,
    ...(solvers.length > 0 && { rows: { pixels: await sharedCopy(joined), solvers } }),
  });
  const curvatures = concerned.map((): Curvature => ({}));
  const train = async (from: LinearClassifier, tolerance: number): Promise<LinearClassifier> => {
    const problem = new SvmProblem(joined, C, tolerance, { weights });
    const starts = concerned.map((c, i) => {
      const weight = Float64Array.from(from.weight.subarray(c * channels, (c + 1) * channels));
      return { plane: { weight, bias: from.bias[c] }, curvature: curvatures[i] };
    });
    const trained = await trainSvms(problem, { labels: all, classes: concerned }, starts, plan);
    const found = { k, channels, weight: from.weight.slice(), bias: from.bias.slice() };
    for (const [i, c] of concerned.entries()) {
      found.weight.set(trained[i].plane.weight, c * channels);
      found.bias[c] = trained[i].plane.bias;
    }
    return found;
  };
  // Pixels of the sample that were called wrongly like the corrected ones, and are no longer, follow them. Which, a rough answer tells.
  const rough = await train(base, ROUGHLY * tolerance);
  const now = await predict(features, rough);
  const meant = new Set(targets);
  for (let n = 0; n < labels.length; n++) if (wrong.has(labels[n]) && meant.has(now[n])) all[n] = now[n];
  return train(rough, tolerance);
}

/** All rows of `pixels`, [N,D], where other threads see them. */
function sharedCopy(pixels: Pixels): Promise<Float32Array> {
  const numbers = pixels.pixels * pixels.channels;
  const out = new Float32Array(new SharedArrayBuffer(numbers * Float32Array.BYTES_PER_ELEMENT));
  return pixels.rows(
    Int32Array.from({ length: pixels.pixels }, (_, i) => i),
    out,
  );
}
