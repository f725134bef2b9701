/** Networks that classify pixels by the channels of a generator's maps, all resized to the picture: extractors learned from few labels. */
import type { Value } from "../graph/value.ts";
import type { ParameterTable } from "../nn/parameters.ts";
import type { PyramidView, upsamplings } from "../nn/pyramidMaps.ts";

/** What a network says of pixels. */
export interface PixelScores {
  /** [N,K,R,R]: the best of a pixel's K is its class. */
  readonly scores: Value;
  /** [N,1,R,R], where several networks vote: by how much they differ. */
  readonly disagreement?: Value;
}

/** A network whose weights are values by name: inputs of a training step, or constants. */
export interface PixelNetwork {
  readonly parameters: ParameterTable;
  /** How a map becomes as large as the picture. */
  readonly upsampling: keyof typeof upsamplings;
  /** What it says once it has learned. */
  inference(weights: ReadonlyMap<string, Value>, view: PyramidView): PixelScores;
}

/** What decides such a network's shape. */
export interface PixelNetworkPlan {
  /** D, of all layers. */
  readonly channels: number;
  /** K. */
  readonly classes: number;
}
