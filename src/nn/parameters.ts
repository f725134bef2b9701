/** What a network is made of before it has seen anything: names, shapes and initial values of its weights. */
import { input } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { RandomState } from "../tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** Normal numbers of a standard deviation, or one number everywhere. */
export type Initializer = { readonly normal: number } | { readonly fill: number };

/** Shape and first values of a parameter. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly initial: Initializer;
  /** Default true. Others belong to the network but have no gradient: constant noise, running averages. */
  readonly trained?: boolean;
}

/** Weight name -> what it is. */
export type ParameterTable = ReadonlyMap<string, ParameterSpec>;

/** A parameter that starts with normal random values of mean 0. */
export const normal = (shape: readonly number[], deviation = 1): ParameterSpec => ({
  shape,
  initial: { normal: deviation },
});
/** A parameter that starts with one value everywhere; zero by default. */
export const filled = (shape: readonly number[], value = 0): ParameterSpec => ({ shape, initial: { fill: value } });

/** Initial values, drawn in the table's order: equal seeds give equal numbers. */
export function initialTensors(table: ParameterTable, seed: number): Map<string, Tensor> {
  const random = new RandomState(seed);
  return new Map(
    [...table].map(([name, { shape, initial }]) => {
      const draw = "fill" in initial ? () => initial.fill : () => random.randn() * initial.normal;
      return [name, tensor(shape, Float32Array.from({ length: sizeOf(shape) }, draw))];
    }),
  );
}

/** Every parameter as an input of a graph, called `prefix` + name. */
export const parameterInputs = (table: ParameterTable, prefix = ""): Map<string, Value> =>
  new Map([...table].map(([name, { shape }]) => [name, input(prefix + name, shape)]));

/** Names of the trained parameters, in order. */
export const trainedNames = (table: ParameterTable): string[] =>
  [...table].flatMap(([name, { trained = true }]) => (trained ? [name] : []));
