/**
 * Photos through a network that turns pictures into feature maps, as a generator: image i is photo i, its inner maps are the network's
 * outputs. So photos are clustered, labelled and made into data sets as generated images are.
 */
import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import { GeneratorError } from "../../gan/errors.ts";
import type { GenerateOptions, GenerateResult, Generator, LayerInfo } from "../../gan/generator.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import type { Provider, Runtime, Session } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { type ImageFile, listImages } from "../storage/imageFiles.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { readModelFile } from "./modelFile.ts";
import { tryPicturesApart } from "./onnxTrial.ts";
import { type PictureInput, pictureInput, pictureTensor } from "./pictureModel.ts";

/** Which network and which photos; the file that stands for them where a generator's is asked for. */
export const photoExtractorSchema = z.strictObject({
  klish: z.literal("photo-extractor"),
  version: z.literal(1),
  /** Paths, relative to the file. */
  model: z.string().min(1),
  photos: z.string().min(1),
  /** Side of the squares that the network sees; null for its own, or 224. */
  size: z.int().min(8).max(4096).nullable(),
  /** Values of black and white in its input, or "imagenet". */
  range: z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()])]),
});
export type PhotoExtractor = z.infer<typeof photoExtractorSchema>;

/** Name of that file in a project. */
export const EXTRACTOR_FILE = "extractor.json";

const ROLE = { name: "extractor of feature maps", option: "--extractor" } as const;
/** Side of the squares for a network that takes any: that of most networks' training, and a multiple of 14 and 16. */
const SIDE = 224;
/** Photos of one run. */
const BATCH = 8;
/** Tokens beside those of the picture's patches: a class token and a few registers, which stand first. */
const MOST_EXTRA_TOKENS = 8;

/** Reads the file; its paths become absolute. */
export async function readPhotoExtractor(file: string): Promise<PhotoExtractor | undefined> {
  const found = await readJsonFile(file, photoExtractorSchema, {
    what: "a description of photos and their extractor",
    remedy: "Run klish cluster --extractor again.",
  });
  const from = (path: string): string => resolve(dirname(file), path);
  return found && { ...found, model: from(found.model), photos: from(found.photos) };
}

export interface OpenedExtractor {
  readonly generator: Generator;
  /** Of the model's bytes, and the photos' names and sizes. */
  readonly sha256: string;
  readonly photos: number;
}

export interface OpenExtractorOptions extends JobOptions {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly threads?: number;
}

