/** Label maps of generated images: a folder of index PNGs whose names say the seed, seed0007.png. */
import { join } from "node:path";
import { decodePng, PngError } from "../../dataset/png.ts";
import { listFolder, ProjectError, readGiven } from "../storage/files.ts";

/** The files by their seeds, ascending; "seed7.png" and "seed000007.png" are of seed 7. */
export async function seedMasks(folder: string): Promise<ReadonlyMap<number, string>> {
  const found: [number, string][] = [];
  for (const name of await listFolder(folder)) {
    const seed = /^seed(\d+)\.png$/.exec(name);
    if (seed !== null) found.push([Number(seed[1]), name]);
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

/** A square label map. Throws ProjectError for what is none. */
export async function readLabelMap(path: string): Promise<{ readonly side: number; readonly labels: Uint16Array }> {
  try {
    const { width, height, channels, data } = decodePng(new Uint8Array(await readGiven(path)));
    if (channels !== 1)
      throw new ProjectError(`${path} is a colour picture; expected class numbers (a palette or grey PNG).`);
    if (width !== height) throw new ProjectError(`${path} is ${width}x${height}; expected a square label map.`);
    return { side: width, labels: Uint16Array.from(data) };
  } catch (cause) {
    if (!(cause instanceof PngError)) throw cause;
    throw new ProjectError(`${path}: ${cause.message}.`, { cause });
  }
}

/** The label map of a seed's image at `resolution`. */
export async function readSeedMask(folder: string, name: string, resolution: number): Promise<Uint16Array> {
  const { side, labels } = await readLabelMap(join(folder, name));
  return resizeMaps(labels, 1, side, resolution);
}

/** Each pixel of R x R takes the nearest label: features are resized with their corners aligned, and so are labels. */
export function resizeMaps(labels: Uint16Array, images: number, side: number, resolution: number): Uint16Array {
  if (side === resolution) return labels;
  const at = Int32Array.from({ length: resolution }, (_, i) =>
    Math.round(resolution === 1 ? 0 : (i * (side - 1)) / (resolution - 1)),
  );
  const result = new Uint16Array(images * resolution ** 2);
  let to = 0;
  for (let image = 0; image < images; image++)
    for (const y of at) for (const x of at) result[to++] = labels[(image * side + y) * side + x];
  return result;
}
