/** The user's VGG19 of a perceptual loss. */
import { createHash } from "node:crypto";
import { OnnxError } from "../../../graph/onnxModel.ts";
import { readVgg, type Vgg } from "../../../models/painter/vgg.ts";
import { ProjectError, readGiven } from "../../storage/files.ts";

/** Reads it. Throws ProjectError for what is none, or is not that of `sha256`. */
export async function readVggFile(
  file: string,
  sha256?: string,
): Promise<{ readonly vgg: Vgg; readonly sha256: string }> {
  const bytes = await readGiven(file);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== undefined && found !== sha256)
    throw new ProjectError(`${file} is not the one that this run began with: put that back, or begin a new run.`);
  try {
    return { vgg: readVgg(new Uint8Array(bytes)), sha256: found };
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    throw new ProjectError(`${file}: ${cause.message}.`, { cause });
  }
}
