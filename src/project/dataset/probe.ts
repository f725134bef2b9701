import sharp from "sharp";
import type { ProbeImage } from "../../dataset/openLayout.ts";

/** libvips shrinks no further than a million times. */
const MOST_SIDE = 100_000;

/** Decodes an image, line by line: memory does not grow with its pixels. Rejects where sharp cannot, or has a warning. */
export const probe: ProbeImage = async (bytes) => {
  const image = sharp(bytes, { failOn: "warning", sequentialRead: true });
  const { width, height, hasAlpha = false, orientation = 1 } = await image.metadata();
  if (Math.max(width, height) > MOST_SIDE) throw new Error(`it claims ${width}x${height} pixels`);
  // Decoding all pixels finds what the header does not tell; their mean is a way to need each of them.
  await image.resize(1, 1, { fit: "fill", kernel: "linear", fastShrinkOnLoad: false }).raw().toBuffer();
  return { width, height, hasAlpha, orientation };
};
