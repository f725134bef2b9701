/** Pictures of how training goes: always the same latents, and some of the real pictures to compare with. */
import { join } from "node:path";
import { latentOfSeed } from "../../../gan/latents.ts";
import { samplesPerRun } from "../../../gan/networkGenerator.ts";
import { tensor } from "../../../tensor/tensor.ts";
import type { GanTrainer } from "../../../train/gan/trainer.ts";
import { encodeSheet, toRgb } from "../../sampling/images.ts";
import { writeAtomic } from "../../storage/files.ts";
import type { ImageStore } from "../pictures/imageStore.ts";

/** A sheet as PNG, and its size in pixels. */
export interface Sheet {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels of a sheet's side, where that leaves a grid of 3 to 8 pictures a side. */
const SHEET_SIDE = 1024;
const RANGE = [-1, 1] as const;

const gridSide = (resolution: number): number => Math.min(8, Math.max(3, Math.floor(SHEET_SIDE / resolution)));

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
  return sheet(rgb, resolution);
}

/** Writes reals.png: pictures evenly spread over the set. */
export async function writeReals(run: string, images: ImageStore): Promise<void> {
  const count = Math.min(images.count, gridSide(images.resolution) ** 2);
  const items = Array.from({ length: count }, (_, i) => ({
    index: Math.floor((i * images.count) / count),
    mirrored: false,
  }));
  const { png } = await sheet(toRgb(await images.read(items), RANGE), images.resolution);
  await writeAtomic(join(run, "reals.png"), png);
}

async function sheet(rgb: readonly Uint8Array[], resolution: number): Promise<Sheet> {
  const columns = Math.min(rgb.length, gridSide(resolution));
  return {
    png: await encodeSheet(rgb, resolution, columns),
    width: columns * resolution,
    height: Math.ceil(rgb.length / columns) * resolution,
  };
}
