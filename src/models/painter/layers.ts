/** Layers that the painter's networks share. */
import { conv } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { filled, normal, type ParameterSpec } from "../../nn/parameters.ts";

/** Weights by name. */
export type Weights = ReadonlyMap<string, Value>;

/**
 * `<name>.weight` [O,I,k,k], or `<name>.kernel` where spectral normalisation passes it by, and `<name>.bias` [O]; He's initialisation.
 */
export function convParameters(
  name: string,
  [outputs, inputs, kernel]: readonly [number, number, number],
  { bias = true, spectral = true }: { readonly bias?: boolean; readonly spectral?: boolean } = {},
): [string, ParameterSpec][] {
  const deviation = Math.sqrt(2 / (inputs * kernel * kernel));
  return [
    [`${name}.${spectral ? "weight" : "kernel"}`, normal([outputs, inputs, kernel, kernel], deviation)],
    ...(bias ? [[`${name}.bias`, filled([outputs])] as [string, ParameterSpec]] : []),
  ];
}

/** Convolves x [N,I,H,W] by the weights of that name, padded so that stride 1 keeps the size of odd kernels. */
export function convolved(
  weights: Weights,
  x: Value,
  name: string,
  { stride = 1, padding }: { readonly stride?: number; readonly padding?: number } = {},
): Value {
  const weight = (weights.get(`${name}.weight`) ?? weights.get(`${name}.kernel`)) as Value;
  const bias = weights.get(`${name}.bias`);
  return conv(x, weight, {
    stride,
    padding: padding ?? Math.floor((weight.shape[2] - 1) / 2),
    ...(bias === undefined ? {} : { bias }),
  });
}
