/** What `klish` is asked for, checked, and with its defaults. */

import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { KMeansProgress } from "../kmeans/kMeans.ts";
import type { TrainingProgress } from "../svm/linearSvm.ts";
import type { SvmSolvers } from "../svm/solvers.ts";
import { DEFAULT_C, DEFAULT_TOLERANCE } from "../svm/svmProblem.ts";
import type { MergeTree } from "../tree/mergeTree.ts";

/** How KLiSH starts, what it merges by, and where it ends. */
export interface KlishOptions extends JobOptions {
  /** K0, the clusters to start from. Default 100; with `initialLabels`, their number of classes. */
  readonly initialClusters?: number;
  /** Start from these clusters instead of K-means: one integer in [0, K0) per pixel. */
  readonly initialLabels?: ArrayLike<number>;
  /** Of the K-means start. Default 0. */
  readonly seed?: number;
  /**
   * "paper" (default): p = argmin IoU joins q = argmax ECoS(p, .). "pair": the pair of the highest S_lambda, the smaller joining the
   * larger, which keeps one cluster from swallowing the rest on weak generators.
   */
  readonly criterion?: "paper" | "pair";
  /**
   * lambda of the pair criterion, in [0, 1]: how much of the chance overlap is subtracted. Default "auto": the least of 0, 0.5, 1 that
   * keeps clusters about as informative as those of K-means.
   */
  readonly balance?: number | "auto";
  /**
   * K-means starts of the seeds `seed`, `seed` + 1, ..., of which the one whose tree has the least objective is taken; tried on a
   * sample where there are many pixels. Default 1; 5 gain more than any other option, for about that many times the work.
   */
  readonly restarts?: number;
  /** Default 5000, the paper's. */
  readonly C?: number;
  /** Certified relative gap of every SVM. Default 1e-3; 1e-6 reproduces merges that nearly tie. */
  readonly tolerance?: number;
  /** Drop the start clusters of exceptionally low IoU and cluster again from the rest (paper, section on filtering). Default false. */
  readonly filter?: boolean;
  /** Stop at this K. Default 2. */
  readonly minClusters?: number;
  /** Stop when every cluster's IoU is at least this. Default: do not. */
  readonly minIou?: number;
  /** Other threads that solve SVMs over the same pixels. The result is the same for any number of them. */
  readonly solvers?: SvmSolvers;
  /** Continue this tree, made from the same features and options: the result is that of an uninterrupted run. */
  readonly resume?: MergeTree;
  /** Called with the tree so far at each K; may be passed as `resume` later. */
  readonly onCheckpoint?: (tree: MergeTree) => void | Promise<void>;
  /** What an earlier run had before its tree began. Continued to the result of an uninterrupted run. */
  readonly resumeStart?: KlishStart;
  /** Called with what may be passed as `resumeStart` later, again and again until the tree begins; worth its while where passes are dear. */
  readonly onStart?: (start: KlishStart) => void | Promise<void>;
}

/** How far a run has come before its first merge. */
export interface KlishStart {
  readonly kMeans?: KMeansProgress;
  readonly clusters?: { readonly labels: Uint16Array; readonly k: number };
  readonly training?: TrainingProgress;
}

/** The options of a run that tries something on a sample: without what belongs to all pixels. */
export function forSample(options: KlishOptions): KlishOptions {
  const { onProgress: _, onCheckpoint, minIou, solvers, resumeStart, onStart, ...settings } = options;
  return settings;
}

/** K0 of the paper. */
const DEFAULT_CLUSTERS = 100;

/** K0 as asked for: K-means may leave fewer, where clusters stay empty. */
export function startClusters({ initialClusters, initialLabels }: KlishOptions): number {
  if (initialClusters !== undefined || initialLabels === undefined) return initialClusters ?? DEFAULT_CLUSTERS;
  let largest = 1;
  for (let n = 0; n < initialLabels.length; n++) largest = Math.max(largest, initialLabels[n]);
  return Number.isInteger(largest) ? largest + 1 : 2;
}

/** The options with their defaults. Throws RangeError for those that do not fit the features. */
export function checkOptions(features: Pixels, options: KlishOptions) {
  const { criterion = "paper", C = DEFAULT_C, tolerance = DEFAULT_TOLERANCE, minClusters = 2, restarts = 1 } = options;
  const k0 = options.initialClusters;
  if (k0 !== undefined && (!Number.isInteger(k0) || k0 < 2))
    throw new RangeError(`klish: initialClusters must be an integer of at least 2, got ${k0}`);
  if (k0 !== undefined && k0 > features.pixels)
    throw new RangeError(
      `klish: initialClusters = ${k0} exceeds the ${features.pixels} pixels; ask for fewer clusters`,
    );
  if (criterion !== "paper" && criterion !== "pair")
    throw new RangeError(`klish: criterion must be "paper" or "pair", got ${JSON.stringify(criterion)}`);
  const balance = criterion === "paper" ? 0 : (options.balance ?? "auto");
  if (balance !== "auto" && !(balance >= 0 && balance <= 1))
    throw new RangeError(`klish: balance must be "auto" or from 0 to 1, got ${balance}`);
  if (!(C > 0)) throw new RangeError(`klish: C must be positive, got ${C}`);
  if (!(tolerance > 0)) throw new RangeError(`klish: tolerance must be positive, got ${tolerance}`);
  if (!Number.isInteger(minClusters) || minClusters < 2)
    throw new RangeError(`klish: minClusters must be an integer of at least 2, got ${minClusters}`);
  if (!Number.isInteger(restarts) || restarts < 1)
    throw new RangeError(`klish: restarts must be an integer of at least 1, got ${restarts}`);
  const { minIou = Number.POSITIVE_INFINITY, resume } = options;
  if (Number.isNaN(minIou)) throw new RangeError("klish: minIou must be a number, got NaN");
  if (resume !== undefined) {
    if (resume.pixels !== features.pixels || resume.channels !== features.channels)
      throw new RangeError(
        `klish: the tree to resume is of ${resume.pixels} pixels and ${resume.channels} channels, ` +
          `the features have ${features.pixels} and ${features.channels}`,
      );
    if (resume.criterion !== criterion || (balance !== "auto" && resume.balance !== balance))
      throw new RangeError(
        `klish: the tree to resume was made with criterion ${resume.criterion}, balance ${resume.balance}; ` +
          `asked for ${criterion}, ${balance}`,
      );
  }
  return { criterion, balance, C, tolerance, minClusters, minIou, restarts };
}
