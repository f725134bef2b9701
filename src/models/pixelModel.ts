/** Pixel classifiers as plain data for threads and files: a cut of a tree, or a network trained on a few labels. */
import { constant } from "../graph/ops/index.ts";
import type { PyramidView } from "../nn/pyramidMaps.ts";
import type { LinearClassifier } from "../pixels/linearClassifier.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";
import { featureCnn } from "./featureCnn.ts";
import { mlpEnsemble } from "./mlpEnsemble.ts";
import type { PixelNetwork, PixelNetworkPlan, PixelScores } from "./pixelNetwork.ts";

/** The networks by name. To add one, add a row. */
export const pixelNetworks = { "mlp-ensemble": mlpEnsemble, cnn: featureCnn } satisfies Record<
  string,
  (plan: PixelNetworkPlan) => PixelNetwork
>;
/** The name of a network that classifies pixels. */
export type PixelNetworkName = keyof typeof pixelNetworks;

/** A network with its weights. */
export interface NetworkClassifier {
  readonly network: PixelNetworkName;
  /** Classes, and channels of all layers. */
  readonly k: number;
  readonly channels: number;
  /** By the network's names. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Classifies the pixels of generated images by the channels of all layers: a cut of a tree or a trained extractor. */
export type PixelModel = LinearClassifier | NetworkClassifier;

/** Whether scores are linear in the features, so that averaged features give averaged scores. */
export const isLinear = (model: PixelModel): model is LinearClassifier => !("network" in model);

/** The network, where the model is one. */
export const networkOf = ({ network, k, channels }: NetworkClassifier): PixelNetwork =>
  pixelNetworks[network]({ channels, classes: k });

/** The model's output for the pixels of `view`, as a graph. */
export function pixelScores(model: PixelModel, view: PyramidView): PixelScores {
  if (isLinear(model)) {
    const { k, channels, weight, bias } = model;
    return { scores: view.linear(constant([k, channels], weight), constant([k], bias)) };
  }
  const weights = new Map([...model.weights].map(([name, { shape, data }]) => [name, constant(shape, data)]));
  return networkOf(model).inference(weights, view);
}

/** All numbers of a model, for hashing: equal models give equal bytes. */
export const modelBytes = (model: PixelModel): Uint8Array[] =>
  (isLinear(model) ? [model.weight, model.bias] : [...model.weights.values()].map(({ data }) => data)).map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );

/** Throws RangeError where a network's weights are missing or of other shapes. */
export function checkNetwork(model: NetworkClassifier): NetworkClassifier {
  for (const [name, { shape }] of networkOf(model).parameters) {
    const found = model.weights.get(name);
    if (found === undefined || !sameShape(found.shape, shape))
      throw new RangeError(
        `weight ${name} is ${found === undefined ? "missing" : `[${found.shape}]`}, expected [${shape}]`,
      );
  }
  return model;
}
