import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { readCheckpoint } from "../../checkpoint/readCheckpoint.ts";
import { GeneratorError } from "../../gan/errors.ts";
import type { Generator, LatentDistribution } from "../../gan/generator.ts";
import type { OnnxGeneratorOptions } from "../../gan/onnx/onnxGenerator.ts";
import type { OnnxSignature } from "../../gan/onnx/signature.ts";
import { looksLikeOnnx, openGeneratorBytes } from "../../gan/openGenerator.ts";
import { resolveProvider } from "../../runtime/node/providers.ts";
import type { Provider, ProviderChoice, Runtime } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { shellWord } from "../../text/escape.ts";
import { isPicture } from "../../text/pictureNames.ts";
import { listFolder, ProjectError } from "../storage/files.ts";
import { isUrl, withoutSecrets } from "./address.ts";
import { download, keptDownload } from "./download.ts";
import { type ModelFile, readModelFile } from "./modelFile.ts";
import { tryOnnxApart } from "./onnxTrial.ts";
import { EXTRACTOR_FILE, openPhotoExtractor, readPhotoExtractor } from "./photoExtractor.ts";
import { isShipped, shippedPath } from "./shipped.ts";
import { EXTRACTOR_RUN, isTrainingRun, networkPath, PAINTER_RUN, SEGMENTER_RUN } from "./trainingRun.ts";

export interface OpenNetworkOptions extends JobOptions {
  readonly runtime: Runtime;
  /** Default "auto". */
  readonly provider?: ProviderChoice;
  readonly threads?: number;
  readonly latent?: LatentDistribution;
  /** Whether a generator will do that gives another image of a seed each time. Default: it is refused. */
  readonly mayVary?: boolean;
  /** What another opening of the same file found, which spares an ONNX model's trial run. */
  readonly signature?: OnnxSignature;
}

/** A generator with where it came from. */
export interface OpenedNetwork {
  readonly generator: Generator;
  /** Absolute path, or the URL without its secrets, or the name of a shipped one: to be shown and kept. */
  readonly path: string;
  /** Where its bytes lie on this machine. */
  readonly file: string;
  readonly sha256: string;
  readonly provider: Provider;
  /** Of an ONNX model: what its trial run found. */
  readonly signature?: OnnxSignature;
}

const KINDS =
  "Give a generator: an .onnx, an official checkpoint, an https URL of one, a training run's folder, or portraits.";

/** Path of a generator's file: as given, of a shipped one, of a training run's newest, or where a URL was downloaded to. Throws ProjectError when there is none. */
export async function networkFile(given: string, job: JobOptions = {}): Promise<string> {
  if (isUrl(given)) return download(given, { ...job, accept: refuseOther });
  const path = shippedPath("generator", given);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new ProjectError(`${path}: there is no such file. ${KINDS}`);
  if (found.isDirectory()) return networkIn(path);
  // A project of somebody else may name a device or a pipe, which never ends.
  if (!found.isFile()) throw new ProjectError(`${path} is not a plain file, but a device or a pipe. ${KINDS}`);
  return path;
}

/** Throws CheckpointError for bytes that are neither an ONNX model nor a checkpoint. */
function refuseOther(bytes: Uint8Array): void {
  if (!looksLikeOnnx(bytes)) readCheckpoint(bytes);
}

/** Another machine's: an address, or a shared folder of Windows, which opening it would log in to. */
export const isElsewhere = (path: string): boolean => isUrl(path) || /^[\\/]{2}/.test(path);

/**
 * Where to find the generator that a project's or dataset's file names: where the user says, or where it was. Such a file may be
 * anybody's, so no other machine is asked on its word alone: what was fetched before is found in the cache, by its content.
 * Throws ProjectError otherwise.
 */
export async function storedNetwork(asked: string | null, stored: string, sha256: string): Promise<string> {
  if (asked !== null) return asked;
  if (!isElsewhere(stored)) return stored;
  const kept = await keptDownload(sha256);
  if (kept !== undefined) return kept;
  throw new ProjectError(
    `the generator is said to be at ${withoutSecrets(stored)}. klish asks no other machine because a file says so: if you trust that place, give it with --network.`,
  );
}

