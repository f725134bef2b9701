/** The ways to learn from few labels, a row each: one whose minimum is found, and those that learn step by step. */
import { softmaxRegression } from "../../../cluster/svm/softmaxRegression.ts";
import { IGNORE_LABEL } from "../../../dataset/labelMap.ts";
import { MEMBERS } from "../../../models/mlpEnsemble.ts";
import type { NetworkClassifier, PixelModel, PixelNetworkName } from "../../../models/pixelModel.ts";
import type { Pixels } from "../../../pixels/pixels.ts";
import { featurePyramid } from "../../../pixels/pyramid/featurePyramid.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { Provider } from "../../../runtime/session.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { restoreNumbers } from "../../../train/adamUpdates.ts";
import type { ClassifierTrainer, TrainerPlace } from "../../../train/extractor/classifierTrainer.ts";
import { cnnTrainer, ensembleTrainer } from "../../../train/extractor/extractorTrainers.ts";
import { mixSeed } from "../../../train/mixSeed.ts";
import { TrainingError, type TrainingState } from "../../../train/trainer.ts";
import type { Masks } from "../../dataset/masks.ts";
import type { ExtractorMethod, ExtractorSettings } from "../../extractor/settings.ts";
import type { Figures } from "../log/tick.ts";
import type { Training } from "../loop.ts";
import { batchOrder } from "../pictures/batchOrder.ts";
import type { TrainExtractorRequest } from "./options.ts";

/** What there is to learn from. */
export interface Lesson {
  readonly settings: ExtractorSettings;
  readonly masks: Masks;
  /** A layer each: [images,C,h,h], h at most the resolution of the masks. */
  readonly maps: readonly Tensor[];
  readonly provider: Provider;
  readonly threads: number;
}

/** Learns step by step. */
export interface Learner {
  /** Examples shown so far, by each network that learns; of one pass over all. */
  readonly shown: number;
  readonly examples: number;
  readonly unit: NonNullable<Training["unit"]>;
  step(share: number): Promise<Figures>;
  model(): PixelModel;
  state(): TrainingState;
  dispose(): Promise<void>;
}

interface Solved {
  readonly title: string;
  solve(lesson: Lesson, job: JobOptions): Promise<PixelModel>;
}
interface Stepped {
  readonly title: string;
  /** Passes over the examples unless asked for, by the number of labelled pixels. */
  epochs(pixels: number): number;
  start(lesson: Lesson, state: TrainingState | undefined): Promise<Learner>;
}

const LEARNING_RATE = 1e-3;
/** Pixels of a step of each perceptron, and the fewest steps that it makes. */
const PIXELS = 64;
const LEAST_STEPS = 6400;
/** Of RepurposeGAN's convolutions; and when their rate falls to a tenth, by the part of the run. */
const WEIGHT_DECAY = 1e-3;
const RATE_FALLS = 0.5;
/** Streams of random numbers. */
const [WEIGHTS, ORDER] = [0, 1];

