/** All start classifiers over streamed pixels: least squares on a sample in memory, working sets, then passes over all pixels. */

import { subset } from "../../pixels/denseFeatures.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { RandomState } from "../../tensor/random.ts";
import { type LinearSvm, leastSquares } from "./linearSvm.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { trainByWorkingSets } from "./streamedSvm.ts";
import { labelsOf, SvmProblem } from "./svmProblem.ts";
import { WorkingSets } from "./workingSets.ts";

/** Rows of the sample, per channel and at least. */
const ROWS_PER_CHANNEL = 32;
const LEAST_ROWS = 16384;

/** The hyperplanes of all classes, between two passes. */
export interface TrainingProgress {
  /** [K,D] and [K]. */
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export interface StreamedTrainingOptions extends JobOptions {
  readonly begun?: TrainingProgress;
  /** Called after each pass. */
  readonly onTraining?: (progress: TrainingProgress) => void | Promise<void>;
}

/** One-vs-rest training of classes 0 to k - 1, to the problem's tolerance; continues what was `begun`. */
export async function trainStreamed(
  problem: SvmProblem,
  labels: Uint16Array,
  k: number,
  { begun, onTraining, onProgress, signal }: StreamedTrainingOptions,
): Promise<LinearSvm> {
  const { features, c } = problem;
  const { pixels, channels } = features;
  const classes = Array.from({ length: k }, (_, own) => own);
  let planes: Hyperplane[];
  if (begun === undefined) {
    const size = Math.min(pixels, Math.max(LEAST_ROWS, ROWS_PER_CHANNEL * channels));
    const index = new RandomState(0).permutation(pixels).slice(0, size).sort();
    const sample = new SvmProblem(subset(features, index), c, problem.tolerance);
    planes = await leastSquares(sample, labelsOf(labels, index), k);
  } else
    planes = classes.map((own) => ({
      weight: begun.weight.slice(own * channels, (own + 1) * channels),
      bias: begun.bias[own],
    }));
  const report = async (): Promise<void> => {
    const weight = new Float64Array(k * channels);
    for (const own of classes) weight.set(planes[own].weight, own * channels);
    await onTraining?.({ weight, bias: Float64Array.from(planes, (plane) => plane.bias) });
    signal?.throwIfAborted();
  };
  const polished = await trainByWorkingSets(problem, labels, classes, planes, new WorkingSets(features), undefined, {
    rough: begun === undefined,
    onSolved(solved, round) {
      onProgress?.({ phase: "svm on working sets", done: solved, total: k, note: `round ${round + 1}` });
      signal?.throwIfAborted();
    },
    async onPass(done, left, now) {
      planes = [...now];
      onProgress?.({
        phase: "svm on all pixels",
        done,
        total: k,
        note: `${pixels} pixels, ${left.toExponential(0)} of an objective to gain`,
      });
      await report();
    },
  });
  const weight = new Float32Array(k * channels);
  for (const [own, { plane }] of polished.entries()) weight.set(plane.weight, own * channels);
  return {
    k,
    channels,
    weight,
    bias: Float32Array.from(polished, ({ plane }) => plane.bias),
    objective: Float64Array.from(polished, ({ objective }) => objective),
    gap: Float64Array.from(polished, ({ gap }) => gap),
  };
}
