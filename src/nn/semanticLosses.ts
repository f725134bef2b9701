/** Losses of networks that paint masks, as functions of values; each is a mean, of one element. Letters: N pictures, K classes. */
import {
  add,
  exp,
  leakyRelu,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  square,
  stopGradient,
  sub,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { logSoftmax } from "./softmax.ts";

const relu = (x: Value): Value => leakyRelu(x, 0);
const one = (x: Value): Value => reshape(x, [1]);
const mean = (x: Value): Value => one(reduceMean(x));

/** |x|, as a sum of two rectifiers. */
export const magnitude = (x: Value): Value => add(relu(x), relu(neg(x)));

/**
 * What a pixel is, real or painted, by logits [N,K+1,H,W] whose last class is "painted" (OASIS: Sushko et al., 2021, "You only need
 * adversarial supervision for semantic image synthesis"): minus the mean of log softmax at the class that the mask [N,K,H,W]
 * has there, times that class's weight [1,K,1,1]. Pixels of no class do not count, but for the mean.
 */
export function labelLoss(logits: Value, mask: Value, classWeights: Value): Value {
  const [N, , H, W] = logits.shape;
  const classes = slice(logSoftmax(logits, 1), [0, 0, 0, 0], mask.shape);
  return one(mul(neg(reduceSum(mul(mul(mask, classWeights), classes))), 1 / (N * H * W)));
}

/** Minus the mean log probability of the last class, "painted". */
export function paintedLoss(logits: Value): Value {
  const [N, K, H, W] = logits.shape;
  return mean(neg(slice(logSoftmax(logits, 1), [0, K - 1, 0, 0], [N, 1, H, W])));
}

/**
 * LabelMix (OASIS): the logits of a picture that takes whole parts, where `cut` [N,1,H,W] is 1, from the real one and the others
 * from the painted one, should be those of the two, cut alike: their mean squared distance. Gradients pass through all three.
 */
export const labelMixLoss = (mixed: Value, real: Value, painted: Value, cut: Value): Value =>
  mean(square(sub(mixed, cutTogether(real, painted, cut))));

/** `real` where `cut` is 1 and `painted` where it is 0. */
export const cutTogether = (real: Value, painted: Value, cut: Value): Value =>
  add(painted, mul(cut, sub(real, painted)));

/** The hinge losses of a discriminator (Lim and Ye, 2017), and the generator's against it. */
export const hingeReal = (logits: Value): Value => mean(relu(sub(1, logits)));
export const hingePainted = (logits: Value): Value => mean(relu(add(logits, 1)));
export const hingeGenerator = (logits: Value): Value => mean(neg(logits));

/**
 * Feature matching (pix2pixHD: Wang et al., 2018): the sum over layers of the mean distance between what the discriminator sees in
 * painted and real pictures, [N,C,h,w] each. Real ones are constants; `weight` [N,1,1,1] of each picture.
 */
export function featureMatching(real: readonly Value[], painted: readonly Value[], weight: Value): Value {
  const distances = real.map((x, i) => mean(mul(magnitude(sub(painted[i], stopGradient(x))), weight)));
  return distances.reduce((sum, distance) => add(sum, distance));
}

/** Of the maps of VGG19's five sizes in the perceptual distance, the finest first (pix2pixHD). */
const PERCEPTUAL = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1] as const;

/** The perceptual distance: that of feature matching, of five layers of VGG19, each by its weight. */
export const perceptualDistance = (real: readonly Value[], painted: readonly Value[], weight: Value): Value =>
  PERCEPTUAL.map((share, i) => mul(featureMatching([real[i]], [painted[i]], weight), share)).reduce((sum, one) =>
    add(sum, one),
  );

/** Mean distance of colours [N,3,H,W]; `weight` [N,1,1,1] of each picture. */
export const colourDistance = (painted: Value, real: Value, weight: Value): Value =>
  mean(mul(magnitude(sub(painted, real)), weight));

/**
 * How far the normal distributions of codes, of these means and logarithms of variances [N,P,d], are from N(0,1) (Kingma and
 * Welling, 2014): -1/2 sum(1 + log v - mean^2 - v), over all codes of a picture, and averaged over pictures.
 */
export function codeDivergence(means: Value, logVariances: Value): Value {
  const terms = sub(sub(add(logVariances, 1), square(means)), exp(logVariances));
  return one(mul(reduceSum(terms), -0.5 / means.shape[0]));
}
