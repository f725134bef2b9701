/** A network's weights as variables of a training step: how Adam moves them, and how they come back from a saved state. */
import { input } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { type AdamOptions, adam, adamFeeds, adamInputs } from "../nn/optimizers.ts";
import { sameShape, type Tensor, tensor } from "../tensor/tensor.ts";
import type { JsonObject } from "./trainer.ts";

/** Weights or their gradients by name. */
export type Values = ReadonlyMap<string, Value>;

/** Names of the variables of a network called `network`: a weight, the decayed sums of its gradients and of their squares. */
export const weightName = (network: string, name: string): string => `${network}/${name}`;
export const meanName = (network: string, name: string): string => `${network}.mean/${name}`;
export const squareName = (network: string, name: string): string => `${network}.square/${name}`;

/** The next weights and moments from the gradients, by variable name. */
export function adamUpdates(
  network: string,
  weights: Values,
  gradients: Values,
  options: AdamOptions,
): Map<string, Value> {
  const inputs = adamInputs(`${network}.`);
  const kept = (name: string, { shape }: Value): Value => input(name, shape);
  return new Map(
    [...weights].flatMap(([name, parameter]) => {
      const moments = {
        ...(options.beta1 === 0 ? {} : { mean: kept(meanName(network, name), parameter) }),
        square: kept(squareName(network, name), parameter),
      };
      const next = adam(parameter, gradients.get(name) as Value, moments, inputs, options);
      return [
        [weightName(network, name), next.parameter] as const,
        ...(next.mean === undefined ? [] : [[meanName(network, name), next.mean] as const]),
        [squareName(network, name), next.square] as const,
      ];
    }),
  );
}

/** What `adamUpdates` keeps of a weight before the first update, by variable name. */
export function adamStart(
  network: string,
  name: string,
  { shape }: Tensor,
  { beta1 }: AdamOptions,
): [string, Tensor][] {
  const names = [...(beta1 === 0 ? [] : [meanName(network, name)]), squareName(network, name)];
  return names.map((variable) => [variable, tensor(shape)]);
}

/** The numbers of update `step` (from 1) that `adamUpdates` takes. */
export const adamNumbers = (
  network: string,
  step: number,
  learningRate: number,
  options: AdamOptions,
): Record<string, Tensor> => scalarFeeds(adamFeeds(step, learningRate, options, `${network}.`));

/** Numbers as tensors of one element. */
export const scalarFeeds = (numbers: Readonly<Record<string, number>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tensor([1], Float32Array.of(value))]));

/** Puts saved variables into the fresh ones. Throws RangeError where they are of another recipe. */
export function restoreTensors(saved: ReadonlyMap<string, Tensor>, fresh: Map<string, Tensor>): void {
  for (const [name, { shape }] of fresh) {
    const stored = saved.get(name);
    if (stored === undefined || !sameShape(stored.shape, shape))
      throw new RangeError(
        `the training state has ${stored === undefined ? "no" : `[${stored.shape}] for`} ${name}, the recipe's is [${shape}]: it belongs to another recipe`,
      );
    fresh.set(name, stored);
  }
}

/** Puts saved numbers into the fresh ones. Throws RangeError where one is missing. */
export function restoreNumbers<Names extends string>(saved: JsonObject, fresh: Record<Names, number>): void {
  for (const name of Object.keys(fresh) as Names[]) {
    const value = saved[name];
    if (typeof value !== "number") throw new RangeError(`the training state has no number ${name}`);
    fresh[name] = value;
  }
}
