import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, sep } from "node:path";
import { looksLikeOnnx } from "../../gan/openGenerator.ts";
import { type ExternalData, externalFiles } from "../../graph/onnxExternal.ts";
import { explain, ProjectError } from "../storage/files.ts";

/** A model's file, with those beside it in which it keeps weights. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly externalData: readonly ExternalData[];
  /** Of all of them: equal hashes mean equal networks. */
  readonly sha256: string;
}

/**
 * Reads a generator's file. An .onnx may keep its weights in other files: those are taken from its own folder (or one in
 * it) and from nowhere else, and not at all where the file is a download, which has none beside it. Throws ProjectError
 * that names what is missing, OnnxError for a damaged model.
 */
export async function readModelFile(path: string, downloadedFrom?: string): Promise<ModelFile> {
  const bytes = await readFile(path).catch((error) => {
    throw explain(error, path);
  });
  const hash = createHash("sha256").update(bytes);
  const externalData: ExternalData[] = [];
  for (const name of looksLikeOnnx(bytes) ? externalFiles(bytes).sort() : []) {
    if (downloadedFrom !== undefined)
      throw new ProjectError(
        `${downloadedFrom} keeps weights in another file, ${JSON.stringify(name)}. Download both into one folder and give the .onnx there.`,
      );
    const data = await readBeside(path, name);
    hash.update(name).update(data);
    externalData.push({ path: name, data });
  }
  return { bytes, externalData, sha256: hash.digest("hex") };
}

async function readBeside(model: string, name: string): Promise<Uint8Array> {
  const quoted = JSON.stringify(name);
  const refuse = (why: string): never => {
    throw new ProjectError(`${model} keeps weights in another file, ${quoted}: ${why}`);
  };
  const inside = name !== "" && !isAbsolute(name) && !/^[a-z]:|\\|\0/i.test(name) && !name.split("/").includes("..");
  if (!inside) return refuse("this is not a path in its own folder, and nothing else is read.");
  const folder = await realpath(dirname(model));
  const path = join(folder, name);
  const real = await realpath(path).catch(() =>
    refuse(`there is no ${path}. Put it next to the .onnx, under this name: the two belong together.`),
  );
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    return refuse(`${path} is a link that leads out of its folder. Put the file itself there.`);
  if (!(await stat(real)).isFile()) return refuse(`${path} is not a file.`);
  return readFile(real).catch((error) => {
    throw explain(error, path);
  });
}
