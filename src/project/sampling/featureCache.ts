import { rm } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { type FeatureBatch, sampledLayers } from "../../features/sampleFeatures.ts";
import type { LayerInfo } from "../../gan/generator.ts";
import { sameShape, type Tensor } from "../../tensor/tensor.ts";
import { pathIn } from "../cluster/project.ts";
import { readIfThere, writeAtomic } from "../storage/files.ts";

const FOLDER = "features";

const shardPath = (folder: string, first: number): string =>
  pathIn({ folder }, FOLDER, `${String(first).padStart(6, "0")}.safetensors`);

/** The inner maps of a batch: those that an earlier run or another part kept, or they are made and kept. */
export async function keptBatch(
  folder: string,
  first: number,
  seeds: readonly number[],
  layers: readonly LayerInfo[],
  resolution: number,
  sample: () => Promise<FeatureBatch>,
): Promise<readonly Tensor[]> {
  const expected = sampledLayers({ layers, resolution }).map(({ channels, size }, i) => ({
    name: layers[i].name,
    shape: [seeds.length, channels, size, size],
  }));
  const kept = await loadBatch(folder, first, seeds, expected);
  if (kept !== undefined) return kept;
  const made = await sample();
  await saveBatch(folder, first, made, layers);
  return made.layers;
}

/** Keeps the inner maps of a batch, so that they need not be generated again. */
async function saveBatch(
  folder: string,
  first: number,
  batch: FeatureBatch,
  layers: readonly LayerInfo[],
): Promise<void> {
  const tensors = new Map(layers.map(({ name }, i) => [name, batch.layers[i]]));
  await writeAtomic(shardPath(folder, first), writeSafetensors(tensors, { seeds: batch.seeds.join(",") }));
}

/**
 * The inner maps of a batch as they were kept: one per layer of the given shapes; undefined when there are none, or they are damaged, of other seeds, or hold
 * NaN: they will be generated again.
 */
async function loadBatch(
  folder: string,
  first: number,
  seeds: readonly number[],
  layers: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Promise<Tensor[] | undefined> {
  const bytes = await readIfThere(shardPath(folder, first));
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata["seeds"] !== seeds.join(",")) return undefined;
    const found = layers.map(({ name, shape }) => {
      const maps = tensors.get(name);
      return maps?.dtype === "float32" && sameShape(maps.shape, shape) ? (maps.read() as Tensor) : undefined;
    });
    return found.every((maps) => maps?.data.every(Number.isFinite)) ? (found as Tensor[]) : undefined;
  } catch {
    // A damaged file of a cache costs one batch of generation.
    return undefined;
  }
}

export async function dropBatches(folder: string): Promise<void> {
  await rm(pathIn({ folder }, FOLDER), { recursive: true, force: true });
}
