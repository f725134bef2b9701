/** Generator and style encoder of a painter as one network, in training and in use. */
import type { Value } from "../../graph/value.ts";
import type { ParameterTable } from "../../nn/parameters.ts";
import { spectralWeights, withSpectralVectors } from "../../nn/spectralNorm.ts";
import { frozenNormalise, generate, generatorParameters, type Normalise, trainingNormalise } from "./generator.ts";
import type { Weights } from "./layers.ts";
import { type PainterPlan, stylePlaces } from "./plan.ts";
import { type Codes, encode, encoderParameters } from "./styleEncoder.ts";

export interface PainterNetwork {
  readonly plan: PainterPlan;
  readonly classes: number;
  readonly side: number;
  /** Styles of a painting. */
  readonly places: number;
  readonly parameters: ParameterTable;
  /** By the statistics of the batch; `statistics` fills with the next values of weights that follow the data, not the gradient. */
  training(weights: Weights): PainterGraphs & { readonly statistics: ReadonlyMap<string, Value> };
  /** Each picture by itself, once it has learned. */
  inference(weights: Weights): PainterGraphs;
}

/** The two halves on given weights. Masks are one-hot, [N,K,S,S]; pictures [N,3,S,S] in [-1,1]; styles [N,P,d]. */
export interface PainterGraphs {
  encode(pictures: Value, mask: Value): Codes;
  paint(mask: Value, styles: Value): Value;
}

/** The network of a plan. Throws RangeError where the side does not halve often enough. */
export function painterNetwork(plan: PainterPlan, classes: number, side: number): PainterNetwork {
  const table = new Map([...generatorParameters(plan, classes, side), ...encoderParameters(plan)]);
  const graphs = (weights: Weights, normalise: Normalise): PainterGraphs => ({
    encode: (pictures, mask) => encode(plan, weights, pictures, mask),
    paint: (mask, styles) => generate(plan, weights, normalise, mask, styles),
  });
  return {
    plan,
    classes,
    side,
    places: stylePlaces(plan, classes),
    parameters: plan.spectral ? withSpectralVectors(table) : table,
    training(raw) {
      const { weights, statistics: vectors } = spectralWeights(raw);
      const { normalise, statistics } = trainingNormalise(weights);
      return {
        ...graphs(weights, normalise),
        get statistics() {
          return new Map([...vectors, ...statistics]);
        },
      };
    },
    inference(raw) {
      const { weights } = spectralWeights(raw);
      return graphs(weights, frozenNormalise(weights));
    },
  };
}