/** Opens the network on the photos. Throws ProjectError or GeneratorError where one of them will not do. */
export async function openPhotoExtractor(
  { model, photos, size, range }: PhotoExtractor,
  { runtime, provider, threads, ...job }: OpenExtractorOptions,
): Promise<OpenedExtractor> {
  const { files } = await listImages(photos);
  const { bytes, externalData, sha256 } = await readModelFile(model, undefined);
  const hash = createHash("sha256").update(JSON.stringify([sha256, size, range]));
  for (const file of files) hash.update(JSON.stringify([file.name, file.bytes]));
  const trial = { file: model, role: ROLE, side: size ?? SIDE };
  await tryPicturesApart({ bytes, externalData }, trial, job);
  const session = await runtime.createSession(bytes, {
    provider,
    ...(threads !== undefined && { threads }),
    ...(externalData.length > 0 && { externalData }),
  });
  try {
    const input = pictureInput(session, model, ROLE);
    const fixed = input.size;
    if (fixed !== undefined && fixed.width !== fixed.height)
      throw new GeneratorError(`${model} takes pictures of ${fixed.width}x${fixed.height} pixels; expected squares`);
    const side = fixed?.width ?? size ?? SIDE;
    if (size !== null && size !== side)
      throw new GeneratorError(
        `${model} takes pictures of ${side} pixels a side, not ${size}: leave --extractor-size out`,
      );
    const extract = extractor(session, input, side, range);
    const blank = await extract([new Uint8Array(side * side * 3)]);
    const layers = [...blank].map(
      ([name, { shape }]): LayerInfo => ({ name, channels: shape[1], resolution: shape[2] }),
    );
    layers.sort((a, b) => a.resolution - b.resolution);
    if (layers.length === 0)
      throw new GeneratorError(
        `${model} gives no feature maps: expected outputs [batch, channels, h, h], or tokens [batch, h x h (and a few more), channels], ` +
          `got ${session.outputs.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.join(",")}]`).join("; ")}`,
      );
    return {
      generator: photoGenerator(files, layers, side, extract, session),
      sha256: hash.digest("hex"),
      photos: files.length,
    };
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

type Extract = (pictures: readonly Uint8Array[]) => Promise<Map<string, Tensor>>;

/** All outputs that are maps, of RGB pictures [S,S,3]. */
const extractor =
  (session: Session, input: PictureInput, side: number, range: PhotoExtractor["range"]): Extract =>
  async (pictures) => {
    const size = { width: side, height: side };
    const groups = input.batch === undefined ? [pictures] : pictures.map((picture) => [picture]);
    const parts: Map<string, Tensor>[] = [];
    for (const group of groups) {
      const outputs = await session.run({ [input.name]: pictureTensor(group, size, input, range) });
      const maps = Object.entries(outputs).map(([name, output]) => [name, mapsOf(output, group.length)] as const);
      parts.push(new Map(maps.flatMap(([name, found]) => (found === undefined ? [] : [[name, found]]))));
    }
    return new Map([...parts[0].keys()].map((name) => [name, stacked(parts.map((part) => part.get(name)!))]));
  };

/** An output as maps [N,C,h,h]: as it is, or from tokens [N,T,C], of which the last h x h are the patches row by row. */
function mapsOf({ dtype, shape, data }: AnyTensor, n: number): Tensor | undefined {
  if (dtype !== "float32" || shape[0] !== n) return undefined;
  if (shape.length === 4)
    return shape[2] === shape[3] && shape[2] > 1 ? tensor(shape, data as Float32Array) : undefined;
  if (shape.length !== 3) return undefined;
  const [, T, C] = shape;
  const h = Math.floor(Math.sqrt(T));
  if (h < 2 || T - h * h > MOST_EXTRA_TOKENS) return undefined;
  const maps = tensor([n, C, h, h]);
  for (let i = 0; i < n; i++)
    for (let t = T - h * h, p = 0; t < T; t++, p++)
      for (let c = 0; c < C; c++) maps.data[(i * C + c) * h * h + p] = (data as Float32Array)[(i * T + t) * C + c];
  return maps;
}

/** Maps [n,C,h,h] of any n each, one after the other. */
function stacked(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0];
  const count = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const all = tensor([count, ...parts[0].shape.slice(1)]);
  let at = 0;
  for (const { data } of parts) {
    all.data.set(data, at);
    at += data.length;
  }
  return all;
}

function photoGenerator(
  files: readonly ImageFile[],
  layers: readonly LayerInfo[],
  side: number,
  extract: Extract,
  session: Session,
): Generator {
  const photo = async (number: number): Promise<Uint8Array> => {
    const file = files[number] as ImageFile | undefined;
    if (file === undefined)
      throw new GeneratorError(`there are ${files.length} photos, numbered from 0; there is no photo ${number}`);
    try {
      return await squarePhoto(await file.read(), side);
    } catch (cause) {
      throw new GeneratorError(
        `photo ${number}, ${file.name}, cannot be read (${(cause as Error).message}): remove it`,
        { cause },
      );
    }
  };
  return {
    info: {
      family: "photos",
      resolution: side,
      imageChannels: 3,
      imageRange: [0, 1],
      latent: "normal",
      zDim: 0,
      wDim: 0,
      cDim: 0,
      numWs: 0,
      layers,
    },
    async generate({ seeds, z: latent, ws, layers: choice = "none" }: GenerateOptions): Promise<GenerateResult> {
      if (seeds === undefined || latent !== undefined || ws !== undefined)
        throw new GeneratorError("photos are asked for by number, as seeds");
      const wanted = selectLayers(layers, choice).layers;
      const pictures = await Promise.all(seeds.map(photo));
      const features = new Map<string, Tensor>();
      if (wanted.length > 0) {
        const parts: Map<string, Tensor>[] = [];
        for (let i = 0; i < pictures.length; i += BATCH) parts.push(await extract(pictures.slice(i, i + BATCH)));
        for (const { name } of wanted) features.set(name, stacked(parts.map((part) => part.get(name)!)));
      }
      return { image: planes(pictures, side), features };
    },
    dispose: () => session.dispose(),
  };
}

/** The largest square in the middle, [S,S,3]. */
async function squarePhoto(file: Uint8Array, side: number): Promise<Uint8Array> {
  const { data, info } = await sharp(file, { failOn: "error" })
    .autoOrient()
    .resize(side, side, { fit: "cover", kernel: "lanczos3" })
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels, expected red, green and blue`);
  return data;
}

/** Pictures [S,S,3] as an image [N,3,S,S] in [0,1]. */
function planes(pictures: readonly Uint8Array[], side: number): Tensor {
  const area = side * side;
  const image = tensor([pictures.length, 3, side, side]);
  for (const [i, rgb] of pictures.entries())
    for (let p = 0; p < area; p++)
      for (let c = 0; c < 3; c++) image.data[(i * 3 + c) * area + p] = rgb[p * 3 + c] / 255;
  return image;
}
