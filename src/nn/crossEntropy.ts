import { mul, neg, reduceSum } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { logSoftmax } from "./softmax.ts";

/**
 * -sum(target log softmax(logits)) / sum of all places, [1,...,1]: the classes lie along axis 1. `target` has the shape of the
 * logits; a place's target is its class's one-hot vector, times the weight of that class where classes are weighed, or
 * zeros where a place does not count.
 */
export function crossEntropy(logits: Value, target: Value): Value {
  const places = logits.shape.reduce((product, n, axis) => (axis === 1 ? product : product * n), 1);
  return mul(neg(reduceSum(mul(target, logSoftmax(logits, 1)))), 1 / places);
}
