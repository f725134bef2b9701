/** The two networks of a recipe, on weights that a training step takes as inputs. */

import type { NetworkGraphs } from "../../gan/family.ts";
import {
  type Discriminator,
  type DiscriminatorSizes,
  discriminator,
  discriminatorParameters,
} from "../../gan/stylegan2/discriminator.ts";
import { styleGan2Network } from "../../gan/stylegan2/stylegan2.ts";
import { newStyleGan2Settings, styleGan2Parameters } from "../../gan/stylegan2/stylegan2Parameters.ts";
import { styleGan2Sizes } from "../../gan/stylegan2/stylegan2Spec.ts";
import { add, expand, mul, reshape, slice, sub } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { type ParameterTable, parameterInputs } from "../../nn/parameters.ts";
import { sameShape } from "../../tensor/tensor.ts";
import type { GanRecipe } from "./recipe.ts";

export interface GanNetworks {
  readonly generatorTable: ParameterTable;
  readonly discriminatorTable: ParameterTable;
  /** Inputs "G/<name>" and "D/<name>". */
  readonly generatorWeights: ReadonlyMap<string, Value>;
  readonly discriminatorWeights: ReadonlyMap<string, Value>;
  readonly generator: NetworkGraphs;
  readonly discriminator: Discriminator;
}

/** Channels of both networks at a resolution. */
export const channelsAt = (
  { channelBase, channelMax }: Pick<GanRecipe, "channelBase" | "channelMax">,
  resolution: number,
): number => Math.min(channelMax, channelBase / resolution);

export function ganNetworks(recipe: GanRecipe): GanNetworks {
  const channels = (r: number): number => channelsAt(recipe, r);
  const sizes: DiscriminatorSizes = { ...recipe, channels };
  const generatorTable = styleGan2Parameters({ ...recipe, channels });
  const discriminatorTable = discriminatorParameters(sizes);
  const generatorWeights = parameterInputs(generatorTable, "G/");
  const discriminatorWeights = parameterInputs(discriminatorTable, "D/");
  const generator = styleGan2Network(
    { ...styleGan2Sizes(generatorTable), ...newStyleGan2Settings(recipe) },
    {
      has: (name) => generatorTable.has(name),
      shapeOf: (name) => generatorTable.get(name)?.shape,
      value(name, shape) {
        const value = generatorWeights.get(name);
        if (value === undefined || !sameShape(value.shape, shape))
          throw new RangeError(`the generator's table has no ${name} of shape [${shape}]`);
        return value;
      },
      takeIfStored: () => undefined,
    },
  );
  return {
    generatorTable,
    discriminatorTable,
    generatorWeights,
    discriminatorWeights,
    generator,
    discriminator: discriminator(discriminatorWeights, sizes),
  };
}

/**
 * Two latents for every image, z [2N,zDim]: layers whose `mix` [N,numWs,1] is 1 take the first, those where it is 0 the
 * second. Returns ws [N,numWs,wDim] and all the w [2N,wDim].
 */
export function mixedStyles({ mapping, info }: NetworkGraphs, z: Value, mix: Value): { ws: Value; w: Value } {
  if (mapping === undefined) throw new RangeError(`${info.family} has no mapping network`);
  const w = mapping.map(z, undefined);
  const [N, numWs] = mix.shape;
  const part = (start: number): Value => reshape(slice(w, [start, 0], [N, info.wDim]), [N, 1, info.wDim]);
  const [first, second] = [part(0), part(N)];
  const ws = add(second, mul(mix, sub(first, second)));
  return { ws: expand(ws, [N, numWs, info.wDim]), w };
}
