import { widenHalves } from "../../tensor/half.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import type { ImageLayout, ImageOutput } from "./signature.ts";

const SMALLEST_IMAGE = 8;

/** Any numbers as float32. */
export function toFloat32({ dtype, shape, data }: AnyTensor): Tensor {
  if (dtype === "float32") return { dtype, shape, data };
  // Newer versions of Node have an array of halves, which ONNX Runtime then gives.
  if (dtype === "float16")
    return tensor(shape, widenHalves(new Uint16Array(data.buffer, data.byteOffset, data.length)));
  return tensor(shape, Float32Array.from(data as ArrayLike<number>, Number));
}

type Found = Omit<ImageOutput, "range">;

/**
 * The output that is the image: 1, 3 or 4 (with alpha) channels first or last, without a channel axis, or flat where it is
 * the only output. Of several the one in colour, then the largest. Throws GeneratorError that lists the outputs.
 */
export function findImage(outputs: ReadonlyMap<string, AnyTensor>): Found {
  const list = [...outputs].map(([name, { dtype, shape }]) => `${name} ${dtype}[${shape}]`).join("; ");
  const found = [...outputs].flatMap(([name, t]) => imagesIn(name, t, outputs.size === 1));
  if (found.length === 0) {
    const oblong = [...outputs].find(([, { shape }]) => isOblong(shape));
    if (oblong !== undefined)
      throw new GeneratorError(
        `the model makes images that are not square (${list}); klish works on square images: crop or pad them where the model is exported`,
      );
    throw new GeneratorError(
      `not an image generator: expected an output [batch, 1, 3 or 4, R, R] with R >= ${SMALLEST_IMAGE}, got ${list}`,
    );
  }
  const rank = ({ channels, resolution }: Found): number => (channels > 1 ? 2 ** 20 : 0) + resolution;
  const best = Math.max(...found.map(rank));
  const images = found.filter((image) => rank(image) === best);
  if (images.length > 1)
    throw new GeneratorError(
      `the model has ${images.length} outputs that look like images (${images.map((i) => i.name).join(", ")}) among ${list}; export it with one of them`,
    );
  return images[0];
}

function imagesIn(name: string, { dtype, shape, data }: AnyTensor, alone: boolean): Found[] {
  if (dtype === "bool") return [];
  const [, a, b, c] = shape;
  const fits = (channels: number, height: number, width: number): boolean =>
    (channels === 1 || channels === 3 || channels === 4) && height === width && height >= SMALLEST_IMAGE;
  if (shape.length === 4) {
    if (fits(a, b, c)) return [{ name, layout: "nchw", channels: a, resolution: c }];
    return fits(c, a, b) ? [{ name, layout: "nhwc", channels: c, resolution: a }] : [];
  }
  if (!alone) return [];
  if (shape.length === 3) return fits(1, a, b) ? [{ name, layout: "nhw", channels: 1, resolution: a }] : [];
  if (shape.length !== 2) return [];
  // 3 R^2 is not a square, so the length tells grey from colour.
  for (const channels of [1, 3]) {
    const side = Math.round(Math.sqrt(a / channels));
    if (side >= SMALLEST_IMAGE && channels * side * side === a)
      return [
        {
          name,
          layout: flatLayout(toFloat32({ dtype, shape, data } as AnyTensor), channels, side),
          channels,
          resolution: side,
        },
      ];
  }
  return [];
}

const isOblong = (shape: readonly number[]): boolean => {
  if (shape.length !== 4) return false;
  const [, a, b, c] = shape;
  const [height, width] = a <= 4 ? [b, c] : [a, b];
  return (a <= 4 || c <= 4) && height !== width && height >= SMALLEST_IMAGE && width >= SMALLEST_IMAGE;
};

/** Which layout makes the rows below each other more alike: the image's side apart, or that times the channels. */
function flatLayout({ data }: Tensor, channels: number, side: number): ImageLayout {
  if (channels === 1) return "flat chw";
  const difference = (distance: number): number => {
    let sum = 0;
    for (let i = distance; i < data.length; i++) sum += Math.abs(data[i] - data[i - distance]);
    return sum / (data.length - distance);
  };
  return difference(side * channels) < difference(side) ? "flat hwc" : "flat chw";
}

/** The image output of a run as [N, 1|3, R, R]. */
export function imageTensor(output: AnyTensor, { layout, channels, resolution }: Found): Tensor {
  const { data, shape } = toFloat32(output);
  const N = shape[0];
  const area = resolution * resolution;
  const kept = channels === 4 ? 3 : channels;
  const last = layout === "nhwc" || layout === "flat hwc";
  if (!last && kept === channels) return tensor([N, kept, resolution, resolution], data);
  const moved = tensor([N, kept, resolution, resolution]);
  const [channelStep, pixelStep] = last ? [1, channels] : [area, 1];
  for (let n = 0; n < N; n++)
    for (let c = 0; c < kept; c++) {
      const from = n * channels * area + c * channelStep;
      const to = (n * kept + c) * area;
      for (let p = 0; p < area; p++) moved.data[to + p] = data[from + p * pixelStep];
    }
  return moved;
}

/** Values below zero mean [-1,1]; beyond 2, [0,255]; else [0,1]. NaN and infinite values do not count; undefined where no other is there. */
export function valueRange(image: Tensor, stored: AnyTensor["dtype"]): readonly [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of image.data) {
    if (!Number.isFinite(v)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) return undefined;
  if (stored === "uint8") return [0, 255];
  if (low < -0.01) return [-1, 1];
  return high > 2 ? [0, 255] : [0, 1];
}
