import type { ExternalData } from "../../graph/onnxExternal.ts";
import { decodeOnnx, type OnnxNode, withExtraOutputs } from "../../graph/onnxModel.ts";
import type { Runtime, Session } from "../../runtime/session.ts";
import type { AnyTensor, Tensor } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import { samplesNotFinite } from "../finite.ts";
import type { LatentDistribution, LayerInfo } from "../generator.ts";
import { latentOfSeed, oneHot, type Sample } from "../latents.ts";
import { concatenate, samplesPerRun } from "../networkGenerator.ts";
import { feedsOf } from "./feeds.ts";
import { findImage, imageTensor, valueRange } from "./image.ts";
import { readInputs } from "./inputs.ts";
import { layerEnds } from "./onnxLayers.ts";
import type { OnnxInputs, OnnxSignature } from "./signature.ts";

/** An ONNX model with the content of the files in which it keeps weights. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly externalData?: readonly ExternalData[];
}

export interface TrialOptions {
  readonly runtime: Runtime;
  readonly latent: LatentDistribution;
  /** Called after each run: sign of life for whoever waits. */
  readonly onRun?: () => void;
}

/** A map of at most 4 channels is an image or a mask on its way out, not a feature map. */
const FEWEST_CHANNELS = 5;
/** Images that tell the range of their values. */
const TRIAL_SEEDS = 8;
/** Batches that exporters bake into models whose inputs say that it is open. */
const BAKED_BATCHES = [1, 2, 4, 8, 16, 32, 64];
/** Differences of images, as a part of their largest value: of two equal runs, and of other company in the batch. */
const SAME = 1e-5;
const ALIKE = 1e-2;

const RANDOM = new Set([
  "Bernoulli",
  "Multinomial",
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
]);
const SETTINGS = { truncationPsi: 1, noiseMode: "const" } as const;

/**
 * Finds out how a model is used, by running it: what its inputs and outputs are, how many samples it takes at once, whether
 * a seed gives the same image again, and which inner maps it has. Throws OnnxError for what is not a model, GeneratorError
 * for what is not a generator, RuntimeError where it does not run.
 */
export async function tryOnnx(
  { bytes, externalData = [] }: OnnxModel,
  { runtime, latent, onRun = () => undefined }: TrialOptions,
): Promise<OnnxSignature> {
  const { graph } = decodeOnnx(bytes);
  const ends = layerEnds(graph);
  const session = await runtime.createSession(withExtraOutputs(bytes, ends), { provider: "cpu", externalData });
  try {
    const inputs = readInputs(session.inputs, graph);
    const published = graph.outputs.map((o) => o.name);
    return await trial(session, inputs, { published, ends, latent, onRun, random: graph.nodes.filter(isRandom) });
  } finally {
    await session.dispose();
  }
}

const isRandom = ({ opType }: OnnxNode): boolean => RANDOM.has(opType);

interface Model {
  readonly published: readonly string[];
  readonly ends: readonly string[];
  readonly latent: LatentDistribution;
  readonly onRun: () => void;
  readonly random: readonly OnnxNode[];
}

