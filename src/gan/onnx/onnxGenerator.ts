import { decodeOnnx, withExtraOutputs } from "../../graph/onnxModel.ts";
import type { PortInfo, Session } from "../../runtime/session.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import type {
  GenerateOptions,
  GenerateResult,
  Generator,
  GeneratorInfo,
  LatentDistribution,
  LayerInfo,
} from "../generator.ts";
import { latentOfSeed, samplesOf } from "../latents.ts";
import { concatenate, type NetworkRuntime, samplesPerRun } from "../networkGenerator.ts";
import { selectLayers } from "../selectLayers.ts";
import { layerEnds } from "./onnxLayers.ts";

export interface OnnxGeneratorOptions extends NetworkRuntime {
  /** How the latent is drawn; a graph does not say. Default "normal". */
  readonly latent?: LatentDistribution;
}

/** A map of at most 4 channels is an image or a mask on its way out, not a feature map. */
const FEWEST_CHANNELS = 5;
/** Samples of the trial run that tells shapes and the range of image values. */
const TRIAL_SAMPLES = 8;

/**
 * Opens any ONNX model that turns one latent input into an image. Its inner maps are found by a trial run and become
 * outputs on demand. Throws OnnxError for what is no model, GeneratorError for a model that is no such generator.
 */
export async function openOnnxGenerator(
  model: Uint8Array,
  { runtime, provider, threads, latent = "normal" }: OnnxGeneratorOptions,
): Promise<Generator> {
  const { graph } = decodeOnnx(model);
  const settings = { provider, ...(threads === undefined ? {} : { threads }) };
  const ends = layerEnds(graph);

  const trial = await runtime.createSession(withExtraOutputs(model, ends), { provider: "cpu" });
  const port = latentPort(trial.inputs);
  const zDim = latentSize(port);
  const fixedBatch = typeof port.shape[0] === "number" ? port.shape[0] : undefined;
  const z = Array.from({ length: fixedBatch ?? TRIAL_SAMPLES }, (_, seed) => latentOfSeed(seed, zDim, latent).z);
  const found = await trial.run({ [port.name]: latentTensor(z, port) });
  await trial.dispose();

  const { name: imageName, image } = imageOutput(
    graph.outputs.map((o) => o.name),
    found,
  );
  const [, imageChannels, resolution] = image.shape;
  const mapsAmong = (names: readonly string[]): LayerInfo[] =>
    names.flatMap((name) => {
      const { dtype, shape } = found[name];
      const isMap = dtype === "float32" && shape.length === 4 && shape[2] === shape[3] && shape[2] > 1;
      return isMap && shape[1] >= FEWEST_CHANNELS ? [{ name, channels: shape[1], resolution: shape[2] }] : [];
    });
  // Who exported maps as outputs has said which ones count.
  const published = mapsAmong(graph.outputs.map((o) => o.name));
  const layers = published.length > 0 ? published : mapsAmong(ends);
  const info: GeneratorInfo = {
    family: "ONNX",
    resolution,
    imageChannels,
    imageRange: valueRange(image),
    latent,
    zDim,
    wDim: 0,
    cDim: 0,
    numWs: 0,
    layers,
  };

  const sessions = new Map<string, Promise<Session>>();
  const sessionFor = (names: readonly string[]): Promise<Session> => {
    const key = names.join();
    let made = sessions.get(key);
    if (made === undefined) {
      made = runtime.createSession(withExtraOutputs(model, names), settings);
      sessions.set(key, made);
    }
    return made;
  };

  return {
    info,
    async generate(options: GenerateOptions): Promise<GenerateResult> {
      const { truncationPsi = 1, noiseMode = "const", layers: choice = "none" } = options;
      if (truncationPsi !== 1)
        throw new GeneratorError(
          `generate: truncation (${truncationPsi}) needs a mapping network, which an ONNX generator has not`,
        );
      if (noiseMode !== "const")
        throw new GeneratorError(`generate: noise mode "${noiseMode}" is fixed inside an ONNX generator`);
      const samples = samplesOf(options, info);
      const names = typeof choice === "string" ? selectLayers(layers, choice).layers.map((l) => l.name) : choice;
      selectLayers(layers, names.length === 0 ? "none" : names);
      const session = await sessionFor(names);
      const step = fixedBatch ?? samplesPerRun(resolution);
      const results: Readonly<Record<string, Tensor>>[] = [];
      for (let start = 0; start < samples.length; start += step) {
        const batch = samples.slice(start, start + step).map((s) => s.z as Float32Array);
        const wanted = batch.length;
        while (fixedBatch !== undefined && batch.length < fixedBatch) batch.push(batch[0]);
        const fetched = await session.run({ [port.name]: latentTensor(batch, port) }, [imageName, ...names]);
        results.push(
          Object.fromEntries(Object.entries(fetched).map(([name, t]) => [name, firstSamples(t as Tensor, wanted)])),
        );
      }
      const gather = (name: string): Tensor => concatenate(results.map((r) => r[name]));
      return { image: toNchw(gather(imageName)), features: new Map(names.map((name) => [name, gather(name)])) };
    },
    async dispose() {
      for (const made of sessions.values()) await (await made).dispose();
      sessions.clear();
    },
  };
}

