/** Optimisers as functions of values: from parameters, gradients and moments to the next ones. */
import { add, div, input, mul, reshape, sqrt, square, sub } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";

/** Constants of Adam (Kingma & Ba, 2015). */
export interface AdamOptions {
  /** Decay of the mean gradient; 0 keeps none. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient. Default 0.999. */
  readonly beta2?: number;
  readonly epsilon?: number;
  /** AdamW (Loshchilov and Hutter, 2019): parameters shrink by this times the learning rate, beside the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Numbers that differ from step to step: inputs of one element. Made by `adamInputs`, fed by `adamFeeds`. */
export interface AdamInputs {
  readonly rate: Value;
  readonly epsilon: Value;
  readonly decay: Value;
}

/** The graph inputs of the numbers that change with each step; `prefix` keeps those of several optimisers apart. */
export const adamInputs = (prefix = ""): AdamInputs => ({
  rate: input(`${prefix}rate`, [1]),
  epsilon: input(`${prefix}epsilon`, [1]),
  decay: input(`${prefix}decay`, [1]),
});

/**
 * The numbers of update `step` (from 1) for `adamInputs(prefix)`. The moments are kept as plain decayed sums,
 * M = m / (1 - beta1) and V = v / (1 - beta2), which saves passes over the weights; Adam's bias corrections and the rest of
 * the factors are in these three.
 */
export function adamFeeds(
  step: number,
  learningRate: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {},
  prefix = "",
): Record<string, number> {
  const firstCorrection = (1 - beta1) / (1 - beta1 ** step);
  const secondCorrection = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    [`${prefix}rate`]: (learningRate * firstCorrection) / secondCorrection,
    [`${prefix}epsilon`]: epsilon / secondCorrection,
    [`${prefix}decay`]: 1 - learningRate * weightDecay,
  };
}

/** What a step of Adam makes of a parameter: its new value, and both moving averages. */
export interface AdamStep {
  readonly parameter: Value;
  /** Undefined where beta1 is 0. */
  readonly mean?: Value;
  readonly square: Value;
}

/**
 * One parameter's update (Kingma and Ba, 2015): p - lr m^ / (sqrt(v^) + eps) with bias-corrected m^, v^. `moments` start
 * at 0; `mean` is needed unless beta1 is 0.
 */
export function adam(
  parameter: Value,
  gradient: Value,
  moments: { readonly mean?: Value; readonly square: Value },
  { rate, epsilon, decay }: AdamInputs,
  { beta1 = 0.9, beta2 = 0.999, weightDecay = 0 }: AdamOptions = {},
): AdamStep {
  if (beta1 !== 0 && moments.mean === undefined) throw new RangeError("adam: beta1 is not 0 but there is no mean");
  const shaped = (x: Value): Value =>
    reshape(
      x,
      parameter.shape.map(() => 1),
    );
  const mean = beta1 === 0 || moments.mean === undefined ? undefined : add(mul(moments.mean, beta1), gradient);
  const squares = add(mul(moments.square, beta2), square(gradient));
  const direction = div(mul(mean ?? gradient, shaped(rate)), add(sqrt(squares), shaped(epsilon)));
  const kept = weightDecay === 0 ? parameter : mul(parameter, shaped(decay));
  return { parameter: sub(kept, direction), ...(mean && { mean }), square: squares };
}

/**
 * One parameter's update by gradient descent with momentum (Krizhevsky et al., 2012, section 5): v' = momentum v + rate
 * (gradient + weightDecay p), p' = p - v'. `step` is rate times gradient, at no cost where the loss's own gradient is the
 * rate (`grad(loss, parameters, rate)`); `decay`, of one element, is rate times weightDecay. The velocity v starts at 0. At a
 * constant rate this is PyTorch's SGD with its velocity times the rate.
 */
export function momentumDescent(
  parameter: Value,
  step: Value,
  velocity: Value,
  { momentum = 0.9, decay }: { readonly momentum?: number; readonly decay?: Value } = {},
): { parameter: Value; velocity: Value } {
  const ones = parameter.shape.map(() => 1);
  const whole = decay === undefined ? step : add(mul(parameter, reshape(decay, ones)), step);
  const next = add(mul(velocity, momentum), whole);
  return { parameter: sub(parameter, next), velocity: next };
}

/** Exponential moving average: beta average + (1 - beta) x. `beta` has one element. */
export function movingAverage(average: Value, x: Value, beta: Value): Value {
  const rank = x.shape.map(() => 1);
  return add(x, mul(sub(average, x), reshape(beta, rank)));
}
