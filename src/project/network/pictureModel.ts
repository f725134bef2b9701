/** ONNX models that take pictures: what their input is, and pictures in its form. */
import type { PortInfo, Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { ProjectError } from "../storage/files.ts";

/** An ONNX model that takes pictures, and what it does not say of itself. */
export interface PictureModelRequest {
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

/** What a model takes. */
export interface PictureInput {
  readonly name: string;
  readonly channels: number;
  readonly channelsLast: boolean;
  /** Undefined where height and width may vary. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** 1 where the model takes one picture at a time. */
  readonly batch: number | undefined;
}

/** What the model is called in messages, and the prefix of its options. */
export interface ModelRole {
  readonly name: string;
  readonly option: string;
}

/** The model's only input. Throws ProjectError where it takes no pictures of 1 or 3 channels. */
export function pictureInput({ inputs }: Session, file: string, role: ModelRole): PictureInput {
  const list = inputs.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.join(",")}]`).join("; ");
  const fail = (expected: string): never => {
    throw new ProjectError(`${file} is not a ${role.name} that klish can run: expected ${expected}, got ${list}.`);
  };
  const [port] = inputs as readonly (PortInfo | undefined)[];
  if (port === undefined || inputs.length !== 1 || port.dtype !== "float32" || port.shape.length !== 4)
    return fail("one input of pictures, float32 [batch, 1 or 3, H, W] or [batch, H, W, 1 or 3]");
  const isColour = (count: number | string): boolean => count === 1 || count === 3;
  const channelsLast = !isColour(port.shape[1]);
  const channels = channelsLast ? port.shape[3] : port.shape[1];
  if (!isColour(channels)) return fail("pictures of 1 or 3 channels");
  const [height, width] = channelsLast ? port.shape.slice(1, 3) : port.shape.slice(2);
  if (typeof height !== typeof width) return fail("a height and a width that are both fixed, or both may vary");
  const [batch] = port.shape;
  if (typeof batch === "number" && batch !== 1) return fail("a batch of 1, or one that may vary");
  return {
    name: port.name,
    channels: channels as number,
    channelsLast,
    size: typeof height === "number" && typeof width === "number" ? { width, height } : undefined,
    batch: typeof batch === "number" ? batch : undefined,
  };
}

/**
 * Side of the square pictures that a model is given: its own, the one asked for, or `otherwise`. Throws ProjectError where its
 * own is another than asked for, or no square.
 */
export function squareSide(
  { size: own }: PictureInput,
  { file, size: wanted }: Pick<PictureModelRequest, "file" | "size">,
  otherwise: number,
  { option }: ModelRole,
): number {
  if (own === undefined) return wanted ?? otherwise;
  if (own.width !== own.height)
    throw new ProjectError(`${file} takes pictures of ${own.width}x${own.height} pixels, expected squares.`);
  if (wanted !== null && wanted !== own.width)
    throw new ProjectError(
      `${file} takes pictures of ${own.width} pixels a side, not ${wanted}: leave ${option}-size out.`,
    );
  return own.width;
}

/** Throws ProjectError where there is no such output. */
export function outputName({ outputs }: Session, { file, output }: PictureModelRequest): string {
  const names = outputs.map(({ name }) => name);
  if (output === null) return names[0];
  if (names.includes(output)) return output;
  throw new ProjectError(`${file} has no output "${output}", but ${names.join(", ")}.`);
}

/** RGB pictures [H,W,3] of one size as the model's input. */
export function pictureTensor(
  pictures: readonly Uint8Array[],
  { width, height }: { readonly width: number; readonly height: number },
  { channels, channelsLast }: PictureInput,
  range: PictureModelRequest["range"],
): Tensor {
  const area = width * height;
  const n = pictures.length;
  const result = tensor(channelsLast ? [n, height, width, channels] : [n, channels, height, width]);
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

/** "0,1" and "imagenet" as a range. Throws RangeError for other texts. */
export function readPictureRange(text: string): PictureModelRequest["range"] {
  if (text === "imagenet") return text;
  const values = text.split(",").map(Number);
  const [low, high] = values;
  if (values.length !== 2 || !values.every(Number.isFinite) || low === high)
    throw new RangeError(`expected two numbers such as -1,1, or imagenet, got "${text}"`);
  return [low, high];
}
