import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { addResized, linearMap } from "../../cluster/bilinear.ts";
import { seedBatches } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { PortInfo, Session } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { ProjectError } from "../files.ts";
import { toRgb } from "../images.ts";
import { generateOptions } from "../request.ts";
import type { ClusterSettings } from "../settings.ts";
import { checkedLabel, resizeMaps } from "./truth.ts";

/** An ONNX model from pictures to classes, and what it does not say of itself. */
export interface SegmenterRequest {
  readonly file: string;
  /** Side of its input. Default: the model's where that is fixed, else the generator's. */
  readonly size: number | null;
  /** Values of black and white, or "imagenet": 0 to 1, less the mean of ImageNet over its deviation, by channel. */
  readonly range: readonly [number, number] | "imagenet";
  /** Default: the model's first output. */
  readonly output: string | null;
}

/** Of ImageNet's pictures, RGB in [0,1], as torchvision's models expect them to be taken off. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const;

/**
 * The classes that a segmenter sees in the images of a project's seeds, at the clustering resolution [N,R,R]. Logits [N,C,h,w] are
 * resized as features are (bilinear, corners aligned) before the argmax, one of C = 1 is split at 0; of label maps [N,h,w] each pixel
 * takes the nearest. Throws ProjectError for a model that is no segmenter.
 */
export async function segmentSeeds(
  settings: ClusterSettings,
  generator: Generator,
  request: SegmenterRequest,
  { threads, onProgress, signal }: JobOptions & { readonly threads: number },
): Promise<Uint16Array> {
  const { seeds, resolution } = settings;
  const { info } = generator;
  const model = await readFile(request.file).catch((cause) => {
    throw new ProjectError(`${request.file} cannot be read (${(cause as Error).message}).`, { cause });
  });
  const session = await ortNode.createSession(model, { threads });
  try {
    const input = pictureInput(session, request, info.resolution);
    const output = outputName(session, request);
    const area = resolution ** 2;
    const truth = new Uint16Array(seeds.length * area);
    const batches = input.batch === undefined ? seedBatches(seeds, info.resolution) : seeds.map((seed) => [seed]);
    let done = 0;
    for (const batch of batches) {
      onProgress?.({ phase: "segment images", done, total: seeds.length });
      signal?.throwIfAborted();
      const { image } = await generator.generate({ ...generateOptions(settings, info), seeds: batch });
      const pictures = await Promise.all(
        toRgb(image, info.imageRange).map((rgb) => resized(rgb, info.resolution, input)),
      );
      const fetched = await session.run({ [input.name]: pictureTensor(pictures, input, request.range) }, [output]);
      truth.set(labelsOf(request.file, fetched[output], batch.length, resolution), done * area);
      done += batch.length;
    }
    onProgress?.({ phase: "segment images", done, total: seeds.length });
    return truth;
  } finally {
    await session.dispose();
  }
}

interface PictureInput {
  readonly name: string;
  readonly channels: number;
  readonly side: number;
  readonly channelsLast: boolean;
  /** 1 where the model takes one picture at a time. */
  readonly batch: number | undefined;
}

