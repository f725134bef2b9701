import sharp, { type KernelEnum } from "sharp";
import type { ImageFile } from "../../storage/imageFiles.ts";
import { type Crop, cropRegion, type Fit, placeInSquare, type Size } from "./framing.ts";

/** Resampling by its usual name -> sharp's. Each is widened by the factor of shrinking, so that nothing aliases. */
const kernels = { lanczos: "lanczos3", mitchell: "mitchell", linear: "linear", nearest: "nearest" } as const;
export type Resampling = keyof typeof kernels;
export const resamplings = Object.keys(kernels) as readonly Resampling[];

export interface Preparation {
  readonly crop: Crop;
  readonly fit: Fit;
  readonly resize: Resampling;
  /** Side of the result in pixels. */
  readonly resolution: number;
}

export interface PreparedImage {
  /** RGB, [R,R,3]. */
  readonly pixels: Uint8Array;
  /** Of the region that was taken, before it was resized. */
  readonly region: Size;
}

/** Under transparent pixels and around padded pictures. */
const BACKGROUND = 255;

/**
 * Decodes a picture of any format, size and colour (grey, CMYK, 16 bits a channel, transparent, turned by its EXIF entry) to
 * a square of 8-bit sRGB, in the threads of sharp. Rejects with an Error whose message says what is wrong with the file.
 */
export async function prepareImage(
  file: Uint8Array,
  { crop, fit, resize, resolution }: Preparation,
): Promise<PreparedImage> {
  const image = sharp(file, { failOn: "error" });
  const { autoOrient } = await image.metadata();
  const region = cropRegion(autoOrient, crop);
  const place = placeInSquare(region, fit, resolution);
  const whole = region.width === autoOrient.width && region.height === autoOrient.height;
  const upright = image.autoOrient();
  const inner = await (whole ? upright : upright.extract(region))
    .resize(place.width, place.height, { fit: "fill", kernel: kernels[resize] as keyof KernelEnum })
    .flatten({ background: { r: BACKGROUND, g: BACKGROUND, b: BACKGROUND } })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { channels } = inner.info;
  if (channels !== 3) throw new Error(`it decodes to ${channels} channels, expected red, green and blue`);
  if (place.width === resolution && place.height === resolution) return { pixels: inner.data, region };
  const pixels = new Uint8Array(resolution * resolution * 3).fill(BACKGROUND);
  const row = place.width * 3;
  for (let y = 0; y < place.height; y++)
    pixels.set(inner.data.subarray(y * row, (y + 1) * row), ((place.top + y) * resolution + place.left) * 3);
  return { pixels, region };
}

/** Size of a picture as it is shown, from its header; undefined where that, or its file, is broken. */
export async function imageSize(file: Pick<ImageFile, "read">): Promise<Size | undefined> {
  try {
    return (await sharp(await file.read()).metadata()).autoOrient;
  } catch {
    // The picture will be decoded, rejected and listed with the reason when its turn comes.
    return undefined;
  }
}

/** A decoder's complaint as one short line. */
export function reasonOf(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return first.trim();
}
