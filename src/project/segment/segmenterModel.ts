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
import {
  checkedWeights,
  constantWeights,
  type SegmenterArchitecture,
  segmenterNetwork,
} from "../../models/segmenter.ts";
import { unetPlan } from "../../models/unet.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { Session } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tryPicturesApart } from "../network/onnxTrial.ts";
import type { ModelRole, PictureModelRequest } from "../network/pictureModel.ts";
import { shippedPath } from "../network/shipped.ts";
import { isTrainingRun, SEGMENTER_RUN, segmenterPath } from "../network/trainingRun.ts";
import { isFolder, ProjectError, readIfThere } from "../storage/files.ts";
import type { Size } from "./frame.ts";

/** Key of a segmenter's description in the metadata of its safetensors file. */
export const SEGMENTER_METADATA = "klish.segmenter";

/** What a segmenter of klish says of itself, in the metadata of its file. */
const description = z.object({
  /** Side of the pictures that it learned from. */
  side: z.int().min(1),
  classes: z.array(z.object({ name: z.string(), color: z.string().optional(), background: z.boolean().optional() })),
  /** Undefined: a U-Net, whose sizes its weights tell. */
  architecture: z
    .discriminatedUnion("network", [
      z.object({ network: z.literal("unet"), channels: z.array(z.int().min(1)) }),
      z.object({
        network: z.literal("deeplabv3"),
        backbone: z.literal(["resnet18", "resnet50"]),
        outputStride: z.literal([8, 16]),
      }),
    ])
    .optional(),
});

/** A segmenter as ONNX, from RGB pictures to logits or label maps, and what it says of itself. */
export interface SegmenterModel {
  readonly model: Uint8Array;
  /** Of a network of klish: the same for so many pictures of one size and no others, which takes .6 to .9 of the time. */
  readonly sized?: (pictures: number, size: Size) => Uint8Array;
  /** Undefined where it does not name them. */
  readonly classes: readonly DatasetClass[] | undefined;
  /** Side of the pictures that it learned from, where it says so. */
  readonly side: number | undefined;
  /** Of its file. */
  readonly sha256: string;
}

/**
 * Reads a segmenter and opens it. One that could run for ever is tried first, in a process that can be ended. Sizes of pictures for one
 * that takes any: `size`, else what it learned from, else `otherwise`. Throws ProjectError or RuntimeError.
 */
export async function openSegmenterModel(
  { file, size }: Pick<PictureModelRequest, "file" | "size">,
  role: ModelRole,
  { threads, otherwise, ...job }: JobOptions & { readonly threads: number; readonly otherwise: number },
): Promise<SegmenterModel & { readonly session: Session }> {
  const read = await readSegmenter(file);
  const side = size ?? read.side ?? otherwise;
  await tryPicturesApart({ bytes: read.model }, { file, role, side }, job);
  return { ...read, session: await ortNode.createSession(read.model, { threads }) };
}

/**
 * Reads a segmenter: any ONNX as it is; of a .safetensors file of klish or the folder of a run that trains one, ONNX from RGB pictures with values in [0, 1] to logits.
 * Throws ProjectError for what is neither.
 */
export async function readSegmenter(fileOrName: string): Promise<SegmenterModel> {
  const file = await segmenterFile(shippedPath("segmenter", fileOrName));
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
    const { classes, side } = about;
    const sized = (pictures: number, size: Size): Uint8Array => segmenterOnnx(read, about, { pictures, ...size });
    return { model: segmenterOnnx(read, about), sized, sha256, classes, side };
  } catch (cause) {
    const known = [CheckpointError, OnnxError, SyntaxError].some((kind) => cause instanceof kind);
    if (!known) throw cause;
    throw new ProjectError(`${file}: ${(cause as Error).message}.`, { cause });
  }
}

/** Whether a path is that of a segmenter of klish: a .safetensors that says so, or the folder of a run that trains one. */
export async function isSegmenter(path: string): Promise<boolean> {
  if (await isFolder(path)) return isTrainingRun(path, SEGMENTER_RUN);
  const bytes = path.endsWith(".safetensors") ? await readIfThere(path) : undefined;
  try {
    return bytes !== undefined && SEGMENTER_METADATA in readSafetensors(bytes).metadata;
  } catch (error) {
    // Whatever else reads it says what is wrong with it.
    if (error instanceof CheckpointError) return false;
    throw error;
  }
}

/** The best segmenter of a training run, where the path is that of one's folder. */
async function segmenterFile(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  if (await isTrainingRun(path, SEGMENTER_RUN)) return segmenterPath(path);
  throw new ProjectError(
    `${path} is a folder, and not that of a segmenter's training run. Give a .safetensors of klish, an .onnx, or the folder of klish train segmenter.`,
  );
}

/** What a segmenter of klish says of itself. */
export interface Described {
  readonly side: number;
  readonly classes: readonly DatasetClass[];
  readonly architecture: SegmenterArchitecture | undefined;
}

function described(file: string, text: string): Described {
  const about = description.safeParse(JSON.parse(text));
  if (!about.success) throw new ProjectError(`${file} is not a segmenter of klish: its metadata do not describe one.`);
  const { side, classes, architecture } = about.data;
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
  return { side, classes: listed, architecture };
}

/**
 * ONNX of any number of pictures of any size, or of one: "pictures" [batch,3,height,width], RGB from 0 to 1 as other people's models have
 * them, to "logits" [batch,classes,height,width]; what it is under SEGMENTER_METADATA.
 */
export function segmenterOnnx(
  tensors: ReadonlyMap<string, Tensor>,
  { side, classes, architecture = { network: "unet", channels: unetPlan(tensors).channels } }: Described,
  only?: Size & { readonly pictures: number },
): Uint8Array {
  const network = segmenterNetwork(architecture, classes.length);
  const weights = constantWeights(checkedWeights(network, tensors));
  const shape = only === undefined ? [1, 3, side, side] : [only.pictures, 3, only.height, only.width];
  const logits = network.inference(weights, add(mul(input("pictures", shape), 2), -1), { openSize: true });
  if (only !== undefined) return toOnnx(graph({ logits }));
  const about = JSON.stringify({ side, classes, architecture });
  const metadata = new Map([[SEGMENTER_METADATA, about]]);
  return toOnnx(graph({ logits }), { dynamicBatch: true, dynamicSize: true, portable: true, metadata });
}