/** Every method. */
export const methods: Readonly<Record<ExtractorMethod, Solved | Stepped>> = {
  lse: {
    title: "a linear layer on the channels of all layers (LSE)",
    async solve({ settings, masks, ...lesson }, job) {
      const labels = concatenated(masks.labels);
      const found = await softmaxRegression(pixelsOf({ settings, ...lesson }), {
        labels,
        nClasses: masks.classes.length,
        ignore: IGNORE_LABEL,
        ...job,
      });
      const { k, channels, weight, bias } = found;
      return { k, channels, weight, bias };
    },
  },
  "mlp-ensemble": {
    title: `${MEMBERS} perceptrons that vote (DatasetGAN)`,
    // The authors' images have millions of pixels: on few, as many steps as their linear extractor makes, and no more passes than they do.
    epochs: (pixels) => Math.min(100, Math.max(4, Math.ceil((LEAST_STEPS * PIXELS) / pixels))),
    async start(lesson, state) {
      const { settings, masks } = lesson;
      const features = pixelsOf(lesson);
      const labels = concatenated(masks.labels);
      const labelled = Int32Array.from([...labels.keys()].filter((p) => labels[p] !== IGNORE_LABEL));
      const { channels } = features;
      const plan = { channels, classes: masks.classes.length, batch: PIXELS };
      const trainer = await ensembleTrainer(plan, placeOf(lesson, state));
      const orders = Array.from({ length: MEMBERS }, (_, m) =>
        batchOrder({ count: labelled.length, mirror: false, seed: mixSeed(settings.seed, m, ORDER) }),
      );
      const rows = new Float32Array(MEMBERS * PIXELS * channels);
      return learner("mlp-ensemble", trainer, {
        ...{ state, plan, unit: { many: "pixels", thousand: "kpx" }, examples: labelled.length, batch: PIXELS },
        async step(number, shown) {
          const index = Int32Array.from(
            orders.flatMap((order) => order(shown, PIXELS).map((drawn) => labelled[drawn.index])),
          );
          const batch = { rows: await features.rows(index, rows), labels: Array.from(index, (p) => labels[p]) };
          return trainer.step(number, batch, LEARNING_RATE);
        },
      });
    },
  },
  cnn: {
    title: "five convolutions on the channels of all layers (RepurposeGAN)",
    epochs: () => 100,
    async start(lesson, state) {
      const { settings, masks, maps } = lesson;
      const classes = masks.classes.length;
      const layers = maps.map(({ shape: [, channels, size] }) => ({ channels, size }));
      const plan = { layers, classes, side: settings.resolution, weightDecay: WEIGHT_DECAY };
      const trainer = await cnnTrainer(plan, placeOf(lesson, state));
      const order = batchOrder({ count: masks.seeds.length, mirror: false, seed: mixSeed(settings.seed, 0, ORDER) });
      const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
      return learner("cnn", trainer, {
        ...{
          state,
          plan: { channels, classes },
          unit: { many: "images", thousand: "kimg" },
          examples: masks.seeds.length,
          batch: 1,
        },
        step(number, shown, share) {
          const [{ index }] = order(shown, 1);
          const picture = { maps: maps.map((map) => oneOf(map, index)), labels: masks.labels[index] };
          return trainer.step(number, picture, share < RATE_FALLS ? LEARNING_RATE : LEARNING_RATE / 10);
        },
      });
    },
  },
};

/** Passes over the examples that a new run makes; null where the minimum is found. */
export function passes(
  { method, epochs }: Pick<TrainExtractorRequest, "method" | "epochs">,
  { pixels }: Pick<Masks, "pixels">,
): number | null {
  const row = methods[method];
  return "solve" in row ? null : (epochs ?? row.epochs(pixels.reduce((a, b) => a + b, 0)));
}

interface Steps {
  readonly state: TrainingState | undefined;
  readonly plan: { readonly channels: number; readonly classes: number };
  readonly unit: Learner["unit"];
  readonly examples: number;
  readonly batch: number;
  step(number: number, shown: number, share: number): Promise<{ readonly loss: number; readonly gradientNorm: number }>;
}

/** Counts steps, and refuses to go on from what is no number. */
function learner(
  network: PixelNetworkName,
  trainer: Pick<ClassifierTrainer, "weights" | "tensors" | "dispose">,
  { state, plan: { channels, classes }, unit, examples, batch, step }: Steps,
): Learner {
  const progress = { step: 0 };
  if (state !== undefined) restoreNumbers(state.scalars, progress);
  return {
    unit,
    examples,
    get shown() {
      return progress.step * batch;
    },
    async step(share) {
      const { loss, gradientNorm } = await step(progress.step + 1, progress.step * batch, share);
      progress.step++;
      if (![loss, gradientNorm].every(Number.isFinite))
        throw new TrainingError(
          `training has diverged at step ${progress.step} (loss ${loss}, gradient ${gradientNorm}): look whether the generator's maps are finite; what was saved before is good`,
        );
      return { images: progress.step * batch, loss, gradientNorm };
    },
    model: (): NetworkClassifier => ({ network, k: classes, channels, weights: trainer.weights() }),
    state: () => ({ tensors: trainer.tensors(), scalars: { ...progress } }),
    dispose: () => trainer.dispose(),
  };
}

const placeOf = ({ settings, provider, threads }: Lesson, state: TrainingState | undefined): TrainerPlace => ({
  seed: mixSeed(settings.seed, 0, WEIGHTS),
  runtime: ortNode,
  provider,
  threads,
  ...(state === undefined ? {} : { tensors: state.tensors }),
});

/** All pixels of the lesson's images. */
const pixelsOf = ({ settings, maps, threads }: Pick<Lesson, "settings" | "maps" | "threads">): Pixels =>
  featurePyramid(maps, { resolution: settings.resolution, blas: ortBlas({ threads }) });

/** One of several images' maps, [1,C,h,h]. */
function oneOf({ shape: [, ...shape], data }: Tensor, image: number): Tensor {
  const length = shape.reduce((a, b) => a * b);
  return tensor([1, ...shape], data.subarray(image * length, (image + 1) * length));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
