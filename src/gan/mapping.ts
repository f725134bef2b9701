/**
 * The mapping network of StyleGAN and StyleGAN2: z (and a label) to w through fully connected layers with leaky ReLUs.
 * Their rectifiers have the gain sqrt(2); it is positive, so it may stand before them, inside weights and biases.
 */
import { concat, matmul } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { fullyConnected, lrelu, normalizeSecondMoment } from "../nn/styleLayers.ts";
import { GeneratorError } from "./errors.ts";
import type { MappingNetwork, ShapeTable } from "./family.ts";
import type { NetworkWeights } from "./weights.ts";

/** Learning-rate multiplier of all official networks. */
export const LR_MULTIPLIER = 0.01;

export interface MappingSizes {
  readonly zDim: number;
  readonly cDim: number;
  readonly wDim: number;
  readonly mappingLayers: number;
}

/** How the family calls the mapping's weights. */
export interface MappingNames {
  layer(i: number): string;
  /** [cDim,zDim]: the label's product with it is appended to z, then both are normalised together. */
  readonly labelConcat: string;
  /** A fully connected layer; its normalised output is appended to the normalised z. */
  readonly labelEmbed?: string;
  readonly wAvg: string;
}

/** Throws GeneratorError where there is no layer at all. */
export function mappingSizes(network: string, shapes: ShapeTable, names: MappingNames): MappingSizes {
  const rows = (name: string | undefined, axis: number): number =>
    (name === undefined ? undefined : shapes.get(name)?.shape[axis]) ?? 0;
  let mappingLayers = 0;
  while (shapes.has(`${names.layer(mappingLayers)}.weight`)) mappingLayers++;
  if (mappingLayers === 0)
    throw new GeneratorError(`${network}: the weight ${names.layer(0)}.weight is missing from the file`);
  const inFeatures = rows(`${names.layer(0)}.weight`, 1);
  const embed = names.labelEmbed === undefined ? undefined : `${names.labelEmbed}.weight`;
  return {
    zDim: inFeatures - rows(names.labelConcat, 1) - rows(embed, 0),
    cDim: rows(names.labelConcat, 0) + rows(embed, 1),
    wDim: rows(`${names.layer(mappingLayers - 1)}.weight`, 0),
    mappingLayers,
  };
}

export interface MappingGains {
  /** The learning-rate multiplier: scales weights and biases. */
  readonly lrMultiplier: number;
  /** Of the bias, beside `lrMultiplier`. */
  readonly biasGain: number;
}

export function mappingNetwork(
  { zDim, cDim, wDim, mappingLayers }: MappingSizes,
  weights: NetworkWeights,
  names: MappingNames,
  { lrMultiplier, biasGain }: MappingGains,
): MappingNetwork {
  const labels = weights.has(names.labelConcat) ? weights.value(names.labelConcat, [cDim, zDim]) : undefined;
  const linear = (name: string, inFeatures: number): { weight: Value; bias: Value } => {
    const outFeatures = weights.shapeOf(`${name}.weight`)?.[0] ?? 0;
    return {
      weight: weights.value(`${name}.weight`, [outFeatures, inFeatures]),
      bias: weights.value(`${name}.bias`, [outFeatures]),
    };
  };
  const embed =
    names.labelEmbed !== undefined && weights.has(`${names.labelEmbed}.weight`)
      ? linear(names.labelEmbed, cDim)
      : undefined;
  const layers: { weight: Value; bias: Value }[] = [];
  let features = zDim + (labels === undefined ? 0 : zDim) + (embed?.bias.shape[0] ?? 0);
  for (let i = 0; i < mappingLayers; i++) {
    layers.push(linear(names.layer(i), features));
    [features] = layers[i].bias.shape;
  }
  return {
    wAvg: weights.takeIfStored(names.wAvg, [wDim]),
    map(z, c) {
      let x: Value;
      if (labels !== undefined && c !== undefined) x = normalizeSecondMoment(concat([z, matmul(c, labels)], 1));
      else x = normalizeSecondMoment(z);
      if (embed !== undefined && c !== undefined) {
        const y = fullyConnected(c, embed.weight, embed.bias, { weightGain: 1 / Math.sqrt(cDim) });
        x = concat([x, normalizeSecondMoment(y)], 1);
      }
      for (const { weight, bias } of layers)
        x = lrelu(
          fullyConnected(x, weight, bias, {
            weightGain: (lrMultiplier * Math.SQRT2) / Math.sqrt(x.shape[1]),
            biasGain: lrMultiplier * biasGain,
          }),
        );
      return x;
    },
  };
}
