/** How a photo of any shape gets into a segmenter's input, and where it lies in what comes out. */
import sharp from "sharp";
import type { Window } from "./scoreMaps.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The photo's shape is kept, with its edges repeated around it; or it is stretched to the input's. */
export const photoFits = ["pad", "squash"] as const;
export type PhotoFit = (typeof photoFits)[number];

/** What an input may be: one size, or any whose sides are multiples of `step`, of which `longest` is wanted. */
export type InputSize = Size | { readonly longest: number; readonly step: number };

/** Its size is the input's. */
export interface Frame extends Size {
  /** Where the photo lies in it, in whole pixels. */
  readonly inside: Window;
}

const roundUp = (x: number, step: number): number => Math.ceil(x / step) * step;

/** Plans the frame of a photo. A photo smaller than the input is enlarged: segmenters know things by their size. */
export function framePhoto(photo: Size, input: InputSize, fit: PhotoFit): Frame {
  const inner = (most: Size): Size => {
    const scale = Math.min(most.width / photo.width, most.height / photo.height);
    const side = (x: number): number => Math.max(1, Math.round(x * scale));
    return { width: side(photo.width), height: side(photo.height) };
  };
  if ("longest" in input) {
    const { longest, step } = input;
    const scaled = inner({ width: longest, height: longest });
    const outer = { width: roundUp(scaled.width, step), height: roundUp(scaled.height, step) };
    return fit === "squash" ? { ...outer, inside: { left: 0, top: 0, ...outer } } : centred(scaled, outer);
  }
  const { width, height } = input;
  return fit === "squash"
    ? { width, height, inside: { left: 0, top: 0, width, height } }
    : centred(inner(input), input);
}

const centred = (inner: Size, { width, height }: Size): Frame => ({
  width,
  height,
  inside: {
    left: Math.floor((width - inner.width) / 2),
    top: Math.floor((height - inner.height) / 2),
    ...inner,
  },
});

/** Size of a photo as it is shown, from its header. Rejects where that is broken. */
export async function photoSize(file: Uint8Array): Promise<Size> {
  const { width, height } = (await sharp(file, { failOn: "error" }).metadata()).autoOrient;
  return { width, height };
}

/** Under transparent pixels. */
const BACKGROUND = { r: 255, g: 255, b: 255 };

/** RGB [H,W,3] of a photo of any format in its frame, upright, reduced with a filter that does not alias. */
export async function framed(file: Uint8Array, { width, height, inside }: Frame): Promise<Uint8Array> {
  const { data, info } = await sharp(file, { failOn: "error" })
    .autoOrient()
    .resize(inside.width, inside.height, { fit: "fill", kernel: "lanczos3" })
    .flatten({ background: BACKGROUND })
    .toColourspace("srgb")
    .extend({
      left: inside.left,
      top: inside.top,
      right: width - inside.left - inside.width,
      bottom: height - inside.top - inside.height,
      extendWith: "copy",
    })
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels, expected red, green and blue`);
  return data;
}

/** The frame's inside in units of maps of another size over the same frame. */
export const windowIn = ({ inside, width, height }: Frame, maps: Size): Window => ({
  left: (inside.left * maps.width) / width,
  top: (inside.top * maps.height) / height,
  width: (inside.width * maps.width) / width,
  height: (inside.height * maps.height) / height,
});
