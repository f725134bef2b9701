/**
 * DatasetGAN's pixel classifier (Zhang et al., CVPR 2021): ten perceptrons with two hidden layers on the channels of all maps. Each is
 * trained on its own batches; the majority decides a pixel's class, and disagreement marks the pixel as uncertain.
 *
 * The first layer is linear, so it is computed at the maps' own resolutions (`PyramidView`): the channels of all maps are never held at
 * full resolution.
 */
import {
  add,
  conv,
  leakyRelu,
  log,
  matmul,
  maxMask,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  sub,
  transpose,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type Affine, batchNorm, frozenFactors, runningStatistics, type Statistics } from "../nn/batchNorm.ts";
import { filled, normal, type ParameterSpec } from "../nn/parameters.ts";
import { logSoftmax, softmax } from "../nn/softmax.ts";
import type { PixelNetwork, PixelNetworkPlan } from "./pixelNetwork.ts";

/** Perceptrons that vote. */
export const MEMBERS = 10;
/** Standard deviation of the initial weights, as in the authors' code. */
const DEVIATION = 0.02;
/** With this many classes or more, the hidden layers are wider. */
const MANY_CLASSES = 32;
/** Keeps the logarithm finite where a probability is zero in float32. */
const TINY = 1e-12;

/** Widths of the three layers. */
const widths = ({ channels, classes }: PixelNetworkPlan): readonly number[] =>
  classes < MANY_CLASSES ? [channels, 128, 32, classes] : [channels, 256, 128, classes];

/** Weights [members,in,out] of each layer; batch norms treat the units of all members as channels. */
export function mlpEnsemble(plan: PixelNetworkPlan): PixelNetwork {
  const sizes = widths(plan);
  const layers = sizes.slice(1).map((out, i) => ({ i, from: sizes[i], out, last: i === sizes.length - 2 }));
  return {
    upsampling: "bilinear",
    parameters: new Map(
      layers.flatMap(({ i, from, out, last }): [string, ParameterSpec][] => [
        [`${i}.weight`, normal([MEMBERS, from, out], DEVIATION)],
        [`${i}.bias`, filled([MEMBERS, 1, out])],
        ...(last
          ? []
          : ([
              [`${i}.scale`, filled([MEMBERS * out], 1)],
              [`${i}.shift`, filled([MEMBERS * out])],
              [`${i}.mean`, { ...filled([MEMBERS * out]), trained: false }],
              [`${i}.variance`, { ...filled([MEMBERS * out], 1), trained: false }],
            ] as [string, ParameterSpec][])),
      ]),
    ),
    inference(weights, view) {
      const of = (name: string, member: number): Value => {
        const all = weights.get(name) as Value;
        const one = all.shape.length === 1 ? all.shape[0] / MEMBERS : 1;
        return slice(all, [member * one, ...all.shape.slice(1).map(() => 0)], [one, ...all.shape.slice(1)]);
      };
      const logits = Array.from({ length: MEMBERS }, (_, member) => {
        let x: Value | undefined;
        for (const { i, from, out, last } of layers) {
          const weight = transpose(reshape(of(`${i}.weight`, member), [from, out]), [1, 0]);
          const bias = reshape(of(`${i}.bias`, member), [out]);
          const y: Value = x === undefined ? view.linear(weight, bias) : onPixels(x, weight, bias);
          if (last) return y;
          const named = (name: string): Value => of(`${i}.${name}`, member);
          const { factor, level } = frozenFactors(
            { scale: named("scale"), shift: named("shift") },
            { mean: named("mean"), variance: named("variance") },
          );
          const perMap = (v: Value): Value => reshape(v, [1, out, 1, 1]);
          x = add(mul(leakyRelu(y, 0), perMap(factor)), perMap(level));
        }
        throw new Error("mlpEnsemble: no last layer");
      });
      return { scores: votes(logits), disagreement: jensenShannon(logits) };
    },
  };
}

/** A 1x1 convolution. */
const onPixels = (x: Value, weight: Value, bias: Value): Value => {
  const [out, from] = weight.shape;
  return conv(x, reshape(weight, [out, from, 1, 1]), { bias });
};

/** For each class, the share of voters [N,K,H,W] that rank it first. */
export const votes = (logits: readonly Value[]): Value =>
  mul(logits.map((l) => maxMask(l, reduceMax(l, [1]))).reduce(add), 1 / logits.length);

/**
 * The Jensen-Shannon divergence of the voters' [N,K,H,W] distributions at each pixel, [N,1,H,W], in nats: the entropy of their mean
 * minus the mean of their entropies. 0 where all agree, at most log K.
 */
export function jensenShannon(logits: readonly Value[]): Value {
  const share = 1 / logits.length;
  const sum = (p: Value, logP: Value): Value => reduceSum(mul(p, logP), [1]);
  const mean = mul(logits.map((l) => softmax(l, 1)).reduce(add), share);
  const own = mul(logits.map((l) => sum(softmax(l, 1), logSoftmax(l, 1))).reduce(add), share);
  return sub(own, sum(mean, log(add(mean, TINY))));
}

/** Each member's logits for its own pixels, and the next running statistics of the batch norms. */
export function mlpEnsembleTraining(
  plan: PixelNetworkPlan,
  weights: ReadonlyMap<string, Value>,
  /** [members,B,D]. */
  pixels: Value,
): { readonly logits: Value; readonly statistics: ReadonlyMap<string, Value> } {
  const sizes = widths(plan);
  const [, B] = pixels.shape;
  const statistics = new Map<string, Value>();
  const named = (name: string): Value => weights.get(name) as Value;
  let x = pixels;
  for (let i = 0; i < sizes.length - 1; i++) {
    const out = sizes[i + 1];
    x = add(matmul(x, named(`${i}.weight`)), named(`${i}.bias`));
    if (i === sizes.length - 2) break;
    const affine: Affine = { scale: named(`${i}.scale`), shift: named(`${i}.shift`) };
    const before: Statistics = { mean: named(`${i}.mean`), variance: named(`${i}.variance`) };
    const channels = reshape(transpose(leakyRelu(x, 0), [1, 0, 2]), [B, MEMBERS * out, 1, 1]);
    const { y, ...batch } = batchNorm(channels, affine);
    const next = runningStatistics(before, batch, { count: B });
    statistics.set(`${i}.mean`, next.mean).set(`${i}.variance`, next.variance);
    x = transpose(reshape(y, [B, MEMBERS, out]), [1, 0, 2]);
  }
  return { logits: x, statistics };
}
