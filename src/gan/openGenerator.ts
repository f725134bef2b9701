import { readCheckpoint } from "../checkpoint/readCheckpoint.ts";
import { looksLikeSafetensors } from "../checkpoint/safetensors.ts";
import type { Checkpoint, StateDict } from "../checkpoint/stateDict.ts";
import { tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GanFamily, GeneratorNetwork } from "./family.ts";
import type { Generator, GeneratorInfo } from "./generator.ts";
import { oneHot } from "./latents.ts";
import { networkGenerator } from "./networkGenerator.ts";
import { type OnnxGeneratorOptions, openOnnxGenerator } from "./onnx/onnxGenerator.ts";
import type { OnnxModel } from "./onnx/trial.ts";
import { pggan } from "./pggan/pggan.ts";
import { pytorchExport } from "./pytorchExport.ts";
import { styleGan } from "./stylegan/stylegan.ts";
import { styleGan2 } from "./stylegan2/stylegan2.ts";

/** Families of official checkpoints. Adding one means adding a file and a row. */
export const families: readonly GanFamily[] = [styleGan2, styleGan, pggan];

export interface OpenBytesOptions extends OnnxGeneratorOptions, Pick<OnnxModel, "externalData"> {
  /** What messages call the file. */
  readonly file?: string;
}

/**
 * Opens a generator from the bytes of an official checkpoint or of an ONNX model. Nothing in the file is executed.
 * Throws CheckpointError, OnnxError or GeneratorError.
 */
export async function openGeneratorBytes(bytes: Uint8Array, options: OpenBytesOptions): Promise<Generator> {
  const network = looksLikeOnnx(bytes) ? undefined : buildNetwork(readCheckpoint(bytes), options.file);
  const { externalData } = options;
  const open = async (settings: OnnxGeneratorOptions): Promise<Generator> =>
    network === undefined
      ? openOnnxGenerator({ bytes, ...(externalData && { externalData }) }, settings)
      : networkGenerator(network, settings);
  const generator = await open(options);
  if (options.provider !== "cpu")
    await compareWithCpu(generator, await open({ ...options, provider: "cpu" }), options.provider);
  return generator;
}

/**
 * The network of an official checkpoint, by the first family that knows it. `file` is what messages call it. Throws
 * GeneratorError.
 */
export function buildNetwork(checkpoint: Checkpoint, file = "weights.pt"): GeneratorNetwork {
  const { checkpoint: plain, wrapper } = unwrapped(checkpoint);
  const family = families.find((f) => f.matches(plain));
  if (family === undefined) throw unknownNetwork(plain, file);
  const network = family.build(plain);
  if (wrapper === undefined) return network;
  const notes = [
    ...(network.info.notes ?? []),
    `names were read without "${wrapper}", which PyTorch's ${WRAPPERS[wrapper]} puts before them`,
  ];
  return { ...network, info: { ...network.info, notes } };
}

/** What PyTorch puts before the names of a module that it wraps. */
const WRAPPERS: Readonly<Record<string, string>> = { "module.": "DataParallel", "_orig_mod.": "compile" };

/** The checkpoint without a wrapper's prefix, where all names of a network have it. */
function unwrapped(checkpoint: Checkpoint): { readonly checkpoint: Checkpoint; readonly wrapper?: string } {
  let wrapper: string | undefined;
  const networks = [...checkpoint.networks].map(([network, weights]): [string, StateDict] => {
    const prefix = Object.keys(WRAPPERS).find((p) => [...weights.keys()].every((name) => name.startsWith(p)));
    if (prefix === undefined || weights.size === 0) return [network, weights];
    wrapper = prefix;
    return [network, new Map([...weights].map(([name, tensor]) => [name.slice(prefix.length), tensor]))];
  });
  return wrapper === undefined
    ? { checkpoint }
    : { checkpoint: { ...checkpoint, networks: new Map(networks) }, wrapper };
}

/** Containers that PyTorch users keep state dicts in. */
const STATE_DICTS = new Set(["torch-zip", "torch-legacy", "pickle", "safetensors"]);

function unknownNetwork({ format, networks, config }: Checkpoint, file: string): GeneratorError {
  const known =
    `the file is a readable checkpoint (${format}: ${[...networks.keys()].map(named).join(", ")}) but holds no ` +
    `generator of a known family (${families.map((f) => f.name).join(", ")}); those are called ` +
    `${[...new Set(families.flatMap((f) => f.networks))].map(named).join(", ")}`;
  if (Object.keys(config[""] ?? {}).some((key) => key.startsWith("klish")))
    return new GeneratorError(
      `${file} is a file of klish's own, but not a generator; of a training run, give the folder or its network.safetensors`,
    );
  const likely = [...networks].find(([name]) => /^g|ema/i.test(name)) ?? [...networks][0];
  if (!STATE_DICTS.has(format) || likely === undefined) return new GeneratorError(known);
  const [network, weights] = likely;
  return new GeneratorError(`${known}.`, {
    way: `Weights alone do not say how a network computes. Export it to ONNX, where it was trained:\n\n${pytorchExport(weights, file, network)}\n`,
  });
}

const named = (network: string): string => network || "weights at the top";

/**
 * An ONNX model starts with its IR version: field 1 as a varint below 64. A safetensors file may start so too, with the
 * length of its header; the header's own first byte tells it.
 */
export const looksLikeOnnx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x08 && bytes[1] > 0 && bytes[1] < 64 && !looksLikeSafetensors(bytes);

/** Above the rounding of half-precision accumulations on GPUs, far below what a wrong operator does. */
const PROVIDER_TOLERANCE = 2e-2;

/** Refuses a provider that computes this very network wrongly: one sample on it against one on the CPU. */
async function compareWithCpu(generator: Generator, reference: Generator, provider: string): Promise<void> {
  if (generator.info.varies !== undefined) return reference.dispose();
  const probe = probeOptions(generator.info);
  const [got, expected] = [(await generator.generate(probe)).image.data, (await reference.generate(probe)).image.data];
  await reference.dispose();
  const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  const error =
    expected.reduce(
      (m, v, i) => (Number.isNaN(got[i]) ? Number.POSITIVE_INFINITY : Math.max(m, Math.abs(got[i] - v))),
      0,
    ) / scale;
  if (error <= PROVIDER_TOLERANCE) return;
  await generator.dispose();
  throw new GeneratorError(
    `provider "${provider}" computes this generator wrongly (relative error ${error.toPrecision(2)} against the CPU); use --provider cpu`,
  );
}

function probeOptions({ zDim, cDim, numWs, wDim }: GeneratorInfo): Parameters<Generator["generate"]>[0] {
  const wave = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1));
  const c = cDim === 0 ? {} : { c: oneHot(0, cDim) };
  if (zDim === 0) return { ws: tensor([1, numWs, wDim], wave(numWs * wDim)), ...c };
  return { z: tensor([1, zDim], wave(zDim)), ...c };
}
