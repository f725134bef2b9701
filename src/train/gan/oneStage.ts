/**
 * Gradients of both networks from one pass over the generated images (Shen et al., 2021, "Training generative adversarial
 * networks in one stage").
 */
import type { Discriminator } from "../../gan/stylegan2/discriminator.ts";
import { grad } from "../../graph/grad.ts";
import { add, clip, div, exp, mul, neg, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { fakeLoss, generatorLoss, realLoss } from "../../nn/losses.ts";
import type { Values } from "../adamUpdates.ts";

export interface AdversarialStep {
  readonly lossD: Value;
  readonly lossG: Value;
  /** Logits of the real images [N,1]. */
  readonly realLogits: Value;
  readonly gradientsD: Values;
  readonly gradientsG: Values;
}

/** Beyond this a ratio of gradients says nothing that float32 can hold. */
const LARGEST_LOGIT = 60;

/**
 * Losses and gradients of D and of G at the same weights. Both losses reach the generated images through D, and at each
 * logit l their slopes differ by a factor: d(softplus(l)) = sigmoid(l), d(softplus(-l)) = -sigmoid(-l), ratio -e^l. Below D's last
 * layers no image sees another, so a single backward pass serves both: it carries D's gradient, and divided by the ratio
 * it is G's. G's gradient is exact. In D's, the share that reaches an image's features through the standard deviation of
 * its group is weighted by that image's ratio, not by those of the others in the group.
 */
export function adversarialStep(
  { features, logits, logitWeights }: Discriminator,
  weightsD: ReadonlyMap<string, Value>,
  weightsG: ReadonlyMap<string, Value>,
  real: Value,
  fake: Value,
): AdversarialStep {
  const N = fake.shape[0];
  const realLogits = logits(features(real));
  const fakeFeatures = features(fake);
  const fakeLogits = logits(fakeFeatures);
  const [lossReal, lossFake, lossG] = [realLoss(realLogits), fakeLoss(fakeLogits), generatorLoss(fakeLogits)];

  const ratio = reshape(neg(exp(clip(fakeLogits, -LARGEST_LOGIT, LARGEST_LOGIT))), [N, 1, 1, 1]);
  const [atFeatures] = grad(lossG, [fakeFeatures]);
  const below = [...weightsD.keys()].filter((name) => !logitWeights.includes(name));
  const weightOf = (name: string): Value => weightsD.get(name) as Value;
  // The features are asked for so that this pass ends at them.
  const above = grad(lossFake, [...logitWeights.map(weightOf), fakeFeatures]);
  const through = grad(fakeFeatures, [...below.map(weightOf), fake], mul(atFeatures, ratio));
  const ofFake = new Map([
    ...logitWeights.map((name, i) => [name, above[i]] as const),
    ...below.map((name, i) => [name, through[i]] as const),
  ]);
  const names = [...weightsD.keys()];
  const ofReal = grad(lossReal, names.map(weightOf));
  const namesG = [...weightsG.keys()];
  const ofG = grad(fake, [...weightsG.values()], div(through[below.length], ratio));
  return {
    lossD: add(lossReal, lossFake),
    lossG,
    realLogits,
    gradientsD: new Map(names.map((name, i) => [name, add(ofReal[i], ofFake.get(name) as Value)])),
    gradientsG: new Map(namesG.map((name, i) => [name, ofG[i]])),
  };
}
