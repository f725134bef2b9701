/**
 * CelebAMask-HQ (Lee et al., 2020) as it is distributed: CelebA-HQ-img/<n>.jpg of 1024 pixels, and one binary PNG of 512 pixels
 * per image and part, CelebAMask-HQ-mask-anno/<0..14>/<nnnnn>_<part>.png. Parts later in the list lie over earlier ones.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Sample } from "../../dataset/format.ts";
import { type DatasetClass, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { type Split, splitOf } from "../../dataset/split.ts";
import { cssColor, distinctColors } from "../cluster/palette.ts";
import { ProjectError } from "../storage/files.ts";
import type { SampleSource } from "./sampleSource.ts";

/** In the order of the ids 1 to 18 that the authors' script gives; "l" and "r" are the subject's left and right. */
const PARTS: readonly string[] = [
  ...["skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"],
  ...["mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"],
];
const SIDE = 512;
const IMAGE = /(?:^|\/)CelebA-HQ-img\/(\d+)\.jpg$/;
const MASK = /(?:^|\/)CelebAMask-HQ-mask-anno\/\d+\/(\d+)_(\w+)\.png$/;
const SHARES = { val: 0.1, test: 0 };

export const isCelebAMask = (files: readonly string[]): boolean => files.some((f) => MASK.test(f));

/** Images are resized to the masks' 512 pixels. */
export function celebAMaskSource(folder: string, files: readonly string[], name: string): SampleSource {
  const images = new Map<number, string>();
  const masks = new Map<number, Map<string, string>>();
  for (const file of files) {
    const image = IMAGE.exec(file);
    if (image !== null) images.set(Number(image[1]), file);
    const mask = MASK.exec(file);
    if (mask === null) continue;
    const number = Number(mask[1]);
    if (!PARTS.includes(mask[2])) throw new ProjectError(`${file}: CelebAMask-HQ has no part "${mask[2]}".`);
    const parts = masks.get(number) ?? new Map<string, string>();
    masks.set(number, parts.set(mask[2], file));
  }
  const numbers = [...masks.keys()].filter((n) => images.has(n)).sort((a, b) => a - b);
  if (numbers.length === 0) throw new ProjectError(`${folder} holds no CelebAMask-HQ: no image has masks.`);
  const colors = distinctColors(PARTS.length).map(cssColor);
  const classes: DatasetClass[] = [
    { name: "background", color: "#000000", background: true },
    ...PARTS.map((part, i) => ({ name: part, color: colors[i], background: false })),
  ];
  const palette = paletteOf(classes);
  const stem = (n: number): string => String(n).padStart(5, "0");
  const split = (n: number): Split => splitOf(stem(n), SHARES);
  const read = async (n: number): Promise<Sample> => {
    const data = new Uint8Array(SIDE * SIDE);
    for (const [i, part] of PARTS.entries()) {
      const file = masks.get(n)!.get(part);
      if (file === undefined) continue;
      const { data: grey, info } = await sharp(await readFile(join(folder, file)))
        .toColourspace("b-w")
        .raw()
        .toBuffer({ resolveWithObject: true });
      if (info.width !== SIDE || info.height !== SIDE)
        throw new ProjectError(`${file} is ${info.width}x${info.height}, expected ${SIDE}x${SIDE}.`);
      for (let p = 0; p < data.length; p++) if (grey[p * info.channels] > 127) data[p] = i + 1;
    }
    const labels = { width: SIDE, height: SIDE, data };
    const image = await sharp(await readFile(join(folder, images.get(n)!)))
      .resize(SIDE, SIDE, { kernel: "lanczos3" })
      .png()
      .toBuffer();
    return { name: stem(n), split: split(n), image, labels, mask: encodePng({ ...labels, palette }) };
  };
  const found = new Set(numbers.map(split));
  return {
    info: {
      name,
      description: `${numbers.length} photographs of CelebAMask-HQ with masks of ${classes.length} classes.`,
      classes,
      imageExtension: "png",
      splits: (["train", "val", "test"] as const).filter((s) => found.has(s)),
      samples: numbers.length,
    },
    async *samples() {
      for (const n of numbers) yield await read(n);
    },
    path: () => undefined,
  };
}
