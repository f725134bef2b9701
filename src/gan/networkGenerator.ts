import { graph } from "../graph/graph.ts";
import { input } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { compile, type Provider, type Runtime, type Session } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GeneratorNetwork, LatentName, MappingNetwork, NoisePort } from "./family.ts";
import { refuseNotFinite } from "./finite.ts";
import type { GenerateOptions, GenerateResult, Generator, NoiseMode } from "./generator.ts";
import { latentOfSeed, oneHot, type Sample, samplesOf } from "./latents.ts";
import { selectLayers } from "./selectLayers.ts";

export interface NetworkRuntime {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly threads?: number;
}

/** Image pixels that one run takes on: enough to fill the machine, few enough to bound the memory of inner maps. */
const PIXELS_PER_RUN = 2 ** 16;

/** Seeds 0, 1, ... whose w are averaged where a file has no average. */
const SEEDS_OF_AVERAGE = 4096;

/** Samples that one run takes on at a resolution. */
export const samplesPerRun = (resolution: number): number =>
  Math.min(32, Math.max(1, Math.floor(PIXELS_PER_RUN / resolution ** 2)));

/**
 * Runs a family's network: mapping, truncation (w_avg + psi (w - w_avg) below the cutoff), synthesis. Graphs are
 * compiled when they are first needed, one per noise mode and choice of layers, and run on any number of samples.
 */
export function networkGenerator(network: GeneratorNetwork, { runtime, provider, threads }: NetworkRuntime): Generator {
  const { info, mapping } = network;
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

  const mappingSession = (mapping: MappingNetwork): Promise<Session> =>
    session("mapping", () => ({
      w: mapping.map(input("z", [1, zDim]), cDim > 0 ? input("c", [1, cDim]) : undefined),
    }));
  const synthesisSession = (noiseMode: NoiseMode, layers: readonly string[]): Promise<Session> =>
    session(`${noiseMode}:${layers.join()}`, () => {
      const latents = Object.fromEntries(network.latents.map((name) => [name, input(name, [1, ...latentShape[name]])]));
      const { image, features } = network.synthesis(latents, noiseMode, noiseInput);
      const outputs: Record<string, Value> = { image };
      for (const name of layers) outputs[featureOutput(name)] = featureOf(features, name);
      return outputs;
    });

  const latentShape: Readonly<Record<LatentName, readonly number[]>> = { z: [zDim], c: [cDim], ws: [numWs, wDim] };
  /** A latent of every sample, [N, ...]. */
  const stacked = (batch: readonly Sample[], name: LatentName): Tensor =>
    stack(
      batch.map((sample) => sample[name] as Float32Array),
      latentShape[name],
    );

  /** [N,wDim] */
  async function mapToW(network: MappingNetwork, batch: readonly Sample[]): Promise<Float32Array> {
    const feeds = { z: stacked(batch, "z"), ...(cDim > 0 && { c: stacked(batch, "c") }) };
    return ((await (await mappingSession(network)).run(feeds))["w"] as Tensor).data;
  }

  let average: Promise<Float32Array> | undefined;
  /** Where the file has no average w: the mean over many seeds (and, for conditional networks, over the classes). */
  async function averageW(network: MappingNetwork): Promise<Float32Array> {
    const seeds = Array.from({ length: SEEDS_OF_AVERAGE }, (_, seed) => ({
      ...latentOfSeed(seed, zDim, info.latent),
      ...(cDim > 0 && { c: oneHot(seed % cDim, cDim).data }),
    }));
    const w = await mapToW(network, seeds);
    return Float32Array.from({ length: wDim }, (_, d) => {
      let sum = 0;
      for (let n = 0; n < seeds.length; n++) sum += w[n * wDim + d];
      return sum / seeds.length;
    });
  }

  /** [N,numWs,wDim] of a batch, truncated. */
  async function mapToWs(
    network: MappingNetwork,
    batch: readonly Sample[],
    psi: number,
    cutoff: number,
  ): Promise<Tensor> {
    if (batch[0].ws !== undefined) return stacked(batch, "ws");
    const w = await mapToW(network, batch);
    if (psi !== 1) average ??= network.wAvg === undefined ? averageW(network) : Promise.resolve(network.wAvg);
    const wAvg = psi === 1 ? undefined : await average;
    const ws = tensor([batch.length, numWs, wDim]);
    for (let n = 0; n < batch.length; n++)
      for (let layer = 0; layer < numWs; layer++)
        for (let d = 0; d < wDim; d++) {
          const value = w[n * wDim + d];
          const truncated = wAvg === undefined || layer >= cutoff ? value : wAvg[d] + psi * (value - wAvg[d]);
          ws.data[(n * numWs + layer) * wDim + d] = truncated;
        }
    return ws;
  }

  async function latentsOf(batch: readonly Sample[], psi: number, cutoff: number): Promise<Record<string, Tensor>> {
    if (mapping !== undefined) return { ws: await mapToWs(mapping, batch, psi, cutoff) };
    return Object.fromEntries(network.latents.map((name) => [name, stacked(batch, name)]));
  }

  return {
    info,
    async generate(options: GenerateOptions): Promise<GenerateResult> {
      const { truncationPsi = 1, truncationCutoff = numWs, noiseMode = "const", layers = "none" } = options;
      if (!Number.isFinite(truncationPsi)) throw new GeneratorError(`generate: truncationPsi is ${truncationPsi}`);
      const samples = samplesOf(options, info);
      const names = typeof layers === "string" ? selectLayers(info.layers, layers).layers.map((l) => l.name) : layers;
      const synthesis = await synthesisSession(noiseMode, names);
      const results: Readonly<Record<string, Tensor>>[] = [];
      const step = samplesPerRun(info.resolution);
      for (let start = 0; start < samples.length; start += step) {
        const batch = samples.slice(start, start + step);
        const latents = await latentsOf(batch, truncationPsi, truncationCutoff);
        const feeds = { ...latents };
        if (noiseMode === "random") for (const port of network.noise) feeds[noiseName(port)] = randomNoise(batch, port);
        results.push({ ...latents, ...((await synthesis.run(feeds)) as Readonly<Record<string, Tensor>>) });
      }
      const gather = (name: string): Tensor => concatenate(results.map((r) => r[name]));
      const result = {
        image: gather("image"),
        features: new Map(names.map((name) => [name, gather(featureOutput(name))])),
        ...(mapping !== undefined && { ws: gather("ws") }),
      };
      refuseNotFinite(options, result);
      return result;
    },
    async dispose() {
      for (const made of sessions.values()) await (await made).dispose();
      sessions.clear();
    },
  };
}

/** Throws GeneratorError that lists the layers when there is no such one. */
export function featureOf(features: ReadonlyMap<string, Value>, name: string): Value {
  const value = features.get(name);
  if (value === undefined)
    throw new GeneratorError(`no layer is called "${name}"; there are ${[...features.keys()].join(", ")}`);
  return value;
}

const featureOutput = (layer: string): string => `feat/${layer}`;
const noiseName = ({ layer }: NoisePort): string => `noise/${layer}`;
export const noiseInput = (port: NoisePort): Value => input(noiseName(port), [1, 1, port.resolution, port.resolution]);

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
