import { mul, neg, reduceSum } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { logSoftmax } from "./softmax.ts";

/**
 * -sum(target log softmax(logits)) / sum of all places, [1,...,1]: the classes lie along axis 1. `target` has the shape of the
 * logits; a place's target is its class's one-hot vector, times the weight of that class where classes are weighed, or
 * zeros where a place does not count.
 */
export const crossEntropy = (logits: Value, target: Value): Value => reduceSum(crossEntropies(logits, target), [0]);

/** The share of each sample in that, [N,1,...,1]. */
export function crossEntropies(logits: Value, target: Value): Value {
  const places = logits.shape.reduce((product, n, axis) => (axis === 1 ? product : product * n), 1);
  const inside = logits.shape.map((_, axis) => axis).slice(1);
  return mul(neg(reduceSum(mul(target, logSoftmax(logits, 1)), inside)), 1 / places);
}
