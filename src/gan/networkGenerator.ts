import { graph } from "../graph/graph.ts";
import { input } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { compile, type Provider, type Runtime, type Session } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GeneratorNetwork, NoisePort } from "./family.ts";
import type { GenerateOptions, GenerateResult, Generator, NoiseMode } from "./generator.ts";
import { type Sample, samplesOf } from "./latents.ts";
import { selectLayers } from "./selectLayers.ts";

export interface NetworkRuntime {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly threads?: number;
}

/** Image pixels that one run takes on: enough to fill the machine, few enough to bound the memory of inner maps. */
const PIXELS_PER_RUN = 2 ** 16;

/** Samples that one run takes on at a resolution. */
export const samplesPerRun = (resolution: number): number =>
  Math.min(32, Math.max(1, Math.floor(PIXELS_PER_RUN / resolution ** 2)));

/**
 * Runs a family's network: mapping, truncation (w_avg + psi (w - w_avg) below the cutoff), synthesis. Graphs are
 * compiled when they are first needed, one per noise mode and choice of layers, and run on any number of samples.
 */
export function networkGenerator(network: GeneratorNetwork, { runtime, provider, threads }: NetworkRuntime): Generator {
  const { info, wAvg } = network;
  const { zDim, cDim, wDim, numWs } = info;
  const sessions = new Map<string, Promise<Session>>();
  const session = (key: string, build: () => Readonly<Record<string, Value>>): Promise<Session> => {
    let made = sessions.get(key);
    if (made === undefined) {
      const settings = { runtime, provider, dynamicBatch: true, ...(threads === undefined ? {} : { threads }) };
      made = compile(graph(build()), settings);
      sessions.set(key, made);
    }
    return made;
  };

  const mappingSession = (): Promise<Session> =>
    session("mapping", () => ({
      w: network.mapping(input("z", [1, zDim]), cDim > 0 ? input("c", [1, cDim]) : undefined),
    }));
  const synthesisSession = (noiseMode: NoiseMode, layers: readonly string[]): Promise<Session> =>
    session(`${noiseMode}:${layers.join()}`, () => {
      const { image, features } = network.synthesis(input("ws", [1, numWs, wDim]), noiseMode, noiseInput);
      const outputs: Record<string, Value> = { image };
      for (const name of layers) {
        const value = features.get(name);
        if (value === undefined)
          throw new GeneratorError(`no layer is called "${name}"; there are ${[...features.keys()].join(", ")}`);
        outputs[featureOutput(name)] = value;
      }
      return outputs;
    });

  /** [N,numWs,wDim] of a batch, truncated. */
  async function mapToWs(batch: readonly Sample[], psi: number, cutoff: number): Promise<Tensor> {
    const given = batch.map((s) => s.ws);
    if (given[0] !== undefined) return stack(given as Float32Array[], [numWs, wDim]);
    const feeds: Record<string, Tensor> = {
      z: stack(
        batch.map((s) => s.z as Float32Array),
        [zDim],
      ),
    };
    if (cDim > 0)
      feeds["c"] = stack(
        batch.map((s) => s.c as Float32Array),
        [cDim],
      );
    const w = (await (await mappingSession()).run(feeds))["w"] as Tensor;
    const ws = tensor([batch.length, numWs, wDim]);
    for (let n = 0; n < batch.length; n++)
      for (let layer = 0; layer < numWs; layer++)
        for (let d = 0; d < wDim; d++) {
          const value = w.data[n * wDim + d];
          const truncated = psi === 1 || layer >= cutoff ? value : wAvg[d] + psi * (value - wAvg[d]);
          ws.data[(n * numWs + layer) * wDim + d] = truncated;
        }
    return ws;
  }

  return {
    info,
    async generate(options: GenerateOptions): Promise<GenerateResult> {
      const { truncationPsi = 1, truncationCutoff = numWs, noiseMode = "const", layers = "none" } = options;
      if (!Number.isFinite(truncationPsi)) throw new GeneratorError(`generate: truncationPsi is ${truncationPsi}`);
      const samples = samplesOf(options, info);
      const names = typeof layers === "string" ? selectLayers(info.layers, layers).layers.map((l) => l.name) : layers;
      const synthesis = await synthesisSession(noiseMode, names);
      const results: { ws: Tensor; fetched: Readonly<Record<string, Tensor>> }[] = [];
      const step = samplesPerRun(info.resolution);
      for (let start = 0; start < samples.length; start += step) {
        const batch = samples.slice(start, start + step);
        const ws = await mapToWs(batch, truncationPsi, truncationCutoff);
        const feeds: Record<string, Tensor> = { ws };
        if (noiseMode === "random") for (const port of network.noise) feeds[noiseName(port)] = randomNoise(batch, port);
        results.push({ ws, fetched: (await synthesis.run(feeds)) as Readonly<Record<string, Tensor>> });
      }
      const gather = (name: string): Tensor => concatenate(results.map((r) => r.fetched[name]));
      return {
        image: gather("image"),
        features: new Map(names.map((name) => [name, gather(featureOutput(name))])),
        ws: concatenate(results.map((r) => r.ws)),
      };
    },
    async dispose() {
      for (const made of sessions.values()) await (await made).dispose();
      sessions.clear();
    },
  };
}

const featureOutput = (layer: string): string => `feat/${layer}`;
const noiseName = ({ layer }: NoisePort): string => `noise/${layer}`;
const noiseInput = (port: NoisePort): Value => input(noiseName(port), [1, 1, port.resolution, port.resolution]);

/** [N,1,r,r]; ports are asked for in forward order, so a sample's noise depends on its seed alone. */
function randomNoise(batch: readonly Sample[], { resolution }: NoisePort): Tensor {
  const maps = batch.map(({ random }) => Float32Array.from({ length: resolution ** 2 }, () => random.randn()));
  return stack(maps, [1, resolution, resolution]);
}

function stack(parts: readonly Float32Array[], shape: readonly number[]): Tensor {
  const data = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, i) => {
    data.set(part, i * part.length);
  });
  return tensor([parts.length, ...shape], data);
}

/** Joins batches along the first axis. */
export function concatenate(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0];
  const data = new Float32Array(parts.reduce((n, p) => n + p.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return tensor([parts.reduce((n, p) => n + p.shape[0], 0), ...parts[0].shape.slice(1)], data);
}
