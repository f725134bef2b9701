/**
 * Training of StyleGAN2 with adaptive augmentation (Karras et al., 2020). A step is up to three compiled graphs: R1 and path
 * length when they are due, then the main one, in which D and G learn from the same generated images at the same time
 * (Shen et al., 2021, "Training generative adversarial networks in one stage"): they are made, and seen by D, once.
 */
import type { NoisePort } from "../../gan/family.ts";
import type { Generator } from "../../gan/generator.ts";
import { networkGenerator } from "../../gan/networkGenerator.ts";
import { OWN_FAMILY, OWN_SETTINGS } from "../../gan/settings.ts";
import { styleGan2 } from "../../gan/stylegan2/stylegan2.ts";
import { newStyleGan2Settings } from "../../gan/stylegan2/stylegan2Parameters.ts";
import { grad } from "../../graph/grad.ts";
import { clip, constant, input, mul, reduceMean, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { pathLengths, pathPenalty, squaredGradient } from "../../nn/losses.ts";
import { type AdamOptions, movingAverage } from "../../nn/optimizers.ts";
import { trainedNames } from "../../nn/parameters.ts";
import type { Provider, Runtime } from "../../runtime/session.ts";
import { RandomState } from "../../tensor/random.ts";
import { sameShape, type Tensor, tensor } from "../../tensor/tensor.ts";
import { adamNumbers, adamUpdates, scalarFeeds, type Values, weightName } from "../adamUpdates.ts";
import { mixSeed } from "../mixSeed.ts";
import { TrainingError, type TrainingState } from "../trainer.ts";
import { type TrainStep, trainStep, variables } from "../trainStep.ts";
import { adaptedProbability, augmented, augmentInputs, augmentTables, drawAugmentation } from "./augment.ts";
import { gaussian, mixingMask } from "./draws.ts";
import { ganNetworks, mixedStyles } from "./networks.ts";
import { adversarialStep } from "./oneStage.ts";
import type { GanRecipe } from "./recipe.ts";
import type { GanTrainer, StepReport } from "./trainer.ts";
import {
  ADAM,
  averageName,
  initialProgress,
  initialVariables,
  PATH_AVERAGE,
  type Progress,
  restore,
} from "./trainingState.ts";

/** Share of the past in the running average of w. */
const W_AVERAGE_BETA = 0.995;
/** Rate of the running average of path lengths. */
const PATH_DECAY = 0.01;
/** Steps between updates of the augmentation's probability. */
const AUGMENT_INTERVAL = 4;
/** Path lengths are taken of this part of a batch. */
const PATH_SHARE = 0.5;

/** Where a GAN is trained, and from what state. */
export interface GanTrainerOptions {
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** What `state()` of a trainer of the same recipe gave: training continues from there. */
  readonly state?: TrainingState;
}

/** The regulariser's own updates take the lazy schedule into account (StyleGAN2, appendix B): c = k / (k + 1). */
function lazyAdam(interval: number): { rate: number; options: AdamOptions } {
  const c = interval === 0 ? 1 : interval / (interval + 1);
  return { rate: c, options: { ...ADAM, beta1: ADAM.beta1 ** c, beta2: ADAM.beta2 ** c } };
}

/**
 * Makes a trainer. Equal recipes, states and images give equal numbers on the same machine and provider. Rejects with
 * RangeError for a state of another recipe, and with RuntimeError where the provider cannot run a step.
 */
export async function ganTrainer(
  recipe: GanRecipe,
  { runtime, provider = "cpu", threads, state: restored }: GanTrainerOptions,
): Promise<GanTrainer> {
  const { batch, resolution, imageChannels, zDim, augment } = recipe;
  const networks = ganNetworks(recipe);
  const { info, noise } = networks.generator;
  const numWs = info.numWs;
  const where = { runtime, provider, ...(threads === undefined ? {} : { threads }) };
  const adamOf = { D: lazyAdam(recipe.r1Interval), G: lazyAdam(recipe.pathLengthInterval) };

  const initial = initialVariables(networks, recipe.seed);
  const progress = initialProgress(recipe);
  if (restored !== undefined) restore(restored, initial, progress);
  const state = variables(initial);

  const imageShape = (N: number): readonly number[] => [N, imageChannels, resolution, resolution];
  const viewed = (images: Value, prefix: string): Value =>
    augment === null ? images : augmented(images, augmentInputs(prefix, images.shape[0], resolution, imageChannels));
  const synthesized = (N: number): { images: Value; ws: Value; w: Value } => {
    const mixed = mixedStyles(networks.generator, input("z", [2 * N, zDim]), input("mix", [N, numWs, 1]));
    const noiseInput = (port: NoisePort): Value => input(noiseName(port), [N, 1, port.resolution, port.resolution]);
    return { images: networks.generator.synthesis({ ws: mixed.ws }, "random", noiseInput).image, ...mixed };
  };

  const steps: TrainStep[] = [];
  const make = async (
    memory: "kept" | "returned",
    build: () => { updates: Map<string, Value>; reports: Record<string, Value> },
  ): Promise<TrainStep> => {
    const step = await trainStep({ ...build(), ...where, memory });
    steps.push(step);
    return step;
  };
  const { generatorTable } = networks;
  const { features, logits } = networks.discriminator;
  const weightsD = networks.discriminatorWeights;
  const weightsG = new Map(
    trainedNames(generatorTable).map((name) => [name, networks.generatorWeights.get(name) as Value]),
  );
  const updatesOf = {
    D: (gradients: Values) => adamUpdates("D", weightsD, gradients, adamOf.D.options),
    G: (gradients: Values) => adamUpdates("G", weightsG, gradients, adamOf.G.options),
  };
  const gradientsOf = (loss: Value, weights: ReadonlyMap<string, Value>): Values => {
    const list = grad(loss, [...weights.values()]);
    return new Map([...weights.keys()].map((name, i) => [name, list[i]]));
  };

  const mainStep = await make("kept", () => {
    const { images, w } = synthesized(batch);
    const real = viewed(input("reals", imageShape(batch)), "real/");
    const { lossD, lossG, realLogits, gradientsD, gradientsG } = adversarialStep(
      networks.discriminator,
      weightsD,
      weightsG,
      real,
      viewed(images, "fake/"),
    );
    const updates = new Map([...updatesOf.D(gradientsD), ...updatesOf.G(gradientsG)]);
    const beta = input("emaBeta", [1]);
    for (const [name, { shape }] of weightsG) {
      const next = updates.get(weightName("G", name)) as Value;
      updates.set(averageName(name), movingAverage(input(averageName(name), shape), next, beta));
    }
    const wAvg = input(averageName("mapping.w_avg"), [recipe.wDim]);
    updates.set(
      averageName("mapping.w_avg"),
      movingAverage(wAvg, reshape(reduceMean(w, [0]), [recipe.wDim]), constantOf(W_AVERAGE_BETA)),
    );
    const sign = reduceMean(clip(mul(realLogits, 1e30), -1, 1));
    return { updates, reports: { lossD, lossG, sign } };
  });

  const r1Step =
    recipe.r1Interval === 0 || recipe.gamma === 0
      ? undefined
      : await make("returned", () => {
          const reals = input("reals", imageShape(batch));
          const r1 = squaredGradient(logits(features(viewed(reals, "real/"))), reals);
          const loss = mul(r1, (recipe.gamma / 2) * recipe.r1Interval);
          return { updates: updatesOf.D(gradientsOf(loss, weightsD)), reports: { r1 } };
        });

  const pathBatch = Math.max(1, Math.floor(batch * PATH_SHARE));
  const pathStep =
    recipe.pathLengthInterval === 0 || recipe.pathLengthWeight === 0
      ? undefined
      : await make("returned", () => {
          const { images, ws } = synthesized(pathBatch);
          const lengths = pathLengths(images, ws, input("pathNoise", imageShape(pathBatch)));
          const { penalty, average } = pathPenalty(lengths, input(PATH_AVERAGE, [1]), PATH_DECAY);
          const updates = updatesOf.G(
            gradientsOf(mul(penalty, recipe.pathLengthWeight * recipe.pathLengthInterval), weightsG),
          );
          return { updates: updates.set(PATH_AVERAGE, average), reports: { length: reduceMean(lengths) } };
        });

  /** The next update's numbers for Adam. */
  const numbersOf = (network: "D" | "G"): Record<string, Tensor> => {
    const step = network === "D" ? ++progress.updatesD : ++progress.updatesG;
    const { rate, options } = adamOf[network];
    return adamNumbers(network, step, recipe.learningRate * rate, options);
  };
  const latents = (random: RandomState, N: number): Record<string, Tensor> => ({
    z: gaussian(random, [2 * N, zDim]),
    mix: mixingMask(random, N, numWs, recipe.styleMixing),
    ...Object.fromEntries(
      noise.map((port) => [noiseName(port), gaussian(random, [N, 1, port.resolution, port.resolution])]),
    ),
  });
  const augmentations = (random: RandomState, prefix: string): Record<string, Tensor> => {
    if (augment === null) return {};
    const drawn = Array.from({ length: batch }, () =>
      drawAugmentation(random, progress.augmentP, augment.kinds, resolution),
    );
    const tables = augmentTables(drawn, resolution, imageChannels);
    return Object.fromEntries(Object.entries(tables).map(([name, t]) => [prefix + name, t]));
  };

  let averaged: Promise<Generator> | undefined;
  const forget = async (): Promise<void> => {
    const generator = await averaged;
    averaged = undefined;
    await generator?.dispose();
  };
  const generator: GanTrainer["generator"] = () => ({
    info: { family: "StyleGAN2" },
    weights: new Map(
      [...generatorTable.keys()].map((name) => [name, copied(state.tensors.get(averageName(name)) as Tensor)]),
    ),
    settings: newStyleGan2Settings(recipe),
  });

  return {
    recipe,
    get images() {
      return progress.images;
    },
    async step(reals): Promise<StepReport> {
      if (!sameShape(reals.shape, imageShape(batch)))
        throw new RangeError(`step: images are [${reals.shape}], the recipe expects [${imageShape(batch)}]`);
      await forget();
      const { step, augmentP } = progress;
      const random = (stream: number): RandomState => new RandomState(mixSeed(recipe.seed, step, stream));
      const report: { r1?: number; pathLength?: number } = {};
      if (r1Step !== undefined && step % recipe.r1Interval === 0) {
        const feeds = { reals, ...augmentations(random(1), "real/"), ...numbersOf("D") };
        report.r1 = number((await r1Step.run(state, feeds))["r1"]);
      }
      if (pathStep !== undefined && step % recipe.pathLengthInterval === 0) {
        const stream = random(2);
        const pathNoise = gaussian(stream, imageShape(pathBatch), 1 / resolution);
        const feeds = { pathNoise, ...latents(stream, pathBatch), ...numbersOf("G") };
        report.pathLength = number((await pathStep.run(state, feeds))["length"]);
      }
      const stream = random(0);
      const main = await mainStep.run(state, {
        reals,
        ...latents(stream, batch),
        ...augmentations(stream, "real/"),
        ...augmentations(stream, "fake/"),
        ...numbersOf("D"),
        ...numbersOf("G"),
        ...scalarFeeds({ emaBeta: emaBeta(recipe, progress.images + batch) }),
      });
      progress.step++;
      progress.images += batch;
      const [lossD, lossG, realSign] = [number(main["lossD"]), number(main["lossG"]), number(main["sign"])];
      if (![lossD, lossG, ...Object.values(report)].every(Number.isFinite))
        throw new TrainingError(
          `training has diverged at ${progress.images} images (loss of D ${lossD}, of G ${lossG}): go back to an earlier state, with a higher gamma or a lower learning rate`,
        );
      adaptAugmentation(progress, recipe, realSign);
      return { images: progress.images, lossD, lossG, ...report, realSign, augmentP };
    },
    state: () => ({
      tensors: new Map([...state.tensors].map(([name, t]) => [name, copied(t)])),
      scalars: { ...progress },
    }),
    generator,
    async sample(z, { truncationPsi = 1 } = {}) {
      averaged ??= Promise.resolve(openAveraged(generator(), where));
      return (await (await averaged).generate({ z, truncationPsi, noiseMode: "const" })).image;
    },
    async dispose() {
      await forget();
      await Promise.all(steps.map((step) => step.dispose()));
    },
  };
}

/** The averaged generator as any other: opened from its weights. */
function openAveraged(
  { weights, settings }: ReturnType<GanTrainer["generator"]>,
  where: { runtime: Runtime; provider: Provider; threads?: number },
): Generator {
  const stored = new Map([...weights].map(([name, t]) => [name, { ...t, read: () => t }]));
  const network = styleGan2.build({
    format: "training",
    networks: new Map([["", stored]]),
    config: { "": { [OWN_FAMILY]: "StyleGAN2", [OWN_SETTINGS]: JSON.stringify(settings) } },
  });
  return networkGenerator(network, where);
}

/** Notes a step's mean sign, and adapts the probability when enough are known. */
function adaptAugmentation(progress: Progress, { augment, batch }: GanRecipe, sign: number): void {
  if (augment === null) return;
  progress.signSum += sign;
  progress.signCount++;
  const { augmentP, signSum, signCount } = progress;
  if (signCount < AUGMENT_INTERVAL) return;
  progress.augmentP = adaptedProbability(augmentP, signSum / signCount, batch * signCount, augment);
  progress.signSum = 0;
  progress.signCount = 0;
}

/** The share of the past in the generator's average, for a half-life in images. */
function emaBeta({ emaKimg, emaRampup, batch }: GanRecipe, images: number): number {
  const halfLife = Math.min(emaKimg * 1000, emaRampup === null ? Number.POSITIVE_INFINITY : images * emaRampup);
  return 0.5 ** (batch / halfLife);
}

const noiseName = ({ layer }: NoisePort): string => `noise/${layer}`;
const constantOf = (value: number): Value => constant([1], [value]);
const number = ({ data }: Tensor): number => data[0];
const copied = (t: Tensor): Tensor => tensor(t.shape, t.data.slice());
