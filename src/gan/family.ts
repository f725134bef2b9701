import type { Checkpoint } from "../checkpoint/stateDict.ts";
import type { Value } from "../graph/value.ts";
import type { GeneratorInfo, NoiseMode } from "./generator.ts";

/** A per-layer noise input: one [N,1,r,r] map of standard normals. */
export interface NoisePort {
  readonly layer: string;
  readonly resolution: number;
}

/**
 * A generator network as graphs for one sample (N = 1), with its weights inside. What differs between families is all
 * here; `networkGenerator` runs any of them.
 */
export interface GeneratorNetwork {
  readonly info: GeneratorInfo;
  /** z [1,zDim], and c [1,cDim] for conditional networks, to w [1,wDim]. */
  mapping(z: Value, c: Value | undefined): Value;
  /** [wDim]: where truncation pulls towards. */
  readonly wAvg: Float32Array;
  /** Layers that take noise, in forward order. */
  readonly noise: readonly NoisePort[];
  /**
   * ws [1,numWs,wDim] to the image [1,C,R,R] and every inner map by name. `noiseInput` is called for each noise port
   * in "random" mode.
   */
  synthesis(
    ws: Value,
    noiseMode: NoiseMode,
    noiseInput: (port: NoisePort) => Value,
  ): { readonly image: Value; readonly features: ReadonlyMap<string, Value> };
}

/** A family of official networks: recognises its checkpoints and builds the network from one. */
export interface GanFamily {
  readonly name: string;
  /** Whether the checkpoint holds a generator of this family; looks at names only. */
  matches(checkpoint: Checkpoint): boolean;
  /** Throws GeneratorError when the weights are not this network's. */
  build(checkpoint: Checkpoint): GeneratorNetwork;
}
