/** What a generator can leave the package as: one ONNX model, or its weights under the family's names. */
import { writeSafetensors } from "../checkpoint/safetensors.ts";
import { toOnnx } from "../graph/emit.ts";
import { graph } from "../graph/graph.ts";
import { add, constant, expand, input, mul, reshape, sub } from "../graph/ops/index.ts";
import type { Graph, Value } from "../graph/value.ts";
import { LARGEST_HALF, roundToHalves } from "../tensor/half.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GeneratorNetwork, LatentName } from "./family.ts";
import type { GeneratorInfo, NoiseMode } from "./generator.ts";
import { featureOf, noiseInput } from "./networkGenerator.ts";
import { selectLayers } from "./selectLayers.ts";
import { OWN_FAMILY, OWN_SETTINGS } from "./settings.ts";

/** What is built into an exported generator. */
export interface OnnxExportOptions {
  /** Feature maps that become outputs, as `GenerateOptions.layers`; default "none". */
  readonly layers?: "none" | "auto" | "all" | readonly string[];
  /** Default "const". With "random" every noise map is an input, "noise/<layer>" [N,1,r,r]. */
  readonly noiseMode?: NoiseMode;
  /** Built into the model; default 1, no truncation. */
  readonly truncationPsi?: number;
  /** Layers with an index below are truncated; default all. */
  readonly truncationCutoff?: number;
}

/**
 * One ONNX model of the whole generator: inputs "z" [N,zDim] and, for conditional networks, "c" [N,cDim]; outputs "image"
 * [N,C,R,R] and the chosen feature maps under their layers' names. N is open.
 * Throws GeneratorError for unknown layers and for truncation where the network has no average w.
 */
export const exportOnnx = (network: GeneratorNetwork, options?: OnnxExportOptions): Uint8Array =>
  // The file may go to any provider.
  toOnnx(exportGraph(network, options), { dynamicBatch: true, portable: true });

/** The graph that `exportOnnx` writes, for one sample. */
export function exportGraph(
  network: GeneratorNetwork,
  { layers = "none", noiseMode = "const", truncationPsi = 1, truncationCutoff }: OnnxExportOptions = {},
): Graph {
  const { info, mapping } = network;
  const { zDim, cDim } = info;
  const z = input("z", [1, zDim]);
  const c = cDim > 0 ? input("c", [1, cDim]) : undefined;
  const latents: Partial<Record<LatentName, Value>> =
    mapping === undefined
      ? { z, ...(c !== undefined && { c }) }
      : { ws: broadcastW(network, mapping.map(z, c), truncationPsi, truncationCutoff) };
  const { image, features } = network.synthesis(latents, noiseMode, noiseInput);
  const names = typeof layers === "string" ? selectLayers(info.layers, layers).layers.map((l) => l.name) : layers;
  const outputs = Object.fromEntries(names.map((name) => [name, featureOf(features, name)]));
  return graph({ image, ...outputs });
}

/** w [1,wDim] to ws [1,numWs,wDim]: wAvg + psi (w - wAvg) below the cutoff, w from there on. */
function broadcastW({ info, mapping }: GeneratorNetwork, w: Value, psi: number, cutoff = info.numWs): Value {
  const { numWs, wDim } = info;
  const row = reshape(w, [1, 1, wDim]);
  if (psi === 1) return expand(row, [1, numWs, wDim]);
  if (!Number.isFinite(psi)) throw new GeneratorError(`exportOnnx: truncationPsi is ${psi}`);
  const wAvg = mapping?.wAvg;
  if (wAvg === undefined)
    throw new GeneratorError("exportOnnx: the file holds no average w to truncate towards; leave truncationPsi at 1");
  const scale = constant(
    [1, numWs, 1],
    Array.from({ length: numWs }, (_, layer) => (layer < cutoff ? psi : 1)),
  );
  const average = constant([1, 1, wDim], wAvg);
  return add(average, mul(sub(row, average), scale));
}

/**
 * The weights under the family's names and in its layouts, with the settings beside them as JSON in the metadata: float32,
 * or rounded to half precision, half the size. `openGenerator` reads such a file; equal networks give equal bytes. Throws
 * GeneratorError where a weight is too large for half precision.
 */
export function exportSafetensors(
  {
    info,
    weights,
    settings,
  }: Pick<GeneratorNetwork, "weights" | "settings"> & { readonly info: Pick<GeneratorInfo, "family"> },
  { half = false }: { readonly half?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const stored = half ? new Map([...weights].map(([name, weight]) => [name, rounded(name, weight)])) : weights;
  return writeSafetensors(stored, { [OWN_FAMILY]: info.family, [OWN_SETTINGS]: JSON.stringify(settings) });
}

function rounded(name: string, { shape, data }: Tensor): Tensor<"float16"> {
  const large = data.find((v) => Math.abs(v) > LARGEST_HALF);
  if (large !== undefined)
    throw new GeneratorError(`exportSafetensors: ${name} holds ${large}, half precision ends at ${LARGEST_HALF}`);
  return { dtype: "float16", shape, data: roundToHalves(data) };
}
