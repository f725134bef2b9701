import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readSafetensors } from "../../checkpoint/safetensors.ts";
import { CheckpointError } from "../../checkpoint/stateDict.ts";
import { listedClasses } from "../../dataset/classList.ts";
import type { DatasetClass } from "../../dataset/labelMap.ts";
import { toOnnx } from "../../graph/emit.ts";
import { graph } from "../../graph/graph.ts";
import { decodeOnnx, OnnxError } from "../../graph/onnxModel.ts";
import { add, input, mul } from "../../graph/ops/index.ts";
import { segmenterGraph } from "../../models/segmenter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { shippedPath } from "../network/shipped.ts";
import { ProjectError } from "../storage/files.ts";

/** Key of a segmenter's description in the metadata of its safetensors file. */
export const SEGMENTER_METADATA = "klish.segmenter";

/** What a segmenter of klish says of itself, in the metadata of its file. */
const description = z.object({
  /** Side of the pictures that it learned from. */
  side: z.int().min(1),
  classes: z.array(z.object({ name: z.string(), color: z.string().optional(), background: z.boolean().optional() })),
});

/** A segmenter as ONNX, from RGB pictures to logits or label maps, and what it says of itself. */
export interface SegmenterModel {
  readonly model: Uint8Array;
  /** Undefined where it does not name them. */
  readonly classes: readonly DatasetClass[] | undefined;
  /** Side of the pictures that it learned from, where it says so. */
  readonly side: number | undefined;
  /** Of its file. */
  readonly sha256: string;
}

/**
 * Reads a segmenter: any ONNX as it is; of a .safetensors file of klish, ONNX from RGB pictures with values in [0, 1] to logits.
 * Throws ProjectError for what is neither.
 */
export async function readSegmenter(fileOrName: string): Promise<SegmenterModel> {
  const file = shippedPath("segmenter", fileOrName);
  const bytes = await readFile(file).catch((cause) => {
    throw new ProjectError(`${file} cannot be read (${(cause as Error).message}).`, { cause });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  try {
    if (!file.endsWith(".safetensors")) {
      const text = decodeOnnx(bytes).metadata.get(SEGMENTER_METADATA);
      return {
        model: bytes,
        sha256,
        ...(text === undefined ? { classes: undefined, side: undefined } : described(file, text)),
      };
    }
    const { tensors, metadata } = readSafetensors(bytes);
    const about = described(file, metadata[SEGMENTER_METADATA] ?? "null");
    const read = new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor]));
    return { model: segmenterOnnx(read, about.side), sha256, ...about };
  } catch (cause) {
    const known = [CheckpointError, OnnxError, SyntaxError].some((kind) => cause instanceof kind);
    if (!known) throw cause;
    throw new ProjectError(`${file}: ${(cause as Error).message}.`, { cause });
  }
}

function described(file: string, text: string): { side: number; classes: readonly DatasetClass[] | undefined } {
  const about = description.safeParse(JSON.parse(text));
  if (!about.success) throw new ProjectError(`${file} is no segmenter of klish: it does not say so in its metadata.`);
  const { side, classes } = about.data;
  const faults: string[] = [];
  const listed = listedClasses(
    classes.map(({ name, color, background }) => ({
      name,
      ...(color !== undefined && { color }),
      ...(background !== undefined && { background }),
    })),
    file,
    (_, __, found) => faults.push(found),
  );
  if (listed === undefined) throw new ProjectError(`${file}: its list of classes is damaged: ${faults[0]}.`);
  return { side, classes: listed };
}

/** Takes pictures in [0, 1], as other people's models do. */
function segmenterOnnx(tensors: ReadonlyMap<string, Tensor>, side: number): Uint8Array {
  const pictures = input("pictures", [1, 3, side, side]);
  const { logits } = segmenterGraph(tensors, add(mul(pictures, 2), -1));
  return toOnnx(graph({ logits }), { dynamicBatch: true, portable: true });
}
