import { readFile, stat } from "node:fs/promises";
import { readNpy, readNpz } from "../../checkpoint/npy.ts";
import type { AnyTensor } from "../../tensor/tensor.ts";
import { readSeedMask, resizeMaps, seedMasks } from "../dataset/seedMasks.ts";
import { ProjectError } from "../storage/files.ts";

/** What a truth must cover. */
export interface TruthShape {
  /** The seed of each image; label maps are found by it. */
  readonly seeds: readonly number[];
  /** Undefined for plain points, which are not images. */
  readonly resolution: number | undefined;
  readonly pixels: number;
}

const HOW = "Give a folder of index PNGs (seed0000.png ...), an .npz with an array `truth`, or an .npy";

/** The true class of every pixel, from label maps of any size. Throws ProjectError that says what does not fit. */
export async function loadTruth(path: string, shape: TruthShape): Promise<Uint16Array> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new ProjectError(`${path}: there is no such file or folder of true classes. ${HOW}.`);
  if (found.isDirectory()) return pngTruth(path, shape);
  const bytes = new Uint8Array(await readFile(path));
  if (path.endsWith(".npy")) return arrayTruth(path, readNpy(bytes, path), shape);
  if (!path.endsWith(".npz")) throw new ProjectError(`${path}: this kind of truth is not known. ${HOW}.`);
  const arrays = readNpz(bytes);
  const truth = arrays.get("truth") ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
  if (truth === undefined)
    throw new ProjectError(`${path} has no array \`truth\`, but ${[...arrays.keys()].join(", ")}.`);
  return arrayTruth(path, truth, shape);
}

/** One label per pixel, or label maps [N,S,S] of any side. */
export function arrayTruth(path: string, { shape, data }: AnyTensor, { seeds, resolution, pixels }: TruthShape) {
  const labels = Uint16Array.from(data as ArrayLike<number | bigint>, (value) => checkedLabel(path, Number(value)));
  if (labels.length === pixels) return labels;
  const [images, side, width] = shape;
  if (resolution === undefined || shape.length !== 3 || images !== seeds.length || side !== width)
    throw new ProjectError(
      `${path}: the truth has shape [${shape}]; expected ${pixels} labels` +
        `${resolution === undefined ? "" : `, or square label maps of ${seeds.length} images`}.`,
    );
  return resizeMaps(labels, images, side, resolution);
}

/** A class that label maps can hold. */
export function checkedLabel(path: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff) return value;
  throw new ProjectError(`${path}: ${value} is not a class; expected integers from 0 (255 for pixels to leave out).`);
}

async function pngTruth(folder: string, { seeds, resolution }: TruthShape): Promise<Uint16Array> {
  if (resolution === undefined)
    throw new ProjectError(`${folder}: points are not images; give their truth as an .npz or .npy of labels.`);
  const names = await seedMasks(folder);
  const truth = new Uint16Array(seeds.length * resolution ** 2);
  for (const [i, seed] of seeds.entries()) {
    const name = names.get(seed);
    if (name === undefined)
      throw new ProjectError(
        `${folder} has no label map of seed ${seed} (seed${String(seed).padStart(4, "0")}.png); it has ${names.size} of ${seeds.length}.`,
      );
    truth.set(await readSeedMask(folder, name, resolution), i * resolution ** 2);
  }
  return truth;
}
