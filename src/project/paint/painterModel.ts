/** Painters by their files: what a path stands for. */
import { createHash } from "node:crypto";
import { readSafetensors } from "../../checkpoint/safetensors.ts";
import { CheckpointError } from "../../checkpoint/stateDict.ts";
import { decodeOnnx, OnnxError } from "../../graph/onnxModel.ts";
import { isPainterMetadata, type PainterFile, readPainterBytes } from "../../models/painter/painterFile.ts";
import { isShipped, shippedPath } from "../network/shipped.ts";
import { isTrainingRun, PAINTER_RUN, painterPath } from "../network/trainingRun.ts";
import { isFolder, ProjectError, readGiven, readIfThere } from "../storage/files.ts";

export interface PainterModel extends PainterFile {
  /** Of its file. */
  readonly sha256: string;
}

/**
 * Reads a painter: the folder of a run that trains one, its .safetensors, an .onnx of it (models/painter/painterFile says what they hold),
 * or the name of a shipped one. Throws ProjectError for what is none.
 */
export async function readPainter(fileOrName: string): Promise<PainterModel> {
  const file = await painterFile(shippedPath("painter", fileOrName));
  const bytes = isShipped("painter", fileOrName) ? await readIfThere(file) : await readGiven(file);
  if (bytes === undefined)
    throw new ProjectError(
      `this package of klish has no painter called ${fileOrName}. Train one with klish train painter.`,
    );
  try {
    return { ...readPainterBytes(bytes), sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (cause) {
    if (!(cause instanceof CheckpointError || cause instanceof OnnxError)) throw cause;
    throw new ProjectError(`${file}: ${cause.message}.`, { cause });
  }
}

/** Whether a path is that of a painter of klish: a .safetensors or .onnx that says so, or the folder of a run that trains one. */
export async function isPainter(path: string): Promise<boolean> {
  if (await isFolder(path)) return isTrainingRun(path, PAINTER_RUN);
  const [weights, model] = [".safetensors", ".onnx"].map((ending) => path.endsWith(ending));
  const bytes = weights || model ? await readIfThere(path) : undefined;
  if (bytes === undefined) return false;
  try {
    return isPainterMetadata(
      weights ? Object.keys(readSafetensors(bytes).metadata) : decodeOnnx(bytes).metadata.keys(),
    );
  } catch (error) {
    // Whatever else reads it says what is wrong with it.
    if (error instanceof CheckpointError || error instanceof OnnxError) return false;
    throw error;
  }
}

/** The newest painter of a training run, where the path is that of one's folder. */
async function painterFile(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  if (await isTrainingRun(path, PAINTER_RUN)) return painterPath(path);
  throw new ProjectError(
    `${path} is a folder, and not that of a painter's training run. Give a .safetensors or .onnx of klish, or the folder of klish train painter.`,
  );
}
