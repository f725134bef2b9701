/** Training of a segmenter on labelled pictures, and on pictures without labels beside them. */
import type { DatasetClass } from "../../dataset/labelMap.ts";
import { segmenterNetwork } from "../../models/segmenter.ts";
import { cosineDecay, polynomialDecay, type Schedule, warmUp } from "../../nn/schedules.ts";
import type { Provider, Runtime } from "../../runtime/session.ts";
import { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { restoreNumbers } from "../adamUpdates.ts";
import { type Example, planesOf, rgbOf, stacked } from "../examples.ts";
import { mixSeed } from "../mixSeed.ts";
import { addTargets } from "../targets.ts";
import { type Trainer, TrainingError, type TrainingState } from "../trainer.ts";
import { drawColours, drawFraming, mirroredClasses, plainView, type View, viewLabels, viewPlanes } from "./augment.ts";
import { networkTrainer } from "./networkTrainer.ts";
import { checkRecipe, type SegmenterRecipe } from "./recipe.ts";
import { likeliest } from "./scores.ts";
import { classThresholds, drawRectangle, nextConfidences, pasted, sureLabels } from "./selfTraining.ts";

/** What one update learns from. */
export interface SegmenterBatch {
  readonly examples: readonly Example[];
  /** As many as the recipe's self-training asks for; none without it. */
  readonly photos: readonly Example[];
  /** The part of the run that is done, 0 to 1. */
  readonly share: number;
}

/** What a step tells of itself. */
export interface SegmenterReport {
  /** Labelled pictures shown so far, this step's among them. */
  readonly images: number;
  /** Of the labelled pictures. */
  readonly loss: number;
  /** Of those without labels, unweighted, and the share of their pixels that taught something. */
  readonly lossUnlabelled?: number;
  readonly sure?: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** Trains a segmenter step by step. */
export interface SegmenterTrainer extends Trainer<SegmenterBatch, SegmenterReport> {
  readonly recipe: SegmenterRecipe;
  /** Logits [n,K,S,S] of the averaged weights for pictures [n,3,S,S] in [-1,1]. */
  logits(pictures: Tensor): Promise<Tensor>;
  /** The averaged weights by the network's names. */
  weights(): Map<string, Tensor>;
}

/** Classes and their weights, where the segmenter is trained, and from what state. */
export interface SegmenterTrainerOptions {
  readonly classes: readonly Pick<DatasetClass, "name">[];
  /** By class. */
  readonly classWeights: readonly number[];
  /** Compresses RGB bytes [S,S,3] and opens them again; without it nothing is compressed. */
  readonly jpeg?: (rgb: Uint8Array, side: number, quality: number) => Promise<Uint8Array>;
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** What `state()` of a trainer of the same recipe gave: training continues from there. */
  readonly state?: TrainingState;
}

/** The learning rate over a run, by the part of it that is done. */
const schedules: Readonly<Record<SegmenterRecipe["schedule"], Schedule>> = {
  step: (share) => (share < 0.5 ? 1 : 0.1),
  cosine: (share) => warmUp(0.02, cosineDecay(1))(share),
  poly: polynomialDecay(1),
};

/** Streams of random numbers of a step. */
const [LABELLED, WEAK, STRONG] = [0, 1, 2];
/** Of the confidences in the state. */
const CONFIDENCES = "confidences";

/**
 * Makes a trainer. Rejects with RangeError for a recipe or a state that does not fit, and with RuntimeError where the provider
 * cannot run a step.
 */
export async function segmenterTrainer(
  recipe: SegmenterRecipe,
  { classes, classWeights, jpeg, state, ...where }: SegmenterTrainerOptions,
): Promise<SegmenterTrainer> {
  const network = segmenterNetwork(recipe.architecture, recipe.classes);
  checkRecipe(recipe, network.sideMultiple);
  const { resolution: side, batch, selfTraining, augment, seed } = recipe;
  const all = batch + (selfTraining?.batch ?? 0);
  const progress = { step: 0, images: 0 };
  let confidences = Array.from({ length: recipe.classes }, () => 1 / recipe.classes);
  if (state !== undefined) {
    restoreNumbers(state.scalars, progress);
    confidences = (state.scalars[CONFIDENCES] as readonly number[] | undefined)?.slice() ?? confidences;
  }
  const trainer = await networkTrainer({
    network,
    side,
    batch: all,
    weightDecay: recipe.weightDecay,
    seed: mixSeed(seed, 0, 10),
    ...where,
    ...(state === undefined ? {} : { tensors: state.tensors }),
  });
  const mirrored = mirroredClasses(classes.map(({ name }) => name));
  const random = (stream: number): RandomState => new RandomState(mixSeed(seed, progress.step, stream));
  const compressed = async (planes: Float32Array, { quality }: View): Promise<Float32Array> =>
    quality === undefined || jpeg === undefined ? planes : planesOf(await jpeg(rgbOf(planes), side, quality), side);
  const framing = (stream: RandomState): View =>
    augment === null ? plainView(side) : drawFraming(stream, augment, side);
  const colours = (stream: RandomState, view: View): View =>
    augment === null ? view : drawColours(stream, augment, view);

  /** Planes and labels of the labelled pictures, changed at random. */
  async function labelledViews(
    examples: readonly Example[],
  ): Promise<{ planes: Float32Array[]; labels: Uint8Array[] }> {
    const stream = random(LABELLED);
    const drawn = examples.map(({ rgb, labels }) => {
      const view = colours(stream, framing(stream));
      return { view, planes: viewPlanes(rgb, side, view, stream), labels: viewLabels(labels, side, view, mirrored) };
    });
    return {
      planes: await Promise.all(drawn.map(({ planes, view }) => compressed(planes, view))),
      labels: drawn.map(({ labels }) => labels),
    };
  }

  /** Strong views of the photos with what the teacher says of the weak ones; classes that it is not sure of are 255. */
  async function taughtViews(photos: readonly Example[], threshold: number) {
    const stream = random(WEAK);
    const weak = photos.map(({ rgb, labels }) => {
      const view = framing(stream);
      return {
        view,
        planes: viewPlanes(rgb, side, view, stream),
        inside: viewLabels(labels, side, view, []),
      };
    });
    const taught = likeliest(
      await trainer.logits(
        stacked(
          weak.map(({ planes }) => planes),
          side,
        ),
      ),
    );
    const pseudo = taught.map(({ labels, confidence }, i) => ({
      labels: labels.map((label, p) => (weak[i].inside[p] === 255 ? 255 : label)),
      confidence,
    }));
    confidences = nextConfidences(confidences, pseudo);
    const thresholds = classThresholds(confidences, threshold);
    const sure = pseudo.map((picture) => sureLabels(picture, thresholds));
    const strongStream = random(STRONG);
    const strong = await Promise.all(
      photos.map(async ({ rgb }, i) => {
        const view = colours(strongStream, weak[i].view);
        return compressed(viewPlanes(rgb, side, view, strongStream), view);
      }),
    );
    const boxes = photos.map(() => drawRectangle(strongStream, side));
    const mixed = <T extends Float32Array | Uint8Array>(list: readonly T[]): T[] =>
      list.map((own, i) => pasted(own, list[(i + 1) % list.length], side, boxes[i]));
    const labels = mixed(sure);
    const [known, there] = [count(labels), count(pseudo.map((picture) => picture.labels))];
    return { planes: mixed(strong), labels, known, there };
  }

  return {
    recipe,
    get images() {
      return progress.images;
    },
    async step({ examples, photos, share }) {
      if (examples.length !== batch || photos.length !== (selfTraining?.batch ?? 0))
        throw new RangeError(
          `step: ${examples.length} labelled and ${photos.length} other pictures, the recipe expects ${batch} and ${selfTraining?.batch ?? 0}`,
        );
      const labelled = await labelledViews(examples);
      const taught = selfTraining === null ? undefined : await taughtViews(photos, selfTraining.threshold);
      const pictures = stacked([...labelled.planes, ...(taught?.planes ?? [])], side);
      const target = tensor([all, recipe.classes, side, side]);
      addTargets(target, 0, labelled.labels, classWeights);
      const weight = selfTraining === null ? 0 : selfTraining.weight * rampUp(share, selfTraining.ramp);
      if (taught !== undefined)
        addTargets(
          target,
          batch,
          taught.labels,
          classes.map(() => 1),
          { weight, over: Math.max(1, taught.there) },
        );
      const learningRate = recipe.learningRate * schedules[recipe.schedule](share);
      const { step } = progress;
      const average = Math.min(recipe.averageDecay, (1 + step) / (10 + step));
      const { losses, gradientNorm } = await trainer.step(step + 1, { pictures, target }, { learningRate, average });
      progress.step++;
      progress.images += batch;
      const loss = sum(losses.subarray(0, batch));
      const unlabelled = sum(losses.subarray(batch));
      if (![loss, unlabelled, gradientNorm].every(Number.isFinite))
        throw new TrainingError(
          `training has diverged at ${progress.images} images (loss ${loss}, gradient ${gradientNorm}): begin a new run with a lower learning rate; what was saved before is good`,
        );
      return {
        images: progress.images,
        loss,
        ...(taught === undefined
          ? {}
          : { lossUnlabelled: unlabelled / weight, sure: taught.known / Math.max(1, taught.there) }),
        gradientNorm,
        learningRate,
      };
    },
    state: () => ({
      tensors: trainer.tensors(),
      scalars: { ...progress, ...(selfTraining === null ? {} : { [CONFIDENCES]: confidences }) },
    }),
    logits: (pictures) => trainer.logits(pictures),
    weights: () => trainer.averages(),
    dispose: () => trainer.dispose(),
  };
}

/** From 0 to 1 over the first part of a run (Tarvainen and Valpola, 2017): exp(-5 (1 - t)^2). */
export const rampUp = (share: number, ramp: number): number =>
  ramp <= 0 || share >= ramp ? 1 : Math.exp(-5 * (1 - share / ramp) ** 2);

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const count = (maps: readonly Uint8Array[]): number =>
  maps.reduce((total, map) => total + map.reduce((n, label) => n + (label === 255 ? 0 : 1), 0), 0);
