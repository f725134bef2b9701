/** What training a GAN shows: always the same latents, and some of the real pictures to compare with. */
import { join } from "node:path";
import { latentOfSeed } from "../../../gan/latents.ts";
import { samplesPerRun } from "../../../gan/networkGenerator.ts";
import { tensor } from "../../../tensor/tensor.ts";
import type { GanTrainer } from "../../../train/gan/trainer.ts";
import { toRgb } from "../../sampling/images.ts";
import { writeAtomic } from "../../storage/files.ts";
import { gridSide, type Sheet, sheetOf } from "../log/sheets.ts";
import type { ImageStore } from "../pictures/imageStore.ts";

const RANGE = [-1, 1] as const;

export const kimgName = (images: number): string => String(Math.floor(images / 1000)).padStart(6, "0");
export const samplesPath = (run: string, images: number): string =>
  join(run, "samples", `kimg-${kimgName(images)}.png`);

/** The averaged generator's pictures of seeds 0, 1, …, as `klish generate` numbers them, without truncation. */
export async function sampleSheet(trainer: GanTrainer): Promise<Sheet> {
  const { resolution, zDim } = trainer.recipe;
  const count = gridSide(resolution) ** 2;
  const rgb: Uint8Array[] = [];
  const step = samplesPerRun(resolution);
  for (let first = 0; first < count; first += step) {
    const n = Math.min(step, count - first);
    const z = tensor([n, zDim]);
    for (let i = 0; i < n; i++) z.data.set(latentOfSeed(first + i, zDim, "normal").z, i * zDim);
    rgb.push(...toRgb(await trainer.sample(z), RANGE));
  }
  return square(rgb, resolution);
}

/** Writes reals.png: pictures evenly spread over the set. */
export async function writeReals(run: string, images: ImageStore): Promise<void> {
  const count = Math.min(images.count, gridSide(images.resolution) ** 2);
  const items = Array.from({ length: count }, (_, i) => ({
    index: Math.floor((i * images.count) / count),
    mirrored: false,
  }));
  const { png } = await square(toRgb(await images.read(items), RANGE), images.resolution);
  await writeAtomic(join(run, "reals.png"), png);
}

const square = (rgb: readonly Uint8Array[], resolution: number): Promise<Sheet> =>
  sheetOf(rgb, resolution, Math.min(rgb.length, gridSide(resolution)));
