/** extractor.safetensors: a classifier of pixels that was learned from masks. */
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { checkNetwork, isLinear, type PixelModel, type PixelNetworkName } from "../../models/pixelModel.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";

/** Key of the description in the file's metadata. */
const METADATA = "klish.extractor";
/** What a linear classifier is called there. */
const LINEAR = "linear";

const description = z.strictObject({
  network: z.literal([LINEAR, "mlp-ensemble", "cnn"]),
  k: z.int().min(2).max(255),
  channels: z.int().min(1),
});

export const extractorPath = (run: string): string => join(run, "extractor.safetensors");

/** Writes the classifier of a run. */
export async function saveExtractor(run: string, model: PixelModel): Promise<void> {
  const { k, channels } = model;
  const tensors: ReadonlyMap<string, AnyTensor> = isLinear(model)
    ? new Map([
        ["weight", tensor([k, channels], model.weight)],
        ["bias", tensor([k], model.bias)],
      ])
    : model.weights;
  const about = { network: isLinear(model) ? LINEAR : model.network, k, channels };
  await writeAtomic(extractorPath(run), writeSafetensors(tensors, { [METADATA]: JSON.stringify(about) }));
}

/** The classifier of a run; undefined where none was written yet. Throws ProjectError where it is damaged. */
export async function loadExtractor(run: string): Promise<PixelModel | undefined> {
  const path = extractorPath(run);
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const { network, k, channels } = description.parse(JSON.parse(metadata[METADATA] ?? "null"));
    const read = new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor]));
    return network === LINEAR ? linear(read, k, channels) : networkModel(network, read, k, channels);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProjectError(`${path} is damaged (${reason}). Delete it and run the command that made it again.`, {
      cause,
    });
  }
}

function linear(read: ReadonlyMap<string, Tensor>, k: number, channels: number): PixelModel {
  const of = (name: string, length: number): Float32Array => {
    const data = read.get(name)?.data;
    if (!(data instanceof Float32Array) || data.length !== length)
      throw new RangeError(`${name} has ${data?.length ?? 0} numbers, expected ${length}`);
    return data;
  };
  return { k, channels, weight: of("weight", k * channels), bias: of("bias", k) };
}

const networkModel = (
  network: PixelNetworkName,
  weights: ReadonlyMap<string, Tensor>,
  k: number,
  channels: number,
): PixelModel => checkNetwork({ network, k, channels, weights });
