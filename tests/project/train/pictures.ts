import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";

export const RED = [255, 0, 0];
export const BLUE = [0, 0, 255];
export const WHITE = [255, 255, 255];

/** A picture whose left half is red and whose right half is blue. */
export function halves(width: number, height: number): Sharp {
  const rgb = new Uint8Array(width * height * 3);
  for (let p = 0; p < width * height; p++) rgb.set(p % width < width / 2 ? RED : BLUE, p * 3);
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** A picture of one colour. */
export const plain = (width: number, height: number, [r, g, b]: readonly number[]): Sharp =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } });

/** The pixel at column x of row y of an RGB image of `side` pixels. */
export const pixel = (rgb: Uint8Array, side: number, x: number, y: number): number[] => [
  ...rgb.subarray((y * side + x) * 3, (y * side + x) * 3 + 3),
];

export async function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** `n` pictures of 16 pixels, one colour each, called 00.png, 01.png, … */
export async function writePlainSet(folder: string, n: number): Promise<void> {
  for (let i = 0; i < n; i++)
    await writeFiles(folder, {
      [`${String(i).padStart(2, "0")}.png`]: await plain(16, 16, [i * 10, 0, 255 - i])
        .png()
        .toBuffer(),
    });
}
