import {
  div,
  matmul,
  mul,
  reduceSum,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  transpose,
  withGradient,
} from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { normal, type ParameterSpec, type ParameterTable } from "./parameters.ts";

/** The name of the vector that is kept beside a weight, [1,O]. */
const vectorName = (weight: string): string => `${weight}.u`;

/**
 * A weight [O,...] divided by its largest singular value as a matrix [O,rest] (Miyato et al., 2018). One step of the power
 * iteration from `u` [1,O] finds it: v = W^T u and u' = W v, both of length 1, sigma = u'^T W v. The next `u` comes beside it.
 * Gradients pass through W in sigma, not through u and v: with g that to W / sigma, (g - <g, W / sigma> u' v^T) / sigma.
 */
export function spectralNorm(weight: Value, u: Value): { weight: Value; u: Value } {
  const [O, ...rest] = weight.shape;
  const matrix = reshape(weight, [O, rest.reduce((product, n) => product * n, 1)]);
  const v = stopGradient(unit(matmul(u, matrix))); // [1,rest]
  const image = matmul(v, transpose(matrix, [1, 0])); // [1,O]
  const next = stopGradient(unit(image));
  const sigma = reshape(
    reduceSum(mul(image, next)),
    weight.shape.map(() => 1),
  );
  const normalised = div(weight, sigma);
  return {
    weight: withGradient(normalised, [weight], (g) => {
      const along = reshape(reduceSum(mul(g, normalised)), [1, 1]);
      const direction = matmul(transpose(next, [1, 0]), mul(v, along));
      return [div(sub(g, reshape(direction, weight.shape)), sigma)];
    }),
    u: next,
  };
}

/** x [1,n] over its length. */
const unit = (x: Value): Value => div(x, sqrt(reduceSum(square(x))));

/** The parameters with a vector beside every weight of two axes or more: what `spectralWeights` takes. */
export function withSpectralVectors(table: ParameterTable): ParameterTable {
  const vector = ({ shape }: ParameterSpec): ParameterSpec => ({ ...normal([1, shape[0]]), trained: false });
  return new Map(
    [...table].flatMap(([name, spec]) => [
      [name, spec] as const,
      ...(name.endsWith(".weight") && spec.shape.length > 1 ? [[vectorName(name), vector(spec)] as const] : []),
    ]),
  );
}

/** The weights by name, those with a vector beside them normalised; and the next vectors, by the names of those they replace. */
export function spectralWeights(weights: ReadonlyMap<string, Value>): {
  readonly weights: ReadonlyMap<string, Value>;
  readonly statistics: ReadonlyMap<string, Value>;
} {
  const statistics = new Map<string, Value>();
  const normalised = [...weights].map(([name, weight]): [string, Value] => {
    const u = weights.get(vectorName(name));
    if (u === undefined) return [name, weight];
    const next = spectralNorm(weight, u);
    statistics.set(vectorName(name), next.u);
    return [name, next.weight];
  });
  return { weights: new Map(normalised), statistics };
}
