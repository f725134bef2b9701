/**
 * What editing needs at hand, so that an edit takes a fraction of a second and no generator: a sample of the clustered pixels' features,
 * on which merges are trained for now (`klish edit save` trains them on all pixels), and some pictures. Made by the first edit; it may
 * be deleted.
 */
import sharp from "sharp";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import type { TrainedMerge } from "../../cluster/tree/treeCut.ts";
import { denseFeatures, subset } from "../../pixels/denseFeatures.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { randomSubset } from "../../tensor/random.ts";
import { type AnyTensor, type Tensor, tensor } from "../../tensor/tensor.ts";
import { type Project, pathIn, treeHash } from "../cluster/project.ts";
import { clusteredPixels, generateOptions } from "../cluster/request.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import { toRgb } from "./images.ts";
import { openProjectNetwork, projectFeatures } from "./projectFeatures.ts";

export interface EditCache {
  /** The sample, and the start clusters of its pixels. */
  readonly features: Pixels;
  readonly labels: Uint16Array;
  /** Pictures of `side` pixels with the features of `grid` x `grid` pixels each. */
  readonly pictures: readonly Uint8Array[];
  readonly side: number;
  readonly grid: number;
  readonly shown: Pixels;
  /** Merges trained on the sample; new ones are kept by `saveTrained`. */
  readonly trained: Map<string, TrainedMerge>;
}

const CACHE = ["edits", "cache.safetensors"];
const TRAINED = ["edits", "trained.safetensors"];
/** Pixels of the sample: merges of so many are trained in a fifth of a second. */
const SAMPLE = 49152;
/** Floats that the sample may have. */
const SAMPLE_VALUES = 2 ** 24;
const PICTURES = 6;
const SIDE = 128;
const GRID = 64;

export interface EditCacheOptions extends JobOptions {
  readonly network: string | null;
  readonly provider: ProviderChoice;
  readonly threads: number;
}

/** The project's cache; made with its generator where there is none for this tree. */
export async function openEditCache(project: Project, tree: MergeTree, options: EditCacheOptions): Promise<EditCache> {
  const hash = await treeHash(project);
  const path = pathIn(project, ...CACHE);
  const bytes = await readIfThere(path);
  const kept = bytes === undefined ? undefined : readTensors(bytes, hash);
  const tensors = kept ?? (await sampleTensors(project, tree, options));
  if (kept === undefined) await writeAtomic(path, writeSafetensors(new Map(Object.entries(tensors)), { tree: hash }));
  const blas = ortBlas({ threads: options.threads });
  const { rows, labels, pictures, shown } = tensors;
  const [count, side] = pictures.shape;
  const size = side * side * 3;
  return {
    features: denseFeatures(rows, { blas }),
    labels: labels.data,
    pictures: Array.from({ length: count }, (_, i) => pictures.data.subarray(i * size, (i + 1) * size)),
    side,
    grid: Math.round(Math.sqrt(shown.shape[0] / count)),
    shown: denseFeatures(shown, { blas }),
    trained: await loadTrained(project, hash),
  };
}

interface CacheTensors extends Record<string, AnyTensor> {
  /** [M,D]. */
  readonly rows: Tensor;
  /** [M]. */
  readonly labels: Tensor<"uint16">;
  /** [P,S,S,3]. */
  readonly pictures: Tensor<"uint8">;
  /** [P*G*G,D]. */
  readonly shown: Tensor;
}

/** Undefined for a cache that is damaged, or of another tree: it costs one run of the generator. */
function readTensors(bytes: Uint8Array, hash: string): CacheTensors | undefined {
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata.tree !== hash) return undefined;
    const read = (name: string): AnyTensor => tensors.get(name)!.read();
    return {
      rows: read("rows") as Tensor,
      labels: read("labels") as Tensor<"uint16">,
      pictures: read("pictures") as Tensor<"uint8">,
      shown: read("shown") as Tensor,
    };
  } catch {
    return undefined;
  }
}

async function sampleTensors(project: Project, tree: MergeTree, options: EditCacheOptions): Promise<CacheTensors> {
  const { settings } = project.file;
  const { seeds, resolution } = settings;
  const chosen = clusteredPixels(settings);
  const network = await openProjectNetwork(project, options);
  try {
    const { generator } = network;
    const all = await projectFeatures(settings, generator, options);
    const clustered = chosen === undefined ? all : await subset(all, chosen);
    const d = clustered.channels;
    if (clustered.pixels !== tree.pixels)
      throw new ProjectError(
        `${project.folder}: the tree is of ${tree.pixels} pixels, the run of ${clustered.pixels}.`,
      );
    const size = Math.min(tree.pixels, SAMPLE, Math.floor(SAMPLE_VALUES / d));
    const index = randomSubset(0, tree.pixels, size);
    const shownSeeds = seeds.slice(0, PICTURES);
    const { info } = generator;
    const { image } = await generator.generate({ ...generateOptions(settings, info), seeds: shownSeeds });
    const pictures = await Promise.all(
      toRgb(image, info.imageRange).map((rgb) =>
        sharp(rgb, { raw: { width: info.resolution, height: info.resolution, channels: 3 } })
          .resize(SIDE, SIDE, { kernel: info.resolution < SIDE ? "nearest" : "lanczos3" })
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    );
    const grid = Math.min(GRID, resolution);
    const at = (i: number): number => Math.floor(((i + 0.5) * resolution) / grid);
    const pixels = Int32Array.from({ length: shownSeeds.length * grid * grid }, (_, n) => {
      const [row, column] = [Math.floor(n / grid) % grid, n % grid];
      return (Math.floor(n / (grid * grid)) * resolution + at(row)) * resolution + at(column);
    });
    return {
      rows: tensor([size, d], await clustered.rows(index)),
      labels: { dtype: "uint16", shape: [size], data: Uint16Array.from(index, (n) => tree.initialLabels[n]) },
      pictures: {
        dtype: "uint8",
        shape: [pictures.length, SIDE, SIDE, 3],
        data: Uint8Array.from(Buffer.concat(pictures)),
      },
      shown: tensor([pixels.length, d], await all.rows(pixels)),
    };
  } finally {
    await network.generator.dispose();
  }
}

async function loadTrained({ folder }: Project, hash: string): Promise<Map<string, TrainedMerge>> {
  const bytes = await readIfThere(pathIn({ folder }, ...TRAINED));
  const trained = new Map<string, TrainedMerge>();
  if (bytes === undefined) return trained;
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata.tree !== hash) return trained;
    for (const [key, stored] of tensors) {
      const data = stored.read().data as Float64Array;
      const [bias, iou, objective, gap] = data;
      trained.set(key, { weight: Float32Array.from(data.subarray(4)), bias, iou, objective, gap });
    }
    return trained;
  } catch {
    // As of the cache: what is not there is trained again.
    return new Map();
  }
}

/** Keeps what was trained, for later edits. */
export async function saveTrained(project: Project, trained: ReadonlyMap<string, TrainedMerge>): Promise<void> {
  const tensors = new Map(
    [...trained].map(([key, { weight, bias, iou, objective, gap }]): [string, AnyTensor] => {
      const data = Float64Array.of(bias, iou, objective, gap, ...weight);
      return [key, { dtype: "float64", shape: [data.length], data }];
    }),
  );
  await writeAtomic(pathIn(project, ...TRAINED), writeSafetensors(tensors, { tree: await treeHash(project) }));
}
