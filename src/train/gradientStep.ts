/** From a loss to a network's next weights: what every training step of one network with Adam is. */
import { grad } from "../graph/grad.ts";
import { add, reduceSum, reshape, sqrt, square } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import type { AdamOptions } from "../nn/optimizers.ts";
import { initialTensors, type ParameterTable, trainedNames } from "../nn/parameters.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { adamStart, adamUpdates, type Values, weightName } from "./adamUpdates.ts";

export interface GradientStep {
  /** The next weights and moments, by variable name. */
  readonly updates: Map<string, Value>;
  /** [1]. */
  readonly gradientNorm: Value;
}

/**
 * The update of the weights of `network` (inputs of the graph, by name) that descends the sum of `losses`. `statistics`: the next values of
 * those that follow the data.
 */
export function gradientStep(
  network: string,
  parameters: ParameterTable,
  weights: Values,
  { losses, statistics }: { readonly losses: Value; readonly statistics: Values },
  options: AdamOptions,
): GradientStep {
  const names = trainedNames(parameters);
  const trained = new Map(names.map((name) => [name, weights.get(name) as Value]));
  const list = grad(reduceSum(losses), [...trained.values()]);
  const gradients = new Map(names.map((name, i) => [name, list[i]]));
  const updates = adamUpdates(network, trained, gradients, options);
  for (const [name, value] of statistics) updates.set(weightName(network, name), value);
  const squares = list.map((g) => reshape(reduceSum(square(g)), [1]));
  return { updates, gradientNorm: sqrt(squares.reduce((a, b) => add(a, b))) };
}

/** What that step begins with, by variable name: first weights, and Adam's moments of those that are trained. */
export function gradientStart(
  network: string,
  parameters: ParameterTable,
  seed: number,
  options: AdamOptions,
): Map<string, Tensor> {
  const first = initialTensors(parameters, seed);
  const trained = new Set(trainedNames(parameters));
  return new Map(
    [...first].flatMap(([name, value]): [string, Tensor][] => [
      [weightName(network, name), value],
      ...(trained.has(name) ? adamStart(network, name, value, options) : []),
    ]),
  );
}
