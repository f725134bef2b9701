import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { RandomState } from "../../../src/tensor/random.ts";

/** Photos of blocks of random colours, p0.png, p1.png, ..., of two shapes. */
export async function photosOf(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = new RandomState(7);
  for (let i = 0; i < count; i++) {
    const [width, height] = i % 3 === 0 ? [40, 32] : [32, 48];
    const blocks = Uint8Array.from({ length: 4 * 4 * 3 }, () => random.randint(256));
    const drawn = sharp(blocks, { raw: { width: 4, height: 4, channels: 3 } }).resize(width, height, { fit: "fill" });
    await writeFile(join(folder, `p${i}.png`), await drawn.png().toBuffer());
  }
}
