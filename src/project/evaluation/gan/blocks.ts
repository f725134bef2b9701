/** Images of a set, in blocks, and what is kept of each to compare the sets. */
import { readSafetensors, writeSafetensors } from "../../../checkpoint/safetensors.ts";
import type { ImageSample } from "../../../features/quality/imageSample.ts";
import { pyramidSides } from "../../../features/quality/laplacianPyramid.ts";
import type { Points } from "../../../features/quality/neighbours.ts";
import { normalizedPatches, PATCH_SIZE, type PatchLevel } from "../../../features/quality/patches.ts";
import { type AnyTensor, type Tensor, tensor } from "../../../tensor/tensor.ts";
import { ProjectError } from "../../storage/files.ts";

/** Pictures that the generator is compared with, in the order in which they are drawn; or its images, by seed. */
export const imageKinds = ["real", "generated"] as const;
export type ImageKind = (typeof imageKinds)[number];

/** The images from `first` to `end` (exclusive) of one kind. */
export interface Block {
  readonly kind: ImageKind;
  readonly first: number;
  readonly end: number;
}

/** Images of a block: minutes of work, and some megabytes of what is kept. */
const BLOCK = 128;

/** Blocks of the images before `end`, from `start` on. */
export function blocksOf(kind: ImageKind, end: number, start = 0): Block[] {
  const blocks: Block[] = [];
  for (let first = start; first < end; first += BLOCK) blocks.push({ kind, first, end: Math.min(first + BLOCK, end) });
  return blocks;
}

/** "real-000128-000256": sorts as the images do. */
export const blockName = ({ kind, first, end }: Block): string =>
  `${kind}-${[first, end].map((n) => String(n).padStart(6, "0")).join("-")}`;

/** Patches of an image at each level, as in the official sliced Wasserstein metric but for fewer patches. */
export const PATCHES_PER_IMAGE = 16;

/** What is kept of a block. */
export interface Measured {
  /** Numbers of the images: all of the block, but for pictures that cannot be read. */
  readonly places: Int32Array;
  /** As they are: [16 images, 147] at each level. */
  readonly patches: readonly PatchLevel[];
  /** Of the random network, [images,64]. */
  readonly features: Float32Array;
  /** Of Inception, [images,D], where it is asked. */
  readonly inception: Float32Array | undefined;
}

/** As a safetensors file. */
export function encodeMeasured({ places, patches, features, inception }: Measured): Uint8Array {
  const n = places.length;
  const rows = (data: Float32Array): Tensor => tensor([n, n === 0 ? 0 : data.length / n], data);
  return writeSafetensors(
    new Map<string, AnyTensor>([
      ["places", { dtype: "int32", shape: [n], data: places }],
      ...patches.map(({ side, data }): [string, Tensor] => [`patches.${side}`, rows(data)]),
      ["features", rows(features)],
      ...(inception === undefined ? [] : [["inception", rows(inception)] as const]),
    ]),
  );
}

/** What the numbers of a block must be. */
export interface MeasuredShape {
  readonly resolution: number;
  /** Features of the random network, and of Inception; undefined where it is not asked. */
  readonly dimensions: number;
  readonly inception: number | undefined;
}

/** Reads what was kept of a block. Throws CheckpointError for other files, ProjectError where it is not of this block. */
export function decodeMeasured(bytes: Uint8Array, { first, end }: Block, shape: MeasuredShape): Measured {
  const { tensors } = readSafetensors(bytes);
  const { resolution, dimensions, inception } = shape;
  const places = tensors.get("places")?.read();
  if (places?.dtype !== "int32" || places.shape.length !== 1) throw new ProjectError("it has no list of images");
  const n = places.data.length;
  const isOrdered = places.data.every((place, i, all) => place >= (i === 0 ? first : all[i - 1] + 1) && place < end);
  if (!isOrdered) throw new ProjectError(`images that are not of ${first} to ${end - 1}`);
  const rows = (name: string, each: number): Float32Array => {
    const found = tensors.get(name)?.read();
    const width = n === 0 ? 0 : each;
    if (found?.dtype !== "float32" || found.shape.join() !== `${n},${width}`)
      throw new ProjectError(`${name} is ${found?.dtype}[${found?.shape}], expected float32[${n},${width}]`);
    if (!found.data.every(Number.isFinite)) throw new ProjectError(`${name} holds NaN or infinity`);
    return found.data;
  };
  const sides = pyramidSides(resolution);
  const wanted = 2 + sides.length + (inception === undefined ? 0 : 1);
  if (tensors.size !== wanted) throw new ProjectError(`${tensors.size} tensors, expected ${wanted}`);
  return {
    places: places.data,
    patches: sides.map((side) => ({ side, data: rows(`patches.${side}`, PATCHES_PER_IMAGE * PATCH_SIZE) })),
    features: rows("features", dimensions),
    inception: inception === undefined ? undefined : rows("inception", inception),
  };
}

/** Puts blocks together, in the order in which they come. */
export interface BlockCollector {
  /** Images so far. */
  readonly images: number;
  /** Takes the images of a block, but no more than were announced in all. */
  add(measured: Measured): void;
  /** The first `most` of them. Default: all. */
  finish(most?: number): { readonly sample: ImageSample; readonly points: Points | undefined };
}

/** For at most `most` images. */
export function blockCollector(resolution: number, most: number): BlockCollector {
  const sides = pyramidSides(resolution);
  const each = PATCHES_PER_IMAGE * PATCH_SIZE;
  const patches = sides.map(() => new Float32Array(most * each));
  let features: Rows | undefined;
  let inception: Rows | undefined;
  let images = 0;
  const put = (rows: Rows | undefined, data: Float32Array, n: number, taken: number): Rows => {
    const to = rows ?? { dimensions: data.length / n, data: new Float32Array((most * data.length) / n) };
    to.data.set(data.subarray(0, taken * to.dimensions), images * to.dimensions);
    return to;
  };
  const points = ({ dimensions, data }: Rows, n: number): Points => ({
    dimensions,
    data: data.subarray(0, n * dimensions),
  });
  return {
    get images() {
      return images;
    },
    add(measured) {
      const n = measured.places.length;
      const taken = Math.min(n, most - images);
      if (taken === 0) return;
      for (const [i, { data }] of measured.patches.entries())
        patches[i].set(data.subarray(0, taken * each), images * each);
      features = put(features, measured.features, n, taken);
      if (measured.inception !== undefined) inception = put(inception, measured.inception, n, taken);
      images += taken;
    },
    finish(n = images) {
      const levels = sides.map((side, i) => ({ side, data: patches[i].subarray(0, n * each) }));
      return {
        sample: {
          images: n,
          patches: normalizedPatches(levels),
          features: features === undefined ? { dimensions: 1, data: new Float32Array() } : points(features, n),
        },
        points: inception && points(inception, n),
      };
    },
  };
}

interface Rows {
  readonly dimensions: number;
  readonly data: Float32Array;
}