/** The one input that a latent can be fed to. */
function latentPort(inputs: readonly PortInfo[]): PortInfo {
  const list = inputs.map(describePort).join("; ");
  if (inputs.length !== 1)
    throw new GeneratorError(
      `not a generator that klish can run: expected exactly one input, the latent, but the model has ${inputs.length}: ${list}. ` +
        `Export it with its other inputs fixed.`,
    );
  if (inputs[0].dtype !== "float32")
    throw new GeneratorError(
      `not a generator that klish can run: its input ${list} is not float32. Export it in float32.`,
    );
  return inputs[0];
}

const describePort = ({ name, dtype, shape }: PortInfo): string => `${name} ${dtype}[${shape.join(",")}]`;

/** Elements of one sample's latent. */
function latentSize(port: PortInfo): number {
  const perSample = port.shape.slice(1);
  if (port.shape.length < 2 || perSample.some((d) => typeof d !== "number" || d < 1))
    throw new GeneratorError(
      `not a generator that klish can run: expected a latent of shape [batch, size] with a known size, got ${describePort(port)}`,
    );
  return (perSample as number[]).reduce((n, d) => n * d, 1);
}

function latentTensor(batch: readonly Float32Array[], { shape }: PortInfo): Tensor {
  const z = tensor([batch.length, ...(shape.slice(1) as number[])]);
  batch.forEach((row, i) => {
    z.data.set(row, i * row.length);
  });
  return z;
}

/** The output that looks like an image: [N,1|3,R,R], or channels last. */
function imageOutput(
  names: readonly string[],
  found: Readonly<Record<string, AnyTensor>>,
): { name: string; image: Tensor } {
  const shapes = names.map((name) => `${name} ${found[name].dtype}[${found[name].shape}]`).join("; ");
  const images = names.filter((name) => {
    const { dtype, shape } = found[name];
    return dtype === "float32" && shape.length === 4 && (isNchw(shape) || isNhwc(shape));
  });
  if (images.length === 0)
    throw new GeneratorError(
      `not an image generator: expected an output [batch, 1 or 3, R, R] in float32 with R >= 8, got ${shapes}`,
    );
  if (images.length > 1)
    throw new GeneratorError(`the model has ${images.length} outputs that look like images: ${shapes}; keep one`);
  return { name: images[0], image: toNchw(found[images[0]] as Tensor) };
}

const SMALLEST_IMAGE = 8;
const isNchw = ([, C, H, W]: readonly number[]): boolean => (C === 1 || C === 3) && H === W && H >= SMALLEST_IMAGE;
const isNhwc = ([, H, W, C]: readonly number[]): boolean => (C === 1 || C === 3) && H === W && H >= SMALLEST_IMAGE;

function toNchw(image: Tensor): Tensor {
  if (isNchw(image.shape)) return image;
  const [N, H, W, C] = image.shape;
  const moved = tensor([N, C, H, W]);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < H * W; p++) moved.data[(n * C + c) * H * W + p] = image.data[(n * H * W + p) * C + c];
  return moved;
}

function firstSamples(t: Tensor, n: number): Tensor {
  if (t.shape[0] === n) return t;
  return tensor([n, ...t.shape.slice(1)], t.data.subarray(0, (t.data.length / t.shape[0]) * n));
}

/** Values below zero mean [-1,1]; beyond 2, [0,255]; else [0,1]. Judged on the trial images. */
function valueRange({ data }: Tensor): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of data) {
    if (!Number.isFinite(v))
      throw new GeneratorError("the generator's images hold NaN or infinite values: its weights are damaged");
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low < -0.01) return [-1, 1];
  return high > 2 ? [0, 255] : [0, 1];
}