/** The generator in a folder, where that is a training run's; for other folders, the way on. */
async function networkIn(folder: string): Promise<string> {
  if (await isTrainingRun(folder)) {
    const path = networkPath(folder);
    if (await stat(path).catch(() => undefined)) return path;
    throw new ProjectError(
      `${folder}: this training run has saved no network yet. Continue it with klish train gan, or wait for its first tick.`,
    );
  }
  if (await isTrainingRun(folder, SEGMENTER_RUN))
    throw new ProjectError(
      `${folder} trains a segmenter, which is not a generator. Give it as --model to klish segment, or write it as .onnx with klish convert.`,
    );
  if (await isTrainingRun(folder, PAINTER_RUN))
    throw new ProjectError(
      `${folder} trains a painter, which is not a generator. Give it as --model to klish paint, or write it as .onnx with klish convert.`,
    );
  if (await isTrainingRun(folder, EXTRACTOR_RUN))
    throw new ProjectError(
      `${folder} holds an extractor learned from masks, not a generator. Give it as --project to klish dataset; \`klish info\` on the folder names its generator.`,
    );
  const entries = await listFolder(folder);
  if (entries.includes("project.json"))
    throw new ProjectError(
      `${folder} is a project, not a generator. Give the generator that it was made from; \`klish info\` on the folder names it.`,
    );
  const pictures = entries.filter(isPicture).length;
  if (pictures > 0)
    throw new ProjectError(
      `${folder} holds pictures (${pictures}), not a generator. Train one on them, then give the run's folder as --network:\n` +
        `  klish train gan --data ${shellWord(folder)} --outdir run --hours 1\n` +
        "or go from the pictures to masks of their parts at once:\n" +
        `  klish auto --data ${shellWord(folder)} --outdir my-parts`,
    );
  throw new ProjectError(`${folder} is a folder without a generator. ${KINDS}`);
}

/** What a generator's file holds, as `networkFile` finds it. */
export const networkModel = async (given: string, job: JobOptions = {}): Promise<ModelFile> =>
  readModelFile(await networkFile(given, job), isUrl(given) ? withoutSecrets(given) : undefined);

/** Trials of this thread, by the model's hash and the latent. */
const trials = new Map<string, Promise<OnnxSignature>>();

/** Where ONNX models are tried: in a process of its own, each once. */
export function trialOf(sha256: string, job: JobOptions): NonNullable<OnnxGeneratorOptions["trial"]> {
  return (model, latent) => {
    const key = `${sha256} ${latent}`;
    const known = trials.get(key) ?? tryOnnxApart(model, latent, job);
    trials.set(key, known);
    known.catch(() => trials.delete(key));
    return known;
  };
}

/** Opens a generator from a file, by the name of a shipped one, or from a URL through the cache folder, on the provider asked for. */
export async function openNetwork(fileOrUrl: string, options: OpenNetworkOptions): Promise<OpenedNetwork> {
  const { runtime, threads, latent = "normal", mayVary = false, onProgress, signal } = options;
  const file = await networkFile(fileOrUrl, options);
  if (basename(file) === EXTRACTOR_FILE) return openPhotos(file, options);
  const { bytes, externalData, sha256 } = await readModelFile(
    file,
    isUrl(fileOrUrl) ? withoutSecrets(fileOrUrl) : undefined,
  );
  const provider = await resolveProvider(options.provider ?? "auto");
  const tryOnce = trialOf(sha256, { ...(onProgress && { onProgress }), ...(signal && { signal }) });
  let { signature } = options;
  const trial: typeof tryOnce = async (model, drawn) => {
    signature ??= await tryOnce(model, drawn);
    return signature;
  };
  const generator = await openGeneratorBytes(bytes, {
    runtime,
    provider,
    latent,
    file: basename(file),
    ...(externalData.length > 0 && { externalData }),
    trial,
    ...(threads === undefined ? {} : { threads }),
  });
  const { varies } = generator.info;
  if (varies !== undefined && !mayVary) {
    await generator.dispose();
    throw new GeneratorError(
      `${basename(file)} cannot be used here, where a seed must give the same image again: ${varies}`,
    );
  }
  return {
    generator,
    path: isUrl(fileOrUrl) ? withoutSecrets(fileOrUrl) : isShipped("generator", fileOrUrl) ? fileOrUrl : resolve(file),
    file,
    sha256,
    provider,
    ...(signature && { signature }),
  };
}

/** The photos of a project, through their extractor. */
async function openPhotos(
  file: string,
  { provider: choice = "auto", ...options }: OpenNetworkOptions,
): Promise<OpenedNetwork> {
  const extractor = await readPhotoExtractor(file);
  if (extractor === undefined) throw new ProjectError(`${file}: there is no such file.`);
  const provider = await resolveProvider(choice);
  const opened = await openPhotoExtractor(extractor, { ...options, provider });
  return { generator: opened.generator, file, path: resolve(file), sha256: opened.sha256, provider };
}
