/** Losses of GANs, as functions of values. Logits are [N,1]; every loss is a mean over samples, [1,1]. */
import { grad } from "../graph/grad.ts";
import {
  add,
  exp,
  leakyRelu,
  log,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  square,
  sub,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { sizeOf } from "../tensor/tensor.ts";

/**
 * log(1 + e^x), written so that nothing overflows and the slope at 0 is 1/2: x/2 + |x|/2 + log(1 + e^-|x|), with |x| as a
 * sum of two rectifiers.
 */
export function softplus(x: Value): Value {
  const magnitude = add(leakyRelu(x, 0), leakyRelu(neg(x), 0));
  return add(mul(add(x, magnitude), 0.5), log(add(exp(neg(magnitude)), 1)));
}

/** The generator's loss (Goodfellow et al., 2014), non-saturating: mean softplus(-D(fake)). */
export const generatorLoss = (fakeLogits: Value): Value => reduceMean(softplus(neg(fakeLogits)));

/** The discriminator's two: mean softplus(D(fake)) and mean softplus(-D(real)). */
export const fakeLoss = (fakeLogits: Value): Value => reduceMean(softplus(fakeLogits));
export const realLoss = (realLogits: Value): Value => reduceMean(softplus(neg(realLogits)));

/** Mean over samples of D's squared gradient at the real images (Mescheder et al., 2018): [1]. R1 is gamma / 2 times it. */
export function squaredGradient(logits: Value, images: Value): Value {
  const [gradient] = grad(reduceSum(logits), [images]);
  const [N] = images.shape;
  return mul(reshape(reduceSum(square(gradient)), [1]), 1 / N);
}

/**
 * Path lengths of a generator (StyleGAN2, section 3.2): for each sample the norm of J_w^T y, where y is the image's noise,
 * normal with variance 1 / pixels. ws is [N,L,F]; the square is a sum over F and a mean over the layers L. Result [N].
 */
export function pathLengths(images: Value, ws: Value, noise: Value): Value {
  const [N, C, H, W] = images.shape;
  const [gradient] = grad(reduceSum(mul(images, noise)), [ws]);
  const layers = ws.shape[1];
  if (sizeOf(noise.shape) !== N * C * H * W)
    throw new RangeError(`pathLengths: noise is [${noise.shape}], expected [${images.shape}]`);
  return reshape(sqrt(mul(reduceSum(square(gradient), [1, 2]), 1 / layers)), [N]);
}

/** Mean squared distance of path lengths [N] to their moving average [1], which takes in their mean at rate `decay` first. */
export function pathPenalty(lengths: Value, average: Value, decay = 0.01): { penalty: Value; average: Value } {
  const next = add(average, mul(sub(reduceMean(lengths), average), decay));
  return { penalty: reduceMean(square(sub(lengths, next))), average: next };
}
