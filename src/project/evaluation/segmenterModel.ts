import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readSafetensors } from "../../checkpoint/safetensors.ts";
import { CheckpointError } from "../../checkpoint/stateDict.ts";
import { toOnnx } from "../../graph/emit.ts";
import { graph } from "../../graph/graph.ts";
import { add, input, mul } from "../../graph/ops/index.ts";
import { segmenterGraph } from "../../models/segmenter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { shippedPath } from "../network/shipped.ts";
import { ProjectError } from "../storage/files.ts";

/** Key of a segmenter's description in the metadata of its safetensors file. */
export const SEGMENTER_METADATA = "klish.segmenter";

const description = z.object({
  /** Side of the pictures that it learned from. */
  side: z.int().min(1),
  classes: z.array(z.object({ name: z.string() })),
});

/** A segmenter as ONNX, and the names of its classes where it knows them. */
export interface SegmenterModel {
  readonly model: Uint8Array;
  readonly classes: readonly string[] | undefined;
}

/**
 * Reads a segmenter: any ONNX as it is; of a .safetensors file of klish, ONNX from RGB pictures with values in [0, 1] to logits. Throws
 * ProjectError for what is neither.
 */
export async function readSegmenter(fileOrName: string): Promise<SegmenterModel> {
  const file = shippedPath("segmenter", fileOrName);
  const bytes = await readFile(file).catch((cause) => {
    throw new ProjectError(`${file} cannot be read (${(cause as Error).message}).`, { cause });
  });
  if (!file.endsWith(".safetensors")) return { model: bytes, classes: undefined };
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const about = description.safeParse(JSON.parse(metadata[SEGMENTER_METADATA] ?? "null"));
    if (!about.success) throw new ProjectError(`${file} is no segmenter of klish: it does not say so in its metadata.`);
    const { side, classes } = about.data;
    const read = new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor]));
    return { model: segmenterOnnx(read, side), classes: classes.map(({ name }) => name) };
  } catch (cause) {
    if (!(cause instanceof CheckpointError || cause instanceof SyntaxError)) throw cause;
    throw new ProjectError(`${file}: ${cause.message}.`, { cause });
  }
}

/** Takes pictures in [0, 1], as other people's models do. */
function segmenterOnnx(tensors: ReadonlyMap<string, Tensor>, side: number): Uint8Array {
  const pictures = input("pictures", [1, 3, side, side]);
  const { logits } = segmenterGraph(tensors, add(mul(pictures, 2), -1));
  return toOnnx(graph({ logits }), { dynamicBatch: true, portable: true });
}
