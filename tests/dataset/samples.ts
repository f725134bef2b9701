import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { DatasetInfo, DatasetSink, Sample } from "../../src/dataset/format.ts";
import { type DatasetClass, paletteOf } from "../../src/dataset/labelMap.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { RandomState } from "../../src/tensor/random.ts";

export const classes: readonly DatasetClass[] = [
  { name: "background", color: "#101010", background: true },
  { name: 'left "ear" & co', color: "#ff8800", background: false },
  { name: "wheel", color: "#0088ff", background: false },
];

/** Blobs of three classes and ignored pixels, 13 x 9: odd on purpose. */
export async function someSamples(count = 5): Promise<Sample[]> {
  const random = new RandomState(7);
  const [width, height] = [13, 9];
  return Promise.all(
    Array.from({ length: count }, async (_, i): Promise<Sample> => {
      const data = new Uint8Array(width * height);
      for (const label of [1, 2, 255, 1]) {
        const [x0, y0] = [random.randint(width - 3), random.randint(height - 3)];
        for (let y = y0; y < y0 + 3; y++) for (let x = x0; x < x0 + 3; x++) data[y * width + x] = label;
      }
      const rgb = Uint8Array.from({ length: width * height * 3 }, () => random.randint(256));
      return {
        name: `seed${String(i).padStart(6, "0")}`,
        split: (["train", "train", "val", "test", "train"] as const)[i % 5],
        image: await sharp(rgb, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer(),
        labels: { width, height, data },
        mask: encodePng({ width, height, data, palette: paletteOf(classes) }),
      };
    }),
  );
}

export const info: DatasetInfo = {
  name: "test",
  description: "A test set.",
  classes,
  imageExtension: "png",
  splits: ["train", "val", "test"],
  samples: 5,
};

/** A sink that writes to a folder. */
export function folderSink(folder: string): DatasetSink {
  const at = async (path: string): Promise<string> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  return {
    file: async (path, content) => writeFile(await at(path), content),
    append: async (path, content) => appendFile(await at(path), content),
    original: async (path, sample, part) => writeFile(await at(path), sample[part]),
  };
}
