import sharp from "sharp";
import type { Tensor } from "../../tensor/tensor.ts";

/** NVIDIA's file names: seed0000. */
export const seedName = (seed: number): string => `seed${String(seed).padStart(4, "0")}`;

/** Images [N,1|3,R,R] with values in `range` as 8-bit RGB, [R,R,3] each: clamped and rounded; grey is repeated. */
export function toRgb({ shape, data }: Tensor, [low, high]: readonly [number, number]): Uint8Array[] {
  const [N, C, H, W] = shape;
  const area = H * W;
  const scale = 255 / (high - low);
  return Array.from({ length: N }, (_, n) => {
    const rgb = new Uint8Array(area * 3);
    for (let c = 0; c < 3; c++) {
      const plane = (n * C + Math.min(c, C - 1)) * area;
      for (let p = 0; p < area; p++)
        rgb[p * 3 + c] = Math.min(255, Math.max(0, Math.round((data[plane + p] - low) * scale)));
    }
    return rgb;
  });
}

/** A square picture [S,S,3] with `wanted` pixels a side. */
export async function resized(rgb: Uint8Array, side: number, wanted: number): Promise<Uint8Array> {
  if (side === wanted) return rgb;
  return sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .resize(wanted, wanted, { fit: "fill" })
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** One square RGB image as PNG. */
export function encodePng(rgb: Uint8Array, side: number): Promise<Buffer> {
  return sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

/** A sheet of square RGB images, row by row, as PNG: `columns` wide, the last row filled with white. */
export function encodeSheet(images: readonly Uint8Array[], side: number, columns: number): Promise<Buffer> {
  const rows = Math.ceil(images.length / columns);
  const sheet = new Uint8Array(rows * columns * side * side * 3).fill(255);
  images.forEach((rgb, i) => {
    const top = Math.floor(i / columns) * side;
    const left = (i % columns) * side;
    for (let y = 0; y < side; y++)
      sheet.set(rgb.subarray(y * side * 3, (y + 1) * side * 3), ((top + y) * columns * side + left) * 3);
  });
  return sharp(sheet, { raw: { width: columns * side, height: rows * side, channels: 3 } })
    .png()
    .toBuffer();
}
