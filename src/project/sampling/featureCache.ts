import { rm } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { FeatureBatch } from "../../features/sampleFeatures.ts";
import type { LayerInfo } from "../../gan/generator.ts";
import { sameShape, type Tensor } from "../../tensor/tensor.ts";
import { pathIn } from "../cluster/project.ts";
import { readIfThere, writeAtomic } from "../storage/files.ts";

const FOLDER = "features";

const shardPath = (folder: string, first: number): string =>
  pathIn({ folder }, FOLDER, `${String(first).padStart(6, "0")}.safetensors`);

/** Keeps the inner maps of a batch, so that a killed run need not generate them again. */
export async function saveBatch(
  folder: string,
  first: number,
  batch: FeatureBatch,
  layers: readonly LayerInfo[],
): Promise<void> {
  const tensors = new Map(layers.map(({ name }, i) => [name, batch.layers[i]]));
  await writeAtomic(shardPath(folder, first), writeSafetensors(tensors, { seeds: batch.seeds.join(",") }));
}

/**
 * The inner maps of a batch that an earlier run kept: one per layer of the given shapes; undefined when there are none,
 * or they are damaged or of other seeds: they will be generated again.
 */
export async function loadBatch(
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
    return found.every((maps) => maps !== undefined) ? found : undefined;
  } catch {
    // A damaged file of a cache costs one batch of generation.
    return undefined;
  }
}

export async function dropBatches(folder: string): Promise<void> {
  await rm(pathIn({ folder }, FOLDER), { recursive: true, force: true });
}