async function trial(
  session: Session,
  inputs: OnnxInputs,
  { published, ends, latent, onRun, random }: Model,
): Promise<OnnxSignature> {
  const notes = [...inputs.notes];
  const seeds = Array.from({ length: TRIAL_SEEDS }, (_, seed) => trialSample(inputs, seed, latent));
  const some = (count: number, first = 0): Sample[] =>
    Array.from({ length: count }, (_, i) => seeds[(first + i) % TRIAL_SEEDS]);
  const run = async (samples: readonly Sample[], outputs: readonly string[]): Promise<Map<string, AnyTensor>> => {
    const fetched = await session.run(feedsOf(inputs, samples, SETTINGS), outputs);
    onRun();
    return new Map(outputs.map((name) => [name, fetched[name]]));
  };

  const { size, image, first } = await firstRun(inputs.batch, published, (n) => run(some(n), published));
  const images = async (samples: readonly Sample[]): Promise<Tensor> =>
    imageTensor((await run(samples, [image.name])).get(image.name) as AnyTensor, image);
  const alone = imageTensor(first, image);
  let varies: string | null = null;
  if (difference(alone, await images(some(size))) > SAME) {
    const nodes = [...new Set(random.map((node) => node.opType))].join(", ");
    varies = `two runs of one seed give different images${nodes === "" ? "" : ` (${nodes} inside)`}. Export it with fixed noise (StyleGAN: noise_mode="const")`;
  }

  let batch = inputs.batch;
  let maps: Map<string, AnyTensor> | undefined;
  if (batch === "any") {
    const pair = size === 1 ? await run(some(2), [...published, ...ends]).catch(() => undefined) : undefined;
    const both = pair?.get(image.name);
    if (both === undefined || both.shape[0] !== 2) {
      batch = size;
      notes.push(`a batch of ${size} is fixed inside, though its input leaves it open: so many samples run at a time`);
    } else if (varies === null && difference(alone, imageTensor(both, image)) > ALIKE) {
      batch = 1;
      notes.push(
        `its images depend on what else is in their batch (batch normalisation in training mode?): one runs at a time`,
      );
    } else maps = pair;
  }
  if (typeof batch === "number" && batch > 1 && varies === null) {
    const company = await images([seeds[0], ...some(batch - 1, 2)]);
    if (difference(alone, company) > ALIKE)
      varies = `images depend on what else is in their batch of ${batch}. Export it in evaluation mode, with a dynamic batch`;
  }
  maps ??= await run(some(typeof batch === "number" ? batch : 1), [...published, ...ends]);

  const step = typeof batch === "number" ? batch : Math.min(TRIAL_SEEDS, samplesPerRun(image.resolution));
  const parts: Tensor[] = [];
  for (let seed = 0; seed < TRIAL_SEEDS; seed += step) parts.push(await images(some(step, seed)));
  const pictures = concatenate(parts);
  const range = valueRange(pictures, first.dtype);
  if (range === undefined)
    throw new GeneratorError("the generator's images hold NaN or infinite values: its weights are damaged");
  const broken = [...new Set(samplesNotFinite(pictures).map((n) => n % TRIAL_SEEDS))];
  if (broken.length > 0)
    notes.push(`NaN or infinite values for seeds ${broken.join(", ")} of the first ${TRIAL_SEEDS}`);
  if (pictures.shape[0] > 1 && varies === null && allAlike(pictures))
    throw new GeneratorError(
      `not a generator that klish can run: every seed gives the same image. ${inputs.notes.join("; ")}.`,
    );
  if (image.channels === 4) notes.push(`output ${image.name}: the alpha channel is left out`);
  if (image.layout.startsWith("flat"))
    notes.push(
      `output ${image.name}: flat, read as ${image.layout === "flat hwc" ? "[R, R, channels]" : "[channels, R, R]"}`,
    );
  if (first.dtype !== "float32") notes.push(`output ${image.name}: ${first.dtype}`);

  if (varies !== null) notes.push(varies);

  const { shape: imageShape } = maps.get(image.name) as AnyTensor;
  const layers = (names: readonly string[]): LayerInfo[] =>
    names.flatMap((name) => {
      const { dtype, shape } = (maps as Map<string, AnyTensor>).get(name) as AnyTensor;
      const numbers = dtype === "float32" || dtype === "float16" || dtype === "float64";
      // A map without the batch is the same for every sample: it tells nothing.
      const isMap =
        numbers && shape.length === 4 && shape[0] === imageShape[0] && shape[2] === shape[3] && shape[2] > 1;
      return isMap && shape[1] >= FEWEST_CHANNELS ? [{ name, channels: shape[1], resolution: shape[2] }] : [];
    });
  // Who exported maps as outputs has said which ones count.
  const named = layers(published);
  return {
    ...inputs,
    batch,
    notes,
    image: { ...image, range },
    layers: named.length > 0 ? named : layers(ends),
    varies,
  };
}

/** The first number of samples that the model takes, with the image among its outputs. Throws the error of the first try. */
async function firstRun(
  batch: number | "any",
  published: readonly string[],
  run: (samples: number) => Promise<Map<string, AnyTensor>>,
): Promise<{ size: number; image: ReturnType<typeof findImage>; first: AnyTensor }> {
  let failure: unknown;
  for (const size of batch === "any" ? BAKED_BATCHES : [batch]) {
    try {
      const outputs = await run(size);
      const image = findImage(new Map(published.map((name) => [name, outputs.get(name) as AnyTensor])));
      const first = outputs.get(image.name) as AnyTensor;
      if (first.shape[0] === size) return { size, image, first };
      failure ??= new GeneratorError(
        `not a generator that klish can run: ${size} samples give ${first.shape[0]} images, output ${image.name} [${first.shape}]`,
      );
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function trialSample({ space, latents, classes }: OnnxInputs, seed: number, latent: LatentDistribution): Sample {
  const size = latents.reduce((sum, port) => sum + port.size, 0);
  const drawn = latentOfSeed(seed, space.kind === "z" ? size : space.size, latent);
  const c = classes === null ? {} : { c: oneHot(seed % classes.count, classes.count).data };
  if (space.kind === "z") return { ...drawn, ...c };
  const ws = new Float32Array(size);
  for (let layer = 0; layer < space.layers; layer++) ws.set(drawn.z, layer * space.size);
  return { ws, random: drawn.random, ...c };
}

/** The largest difference of the samples that both have, as a part of the largest value. NaN differs from numbers only. */
function difference(a: Tensor, b: Tensor): number {
  const length = Math.min(a.data.length, b.data.length, a.data.length / a.shape[0]);
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.data[i], b.data[i]];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (x === y) {
      if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
      continue;
    }
    worst = Math.max(worst, Number.isFinite(x - y) ? Math.abs(x - y) : Number.POSITIVE_INFINITY);
    scale = Math.max(scale, Math.abs(x), Math.abs(y));
  }
  return worst === 0 ? 0 : worst / scale;
}

/** Whether all samples are the same. */
function allAlike({ shape, data }: Tensor): boolean {
  const size = data.length / shape[0];
  return data.every((v, i) => Object.is(v, data[i % size]));
}
