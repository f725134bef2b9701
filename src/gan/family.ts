import type { Checkpoint, ConfigObject, ConfigValue, LazyTensor, StateDict } from "../checkpoint/stateDict.ts";
import type { Value } from "../graph/value.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { GeneratorInfo, NoiseMode } from "./generator.ts";
import { OWN_FAMILY, OWN_SOURCE, ownSettings } from "./settings.ts";
import { type NamedWeight, translateWeights, type WeightReader, type WeightRule, weightReader } from "./weights.ts";

/** A per-layer noise input: one [N,1,r,r] map of standard normals. */
export interface NoisePort {
  readonly layer: string;
  readonly resolution: number;
}

/** From z [N,zDim], and c [N,cDim] for conditional networks, to w [N,wDim]. */
export interface MappingNetwork {
  map(z: Value, c: Value | undefined): Value;
  /** [wDim]: where truncation pulls towards. Undefined where the file has none; then it is the mean of many w. */
  readonly wAvg: Float32Array | undefined;
}

/** What a synthesis network starts from: "ws" [N,numWs,wDim], "z" [N,zDim], "c" [N,cDim]. */
export type LatentName = "z" | "c" | "ws";

/** A generator network as functions of values. What differs between families is all here. */
export interface NetworkGraphs {
  readonly info: GeneratorInfo;
  /** Undefined for families whose synthesis network takes z itself. */
  readonly mapping: MappingNetwork | undefined;
  /** Layers that take noise, in forward order. */
  readonly noise: readonly NoisePort[];
  /** The inputs of the synthesis network. */
  readonly latents: readonly LatentName[];
  /** Latents to the image [N,C,R,R] and every inner map by name. `noiseInput` is called for each port in "random" mode. */
  synthesis(
    latents: Readonly<Partial<Record<LatentName, Value>>>,
    noiseMode: NoiseMode,
    noiseInput: (port: NoisePort) => Value,
  ): { readonly image: Value; readonly features: ReadonlyMap<string, Value> };
}

/**
 * A network with its weights inside, for one sample (N = 1): its graphs run on any batch. `networkGenerator` runs any of
 * them.
 */
export interface GeneratorNetwork extends NetworkGraphs {
  /** Every weight that is used, under the family's own names, and the settings that weights do not show. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly settings: ConfigObject;
}

/** A family of official networks: recognises its checkpoints and builds the network from one. */
export interface GanFamily {
  readonly name: string;
  /** Names of the networks in checkpoints that hold its generators. */
  readonly networks: readonly string[];
  /** Whether the checkpoint holds a generator of this family; looks at names only. */
  matches(checkpoint: Checkpoint): boolean;
  /** Throws GeneratorError when the weights are not this network's. */
  build(checkpoint: Checkpoint): GeneratorNetwork;
}

/** One of the ways in which a family's generators are stored. */
export interface WeightSource<Sizes, Settings> {
  /** For `klish info`. */
  readonly name: string;
  /** The network of the checkpoint that makes images, and others beside it that hold some of its weights. */
  readonly networks: readonly string[];
  /** Names that this network has in no other source. */
  readonly markers: readonly string[];
  /** The translation of `stored` to the family's names and layouts. */
  rules(stored: StateDict, config: ConfigObject): readonly WeightRule[];
  /** Weights, by the family's names, that files of this source may lack. */
  readonly optional?: RegExp;
  /** Makes weights that are not in the file; undefined where nothing is missing. */
  supply?(weights: ReadonlyMap<string, NamedWeight>): SuppliedWeights | undefined;
  /** The file's settings. Throws GeneratorError where that is unknown or disagrees with the sizes. */
  settings(config: ConfigObject, sizes: Sizes): Settings;
}

export interface SuppliedWeights {
  readonly weights: ReadonlyMap<string, NamedWeight>;
  /** For the user: what was missing and what stands in its place. */
  readonly note: string;
}

export interface FamilyParts<Sizes, Settings extends Readonly<Record<string, ConfigValue>>> {
  readonly name: string;
  readonly sources: readonly WeightSource<Sizes, Settings>[];
  /** Sizes as the shapes of the weights, under the family's names, tell them. */
  sizes(shapes: ShapeTable): Sizes;
  /** Checks the settings of a file of our own. */
  settings(own: ConfigObject, sizes: Sizes): Settings;
  build(spec: Sizes & Settings, weights: WeightReader): NetworkGraphs;
}

/** Weight name -> shape. */
export type ShapeTable = ReadonlyMap<string, Pick<LazyTensor, "shape">>;

/** The largest number that the pattern's group finds in the names; at least `least`. */
export const largest = (shapes: ShapeTable, pattern: RegExp, least: number): number =>
  [...shapes.keys()].reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? least)), least);

/** A family from its network and the table of its sources. Files that `exportSafetensors` wrote are one more source. */
export function defineFamily<Sizes, Settings extends Readonly<Record<string, ConfigValue>>>(
  parts: FamilyParts<Sizes, Settings>,
): GanFamily {
  const own: WeightSource<Sizes, Settings> = {
    name: OWN_SOURCE,
    networks: [""],
    markers: [],
    rules: () => [[/^.*$/, "$&"]],
    optional: new RegExp(parts.sources.flatMap(({ optional }) => optional?.source ?? []).join("|") || "^$"),
    settings: (metadata, sizes) => parts.settings(ownSettings(parts.name, metadata), sizes),
  };
  const sourceOf = ({ networks, config }: Checkpoint): WeightSource<Sizes, Settings> | undefined => {
    const writtenBy = config[""]?.[OWN_FAMILY];
    if (writtenBy !== undefined) return writtenBy === parts.name ? own : undefined;
    return parts.sources.find(({ networks: [first], markers }) => {
      const weights = networks.get(first);
      return weights !== undefined && markers.every((marker) => weights.has(marker));
    });
  };
  return {
    name: parts.name,
    networks: parts.sources.map(({ networks: [first] }) => first),
    matches: (checkpoint) => sourceOf(checkpoint) !== undefined,
    build(checkpoint) {
      const source = sourceOf(checkpoint) as WeightSource<Sizes, Settings>;
      const [first] = source.networks;
      const label = first === "" ? parts.name : `${parts.name} ${first}`;
      const stored = new Map(source.networks.flatMap((name) => [...(checkpoint.networks.get(name) ?? [])]));
      const config = checkpoint.config[first] ?? {};
      const translated = translateWeights(label, stored, source.rules(stored, config));
      const supplied = source.supply?.(translated.weights);
      const weights = new Map([...translated.weights, ...(supplied?.weights ?? [])]);
      const sizes = parts.sizes(weights);
      const settings = source.settings(config, sizes);
      const reader = weightReader(label, weights, source.optional);
      const network = parts.build({ ...sizes, ...settings }, reader);
      const { ignored } = translated;
      const notes = supplied === undefined ? [] : [supplied.note];
      const origin = { format: checkpoint.format, source: source.name, network: first, ignored };
      return { ...network, info: { ...network.info, origin, notes }, weights: reader.finish(), settings };
    },
  };
}
