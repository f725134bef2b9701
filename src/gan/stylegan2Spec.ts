import type { ConfigObject, ConfigValue } from "../checkpoint/stateDict.ts";
import { GeneratorError } from "./errors.ts";

/** The hyper-parameters that shape a StyleGAN2 network; everything else follows from its weights. */
export interface StyleGan2Spec {
  readonly zDim: number;
  readonly cDim: number;
  readonly wDim: number;
  readonly numWs: number;
  readonly resolution: number;
  readonly imageChannels: number;
  readonly architecture: "skip" | "orig" | "resnet";
  readonly mappingLayers: number;
  /** Learning-rate multiplier of the mapping network: scales its weights and biases. */
  readonly lrMultiplier: number;
  /** Limit of a synthesis layer's output, by name ("b8.conv0"), or null. */
  convClamp(layer: string): number | null;
}

/** 2^16: far beyond every trained network, and small enough that a hostile number cannot ask for much. */
const MAX_RESOLUTION = 65536;

/** Reads the attributes of NVIDIA's modules, by dotted path. Throws GeneratorError for settings that we do not know. */
export function readStyleGan2Spec(modules: ConfigObject): StyleGan2Spec {
  const attribute = (module: string, name: string): ConfigValue | undefined => {
    const row = modules[module];
    return isObject(row) ? row[name] : undefined;
  };
  const fail = (module: string, name: string, value: unknown, expected: string): never => {
    throw new GeneratorError(
      `StyleGAN2: ${module || "the generator"} has ${name} = ${String(value)}, expected ${expected}`,
    );
  };
  const integer = (module: string, name: string, minimum: number): number => {
    const value = attribute(module, name);
    return typeof value === "number" && Number.isInteger(value) && value >= minimum
      ? value
      : fail(module, name, value, `an integer of at least ${minimum}`);
  };
  const only = (module: string, name: string, allowed: readonly ConfigValue[]): void => {
    const value = attribute(module, name);
    if (value !== undefined && !allowed.includes(value)) fail(module, name, value, allowed.map(String).join(" or "));
  };

  const resolution = integer("", "img_resolution", 4);
  if (resolution > MAX_RESOLUTION || !Number.isInteger(Math.log2(resolution)))
    fail("", "img_resolution", resolution, "a power of two");
  const numWs = 2 * Math.log2(resolution) - 2;
  if (integer("", "num_ws", 1) !== numWs)
    fail("", "num_ws", attribute("", "num_ws"), `${numWs} for ${resolution} pixels`);

  const blocks: string[] = [];
  for (let r = 4; r <= resolution; r *= 2) blocks.push(`synthesis.b${r}`);
  const architecture = attribute(blocks[0], "architecture") ?? "skip";
  if (architecture !== "skip" && architecture !== "orig" && architecture !== "resnet")
    return fail(blocks[0], "architecture", architecture, "skip, orig or resnet");
  for (const block of blocks) {
    only(block, "architecture", [architecture]);
    only(`${block}.conv0`, "up", [2]);
    only(`${block}.conv1`, "up", [1]);
    only(`${block}.conv0`, "activation", ["lrelu"]);
    only(`${block}.conv1`, "activation", ["lrelu"]);
  }

  const mappingLayers = integer("mapping", "num_layers", 1);
  const lrMultiplier = attribute("mapping.fc0", "bias_gain");
  if (typeof lrMultiplier !== "number" || !(lrMultiplier > 0))
    return fail("mapping.fc0", "bias_gain", lrMultiplier, "a positive number");
  for (let i = 0; i < mappingLayers; i++) {
    only(`mapping.fc${i}`, "activation", ["lrelu"]);
    only(`mapping.fc${i}`, "bias_gain", [lrMultiplier]);
  }
  only("mapping.embed", "activation", ["linear"]);

  return {
    zDim: integer("", "z_dim", 1),
    cDim: integer("", "c_dim", 0),
    wDim: integer("", "w_dim", 1),
    numWs,
    resolution,
    imageChannels: integer("", "img_channels", 1),
    architecture,
    mappingLayers,
    lrMultiplier,
    convClamp(layer) {
      const clamp = attribute(`synthesis.${layer}`, "conv_clamp") ?? null;
      if (clamp === null || (typeof clamp === "number" && clamp > 0)) return clamp;
      return fail(`synthesis.${layer}`, "conv_clamp", clamp, "null or a positive number");
    },
  };
}

const isObject = (value: ConfigValue | undefined): value is ConfigObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