function pictureInput({ inputs }: Session, { file, size }: SegmenterRequest, otherwise: number): PictureInput {
  const list = inputs.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.join(",")}]`).join("; ");
  const fail = (expected: string): never => {
    throw new ProjectError(`${file} is no segmenter that klish can run: expected ${expected}, got ${list}.`);
  };
  const [port] = inputs as readonly (PortInfo | undefined)[];
  if (port === undefined || inputs.length !== 1 || port.dtype !== "float32" || port.shape.length !== 4)
    return fail("one input of pictures, float32 [batch, 1 or 3, H, W] or [batch, H, W, 1 or 3]");
  const isColour = (count: number | string): boolean => count === 1 || count === 3;
  const channelsLast = !isColour(port.shape[1]);
  const channels = channelsLast ? port.shape[3] : port.shape[1];
  if (!isColour(channels)) return fail("pictures of 1 or 3 channels");
  const [height, width] = channelsLast ? port.shape.slice(1, 3) : port.shape.slice(2);
  const fixed = typeof height === "number" ? height : undefined;
  if (typeof width === "number" && fixed !== undefined && width !== fixed) return fail("square pictures");
  if (fixed !== undefined && size !== null && fixed !== size)
    throw new ProjectError(
      `${file} takes pictures of ${fixed} pixels a side, not ${size}: leave --segmenter-size out.`,
    );
  const [batch] = port.shape;
  if (typeof batch === "number" && batch !== 1) return fail("a batch of 1, or one that may vary");
  return {
    name: port.name,
    channels: channels as number,
    side: fixed ?? size ?? otherwise,
    channelsLast,
    batch: typeof batch === "number" ? batch : undefined,
  };
}

function outputName({ outputs }: Session, { file, output }: SegmenterRequest): string {
  const names = outputs.map(({ name }) => name);
  if (output === null) return names[0];
  if (names.includes(output)) return output;
  throw new ProjectError(`${file} has no output "${output}", but ${names.join(", ")}.`);
}

/** RGB [S,S,3] at the segmenter's size. */
async function resized(rgb: Uint8Array, side: number, { side: wanted }: PictureInput): Promise<Uint8Array> {
  if (side === wanted) return rgb;
  return sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .resize(wanted, wanted, { fit: "fill" })
    .removeAlpha()
    .raw()
    .toBuffer();
}

function pictureTensor(
  pictures: readonly Uint8Array[],
  { channels, side, channelsLast }: PictureInput,
  range: SegmenterRequest["range"],
): Tensor {
  const area = side ** 2;
  const n = pictures.length;
  const result = tensor(channelsLast ? [n, side, side, channels] : [n, channels, side, side]);
  for (const [i, rgb] of pictures.entries())
    for (let p = 0; p < area; p++)
      for (let c = 0; c < channels; c++) {
        // A grey picture has the same value in all three.
        const value = rgb[3 * p + c] / 255;
        const scaled =
          range === "imagenet"
            ? (value - IMAGENET.mean[c]) / IMAGENET.deviation[c]
            : range[0] + value * (range[1] - range[0]);
        result.data[channelsLast ? (i * area + p) * channels + c : (i * channels + c) * area + p] = scaled;
      }
  return result;
}

/** The class of each pixel of `images` pictures at `resolution`. */
function labelsOf(file: string, found: AnyTensor, images: number, resolution: number): Uint16Array {
  const { dtype, shape } = found;
  const got = `${dtype}[${shape.join(",")}]`;
  const maps = shape.length === 4 && shape[1] === 1 && dtype !== "float32" ? [shape[0], ...shape.slice(2)] : shape;
  if (maps.length === 3 && maps[0] === images && maps[1] === maps[2]) {
    const labels = Uint16Array.from(found.data as ArrayLike<number | bigint>, (x) => checkedLabel(file, Number(x)));
    return resizeMaps(labels, images, maps[1], resolution);
  }
  if (dtype !== "float32" || shape.length !== 4 || shape[0] !== images || shape[2] !== shape[3])
    throw new ProjectError(
      `${file} is no segmenter that klish can run: expected logits float32 [batch, classes, h, h] or label maps ` +
        `[batch, h, h], got ${got} for ${images} pictures. Choose another output with --segmenter-output.`,
    );
  const [, classes, side] = shape;
  const area = resolution ** 2;
  const logits = new Float32Array(images * classes * area);
  addResized(found.data as Float32Array, 0, images * classes, linearMap(side, resolution), logits, 0);
  return Uint16Array.from({ length: images * area }, (_, n) => {
    const at = Math.floor(n / area) * classes * area + (n % area);
    if (classes === 1) return Number(logits[at] > 0);
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[at + c * area] > logits[at + best * area]) best = c;
    return best;
  });
}
