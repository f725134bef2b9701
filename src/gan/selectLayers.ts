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

/** The paper's rule for the layers from a resolution up: in small generators the lowest say where, not what. */
function autoLayersFrom(layers: readonly LayerInfo[], lowest: number): LayerSelection {
  const high = layers.filter((l) => l.resolution >= lowest);
  if (high.length === 0)
    throw new GeneratorError(
      `no layer has a resolution of ${lowest} or more; the highest is ${Math.max(...layers.map((l) => l.resolution))}`,
    );
  const { layers: taken, reason } = autoLayers(high);
  return { layers: taken, reason: `from ${lowest}x${lowest} up, ${reason}` };
}

/** Resolves `--layers`; "16+" is the paper's rule from that resolution up. Throws GeneratorError that lists what exists when a name is unknown. */
export function selectLayers(
  layers: readonly LayerInfo[],
  choice: "none" | "auto" | "all" | readonly string[],
): LayerSelection {
  if (choice === "none") return { layers: [], reason: "none were asked for" };
  if (layers.length === 0) throw new GeneratorError("the generator has no inner feature maps that could be taken");
  if (choice === "auto") return autoLayers(layers);
  if (choice === "all") return { layers, reason: "all layers were asked for" };
  const lowest = choice.length === 1 ? /^(\d+)\+$/.exec(choice[0])?.[1] : undefined;
  if (lowest !== undefined) return autoLayersFrom(layers, Number(lowest));
  const chosen = choice.map((name) => {
    const layer = layers.find((l) => l.name === name);
    if (layer === undefined)
      throw new GeneratorError(`no layer is called "${name}"; there are ${layers.map((l) => l.name).join(", ")}`);
    return layer;
  });
  if (new Set(choice).size !== choice.length) throw new GeneratorError(`a layer is named twice: ${choice.join(", ")}`);
  return { layers: chosen, reason: "named by the user" };
}
