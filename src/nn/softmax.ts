/**
 * Softmax from plain ops: providers' own operator is slow on an axis that is not the last. The maximum that keeps the
 * exponentials small has no part in the result, nor in the derivative.
 */
import { div, exp, log, mul, reduceMax, reduceSum, stopGradient, sub, withGradient } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";

/** exp(x) / sum exp(x) along an axis. dx = y (g - sum(g y)). */
export function softmax(x: Value, axis: number): Value {
  const powers = exp(belowMaximum(x, axis));
  const y = div(powers, reduceSum(powers, [axis]));
  return withGradient(y, [x], (g) => [mul(softmax(x, axis), sub(g, reduceSum(mul(g, softmax(x, axis)), [axis])))]);
}

/** log softmax(x) along an axis. dx = g - softmax(x) sum(g). */
export function logSoftmax(x: Value, axis: number): Value {
  const z = belowMaximum(x, axis);
  const y = sub(z, log(reduceSum(exp(z), [axis])));
  return withGradient(y, [x], (g) => [sub(g, mul(softmax(x, axis), reduceSum(g, [axis])))]);
}

const belowMaximum = (x: Value, axis: number): Value => sub(x, stopGradient(reduceMax(x, [axis])));
