import { add, div, mul, reduceMean, reduceSum, reshape, sqrt, square, sub, withGradient } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";

/** Per channel, [C] each. */
export interface Statistics {
  readonly mean: Value;
  readonly variance: Value;
}

/** Scale and shift per channel, [C] each: gamma and beta of the paper. */
export interface Affine {
  readonly scale: Value;
  readonly shift: Value;
}

/** Added to variances; PyTorch's default. */
const EPSILON = 1e-5;

/**
 * Batch normalisation in training (Ioffe and Szegedy, 2015): x [N,C,H,W] minus its mean over N, H and W, divided by its
 * standard deviation (of the biased variance), times `scale` plus `shift`. Also gives those statistics, for
 * `runningStatistics`.
 *
 * The derivative is written by hand, with d = x - mean, s = 1/sqrt(variance + eps), n = NHW and g the gradient to y:
 *   dscale = s sum(g d),  dshift = sum(g),  dx = scale s (g - dshift/n - d s dscale/n)
 * fewer passes than by the chain rule. Providers' own operator fails in training mode on GPUs.
 */
export function batchNorm(x: Value, { scale, shift }: Affine, epsilon = EPSILON): { y: Value } & Statistics {
  const [N, C, H, W] = x.shape;
  const n = N * H * W;
  const perMap = (v: Value): Value => reshape(v, [1, C, 1, 1]);
  const flat = (v: Value): Value => reshape(v, [C]);
  const mean = reduceMean(x, [0, 2, 3]);
  const centred = sub(x, mean);
  const variance = reduceMean(square(centred), [0, 2, 3]);
  const inverse = div(1, sqrt(add(variance, epsilon)));
  const factor = mul(inverse, perMap(scale));
  const y = withGradient(add(mul(centred, factor), perMap(shift)), [x, scale, shift], (g) => {
    const dShift = reduceSum(g, [0, 2, 3]);
    const dScale = mul(reduceSum(mul(g, centred), [0, 2, 3]), inverse);
    const along = mul(mul(factor, inverse), mul(dScale, -1 / n));
    const level = mul(factor, mul(dShift, -1 / n));
    return [add(mul(g, factor), add(mul(centred, along), level)), flat(dScale), flat(dShift)];
  });
  return { y, mean: flat(mean), variance: flat(variance) };
}

/** Batch normalisation by given statistics, once training is over, as one factor and one summand per channel, [C] each. */
export function frozenFactors(
  { scale, shift }: Affine,
  { mean, variance }: Statistics,
  epsilon = EPSILON,
): { factor: Value; level: Value } {
  const factor = div(scale, sqrt(add(variance, epsilon)));
  return { factor, level: sub(shift, mul(mean, factor)) };
}

/** x [N,C,H,W] normalised by given statistics. */
export function frozenBatchNorm(x: Value, affine: Affine, statistics: Statistics, epsilon = EPSILON): Value {
  const C = x.shape[1];
  const { factor, level } = frozenFactors(affine, statistics, epsilon);
  return add(mul(x, reshape(factor, [1, C, 1, 1])), reshape(level, [1, C, 1, 1]));
}

/**
 * Running averages after a batch of `count` numbers per channel: (1 - momentum) old + momentum new, with the unbiased
 * variance, as PyTorch keeps them.
 */
export function runningStatistics(
  before: Statistics,
  batch: Statistics,
  { count, momentum = 0.1 }: { count: number; momentum?: number },
): Statistics {
  const moved = (old: Value, now: Value, share: number): Value => add(mul(old, 1 - momentum), mul(now, share));
  return {
    mean: moved(before.mean, batch.mean, momentum),
    variance: moved(before.variance, batch.variance, (momentum * count) / (count - 1)),
  };
}
