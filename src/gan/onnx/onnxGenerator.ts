import { withExtraOutputs } from "../../graph/onnxModel.ts";
import type { Session } from "../../runtime/session.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import { refuseNotFinite } from "../finite.ts";
import type { GenerateOptions, GenerateResult, Generator, GeneratorInfo, LatentDistribution } from "../generator.ts";
import { samplesOf } from "../latents.ts";
import { concatenate, type NetworkRuntime, samplesPerRun } from "../networkGenerator.ts";
import { selectLayers } from "../selectLayers.ts";
import { feedsOf } from "./feeds.ts";
import { imageTensor, toFloat32 } from "./image.ts";
import type { OnnxSignature } from "./signature.ts";
import { type OnnxModel, tryOnnx } from "./trial.ts";

export interface OnnxGeneratorOptions extends NetworkRuntime {
  /** How the latent is drawn; a graph does not say. Default "normal". */
  readonly latent?: LatentDistribution;
  /** Where the model is tried, such as a process that can be ended. Default: `tryOnnx` on the runtime. */
  readonly trial?: (model: OnnxModel, latent: LatentDistribution) => Promise<OnnxSignature>;
}

/**
 * Opens any ONNX model that turns a latent into an image. How it is used is found by a trial run; its inner maps become
 * outputs on demand. Throws OnnxError for what is not a model, GeneratorError for a model that is not such a generator.
 */
export async function openOnnxGenerator(
  model: OnnxModel,
  { runtime, provider, threads, latent = "normal", trial }: OnnxGeneratorOptions,
): Promise<Generator> {
  const signature = await (trial === undefined ? tryOnnx(model, { runtime, latent }) : trial(model, latent));
  const { image, space, batch, layers } = signature;
  const size = signature.latents.reduce((sum, port) => sum + port.size, 0);
  const info: GeneratorInfo = {
    family: "ONNX",
    resolution: image.resolution,
    imageChannels: image.channels === 4 ? 3 : image.channels,
    imageRange: image.range,
    latent,
    zDim: space.kind === "z" ? size : 0,
    wDim: space.kind === "z" ? 0 : space.size,
    cDim: signature.classes?.count ?? 0,
    numWs: space.kind === "z" ? 0 : space.layers,
    layers,
    notes: signature.notes,
    ...(signature.varies === null ? {} : { varies: signature.varies }),
  };

  const settings = {
    provider,
    ...(threads === undefined ? {} : { threads }),
    ...(model.externalData === undefined ? {} : { externalData: model.externalData }),
  };
  const sessions = new Map<string, Promise<Session>>();
  const sessionFor = (names: readonly string[]): Promise<Session> => {
    const key = JSON.stringify(names);
    let made = sessions.get(key);
    if (made === undefined) {
      made = runtime.createSession(withExtraOutputs(model.bytes, names), settings);
      sessions.set(key, made);
    }
    return made;
  };

  return {
    info,
    async generate(options: GenerateOptions): Promise<GenerateResult> {
      const { truncationPsi = 1, noiseMode = "const", layers: choice = "none" } = options;
      const samples = samplesOf(options, info);
      if (truncationPsi !== 1 && signature.truncation === null)
        throw new GeneratorError(
          `generate: truncation (${truncationPsi}) needs a mapping network, which an ONNX generator has not`,
        );
      if (noiseMode !== "const" && signature.noise.length === 0)
        throw new GeneratorError(`generate: noise mode "${noiseMode}" is fixed inside an ONNX generator`);
      const names = typeof choice === "string" ? selectLayers(layers, choice).layers.map((l) => l.name) : choice;
      selectLayers(layers, names.length === 0 ? "none" : names);
      const session = await sessionFor(names);
      const step = batch === "any" ? samplesPerRun(image.resolution) : batch;
      const results: Map<string, Tensor>[] = [];
      for (let start = 0; start < samples.length; start += step) {
        const part = samples.slice(start, start + step);
        const wanted = part.length;
        while (batch !== "any" && part.length < batch) part.push(part[0]);
        const fetched = await session.run(feedsOf(signature, part, { truncationPsi, noiseMode }), [
          image.name,
          ...names,
        ]);
        const shown = firstSamples(imageTensor(fetched[image.name], image), wanted);
        const maps = names.map((name) => [name, firstSamples(toFloat32(fetched[name] as AnyTensor), wanted)] as const);
        results.push(new Map([...maps, [IMAGE, shown]]));
      }
      const gather = (name: string): Tensor => concatenate(results.map((r) => r.get(name) as Tensor));
      const result = { image: gather(IMAGE), features: new Map(names.map((name) => [name, gather(name)])) };
      refuseNotFinite(options, result);
      return result;
    },
    async dispose() {
      for (const made of sessions.values()) await (await made).dispose();
      sessions.clear();
    },
  };
}

/** No tensor of a graph has an empty name. */
const IMAGE = "";

function firstSamples(t: Tensor, n: number): Tensor {
  if (t.shape[0] === n) return t;
  return tensor([n, ...t.shape.slice(1)], t.data.subarray(0, (t.data.length / t.shape[0]) * n));
}
