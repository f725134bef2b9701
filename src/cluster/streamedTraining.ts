/** All start classifiers over streamed pixels: those of a sample in memory, then passes over all pixels. */
import type { JobOptions } from "../tensor/progress.ts";
import { RandomState } from "../tensor/random.ts";
import { subset } from "./denseFeatures.ts";
import { type LinearSvm, leastSquares } from "./linearSvm.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { type PackedFactor, polish, polishSample, sampledHessian } from "./streamedSvm.ts";
import { SvmProblem } from "./svmProblem.ts";

/** Rows of the sample, per channel and at least: the Hessians of the passes come from its active ones, a few per cent. */
const ROWS_PER_CHANNEL = 128;
const LEAST_ROWS = 16384;
/** Bytes that the sample's dense rows may take. */
const SAMPLE_BYTES = 640 * 2 ** 20;
/** Relative gap at which the sample is solved well enough: beyond, it says nothing about the rest of the pixels. */
const SAMPLE_TOLERANCE = 0.02;

/** The hyperplanes of all classes, between two passes. */
export interface TrainingProgress {
  /** [K,D] and [K]. */
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export interface StreamedTrainingOptions extends JobOptions {
  readonly begun?: TrainingProgress;
  /** Called when the sample is solved, and after each pass. */
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
  const size = Math.min(
    pixels,
    Math.max(LEAST_ROWS, ROWS_PER_CHANNEL * channels),
    Math.max(1, Math.floor(SAMPLE_BYTES / (4 * channels))),
  );
  const index = new RandomState(0).permutation(pixels).slice(0, size).sort();
  const sample = new SvmProblem(subset(features, index), c, SAMPLE_TOLERANCE);
  const sampleLabels = Uint16Array.from(index, (n) => labels[n]);
  const classes = Array.from({ length: k }, (_, own) => own);
  let planes: Hyperplane[];
  if (begun === undefined) {
    const start = await leastSquares(sample, sampleLabels, k);
    planes = await polishSample(sample, sampleLabels, classes, start, (done) => {
      onProgress?.({ phase: "svm", done, total: k, note: `${size} pixels` });
      signal?.throwIfAborted();
    });
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
  await report();
  const factors: PackedFactor[] = [];
  for (const own of classes) {
    factors.push(await sampledHessian(sample, sampleLabels, own, planes[own]));
    onProgress?.({ phase: "prepare passes", done: own + 1, total: k, note: `${size} pixels` });
    signal?.throwIfAborted();
  }
  const polished = await polish(problem, labels, classes, planes, factors, {
    async onPass(certified, now) {
      planes = [...now];
      onProgress?.({ phase: "svm on all pixels", done: certified, total: k, note: `${pixels} pixels` });
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
