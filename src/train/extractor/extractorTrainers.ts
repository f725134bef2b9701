/** What the networks of `models/pixelModel` learn from: pixels for DatasetGAN's ensemble, whole pictures for RepurposeGAN's convolutions. */
import { input, mul, transpose } from "../../graph/ops/index.ts";
import { featureCnn } from "../../models/featureCnn.ts";
import { MEMBERS, mlpEnsemble, mlpEnsembleTraining } from "../../models/mlpEnsemble.ts";
import type { PixelNetworkPlan } from "../../models/pixelNetwork.ts";
import { crossEntropies } from "../../nn/crossEntropy.ts";
import { pyramidView, upsamplings } from "../../nn/pyramidMaps.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { addTargets } from "../targets.ts";
import { type ClassifierTrainer, classifierTrainer, type TrainerPlace } from "./classifierTrainer.ts";

/** Learns from batches of its own for each member. */
export interface EnsembleTrainer extends Omit<ClassifierTrainer, "step"> {
  /** `rows`: the features [members,B,D] of the pixels; `labels` [members,B]: their classes. Reports the mean loss of the members. */
  step(
    step: number,
    batch: { readonly rows: Float32Array; readonly labels: ArrayLike<number> },
    learningRate: number,
  ): Promise<{ readonly loss: number; readonly gradientNorm: number }>;
}

/** Trains the members of an ensemble side by side, each on `batch` pixels a step. */
export async function ensembleTrainer(
  plan: PixelNetworkPlan & { readonly batch: number },
  place: TrainerPlace,
): Promise<EnsembleTrainer> {
  const { channels, classes, batch } = plan;
  const trainer = await classifierTrainer({
    ...place,
    parameters: mlpEnsemble(plan).parameters,
    loss(weights) {
      const { logits, statistics } = mlpEnsembleTraining(plan, weights, input("rows", [MEMBERS, batch, channels]));
      // The mean over the pixels of each member, so that it learns as it would alone.
      const perMember = crossEntropies(transpose(logits, [0, 2, 1]), input("target", [MEMBERS, classes, batch]));
      return { losses: mul(perMember, MEMBERS), statistics };
    },
  });
  return {
    ...trainer,
    async step(number, { rows, labels }, learningRate) {
      const target = tensor([MEMBERS, classes, batch]);
      for (let n = 0; n < MEMBERS * batch; n++)
        target.data[(Math.floor(n / batch) * classes + labels[n]) * batch + (n % batch)] = 1;
      const feeds = { rows: tensor([MEMBERS, batch, channels], rows), target };
      const { loss, gradientNorm } = await trainer.step(number, feeds, learningRate);
      return { loss: loss / MEMBERS, gradientNorm };
    },
  };
}

/** Learns from one picture a step. */
export interface CnnTrainer extends Omit<ClassifierTrainer, "step"> {
  /** `maps`: the layers [1,C,h,h] of a picture; `labels` [R,R], 255: does not count. */
  step(
    step: number,
    picture: { readonly maps: readonly Tensor[]; readonly labels: Uint8Array },
    learningRate: number,
  ): Promise<{ readonly loss: number; readonly gradientNorm: number }>;
}

export interface CnnTrainerPlan {
  readonly layers: readonly { readonly channels: number; readonly size: number }[];
  readonly classes: number;
  /** R, of the labels. */
  readonly side: number;
  readonly weightDecay: number;
}

/** Trains the convolutions. */
export async function cnnTrainer(
  { layers, classes, side, weightDecay }: CnnTrainerPlan,
  place: TrainerPlace,
): Promise<CnnTrainer> {
  const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
  const network = featureCnn({ channels, classes });
  const mapName = (i: number): string => `layer${i}`;
  const trainer = await classifierTrainer({
    ...place,
    parameters: network.parameters,
    weightDecay,
    loss(weights) {
      const maps = layers.map(({ channels: C, size }, i) => input(mapName(i), [1, C, size, size]));
      const view = pyramidView(maps, side, upsamplings[network.upsampling](side));
      const { scores } = network.inference(weights, view);
      return { losses: crossEntropies(scores, input("target", scores.shape)), statistics: new Map() };
    },
  });
  return {
    ...trainer,
    step(number, { maps, labels }, learningRate) {
      const target = tensor([1, classes, side, side]);
      addTargets(
        target,
        0,
        [labels],
        Array.from({ length: classes }, () => 1),
      );
      const feeds = Object.fromEntries(maps.map((map, i) => [mapName(i), map]));
      return trainer.step(number, { ...feeds, target }, learningRate);
    },
  };
}
