/** Networks that classify pixels by the channels of a generator's maps, all resized to the picture: extractors trained on a few labels. */
import type { Value } from "../graph/value.ts";
import type { ParameterTable } from "../nn/parameters.ts";
import type { PyramidView, upsamplings } from "../nn/pyramidMaps.ts";

/** A network's output. */
export interface PixelScores {
  /** [N,K,R,R]: a pixel's class is the argmax of its K scores. */
  readonly scores: Value;
  /** [N,1,R,R], for ensembles: how much the members disagree. */
  readonly disagreement?: Value;
}

/** A network whose weights are values by name: inputs of a training step, or constants. */
export interface PixelNetwork {
  readonly parameters: ParameterTable;
  /** How maps are resized to the picture. */
  readonly upsampling: keyof typeof upsamplings;
  /** Its output in inference mode. */
  inference(weights: ReadonlyMap<string, Value>, view: PyramidView): PixelScores;
}

/** The sizes that determine the shapes of such a network's weights. */
export interface PixelNetworkPlan {
  /** D, of all layers. */
  readonly channels: number;
  /** K. */
  readonly classes: number;
}
