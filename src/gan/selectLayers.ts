import { GeneratorError } from "./errors.ts";
import type { LayerInfo } from "./generator.ts";

/** Most channels that the paper's rule takes. */
const MAX_CHANNELS = 1000;

/** Which layers were taken, and the reason in words for the user. */
export interface LayerSelection {
  readonly layers: readonly LayerInfo[];
  readonly reason: string;
}

/**
 * The paper's rule: the last layer of each resolution; while their channels sum to more than 1000, the lowest
 * resolution is dropped (at least one layer stays).
 */
export function autoLayers(layers: readonly LayerInfo[]): LayerSelection {
  const lastOfEach = new Map<number, LayerInfo>();
  for (const layer of layers) lastOfEach.set(layer.resolution, layer);
  const candidates = [...lastOfEach.values()].sort((a, b) => a.resolution - b.resolution);
  let first = 0;
  let channels = candidates.reduce((sum, l) => sum + l.channels, 0);
  while (channels > MAX_CHANNELS && first < candidates.length - 1) channels -= candidates[first++].channels;
  const dropped = candidates.slice(0, first).map((l) => `${l.resolution}x${l.resolution}`);
  const reason =
    `the last layer of each resolution` +
    (first > 0 ? `, without ${dropped.join(", ")}: their channels would exceed ${MAX_CHANNELS}` : "") +
    ` (${channels} channels)`;
  return { layers: candidates.slice(first), reason };
}

/** Resolves `--layers`. Throws GeneratorError that lists what exists when a name is unknown. */
export function selectLayers(
  layers: readonly LayerInfo[],
  choice: "none" | "auto" | "all" | readonly string[],
): LayerSelection {
  if (choice === "none") return { layers: [], reason: "none were asked for" };
  if (layers.length === 0) throw new GeneratorError("the generator has no inner feature maps that could be taken");
  if (choice === "auto") return autoLayers(layers);
  if (choice === "all") return { layers, reason: "all layers were asked for" };
  const chosen = choice.map((name) => {
    const layer = layers.find((l) => l.name === name);
    if (layer === undefined)
      throw new GeneratorError(`no layer is called "${name}"; there are ${layers.map((l) => l.name).join(", ")}`);
    return layer;
  });
  if (new Set(choice).size !== choice.length) throw new GeneratorError(`a layer is named twice: ${choice.join(", ")}`);
  return { layers: chosen, reason: "named by the user" };
}
