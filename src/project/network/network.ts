import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { readCheckpoint } from "../../checkpoint/readCheckpoint.ts";
import type { Generator, LatentDistribution } from "../../gan/generator.ts";
import { looksLikeOnnx, openGeneratorBytes } from "../../gan/openGenerator.ts";
import { resolveProvider } from "../../runtime/node/providers.ts";
import type { Provider, ProviderChoice, Runtime } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { shellWord } from "../../text/escape.ts";
import { listFolder, ProjectError } from "../storage/files.ts";
import { isPicture } from "../storage/pictureNames.ts";
import { isUrl } from "./address.ts";
import { download } from "./download.ts";
import { isShipped, shippedPath } from "./shipped.ts";
import { isTrainingRun, networkPath } from "./trainingRun.ts";

export interface OpenNetworkOptions extends JobOptions {
  readonly runtime: Runtime;
  /** Default "auto". */
  readonly provider?: ProviderChoice;
  readonly threads?: number;
  readonly latent?: LatentDistribution;
}

/** A generator with where it came from. */
export interface OpenedNetwork {
  readonly generator: Generator;
  /** Absolute path, or the URL, or the name of a shipped one. */
  readonly path: string;
  readonly sha256: string;
  readonly provider: Provider;
}

const KINDS =
  "Give a generator: an .onnx, an official checkpoint, an https URL of one, a training run's folder, or portraits.";

/** Path of a generator's file: as given, of a shipped one, of a training run's newest, or where a URL was downloaded to. Throws ProjectError when there is none. */
export async function networkFile(given: string, job: JobOptions = {}): Promise<string> {
  if (isUrl(given)) return download(given, { ...job, accept: refuseOther });
  const path = shippedPath("generator", given);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new ProjectError(`${path}: there is no such file. ${KINDS}`);
  return found.isDirectory() ? networkIn(path) : path;
}

/** Throws CheckpointError for bytes that are neither an ONNX model nor a checkpoint. */
function refuseOther(bytes: Uint8Array): void {
  if (!looksLikeOnnx(bytes)) readCheckpoint(bytes);
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
  const entries = await listFolder(folder);
  if (entries.includes("project.json"))
    throw new ProjectError(
      `${folder} is a project, not a generator. Give the generator that it was made from; \`klish info\` on the folder names it.`,
    );
  const pictures = entries.filter(isPicture).length;
  if (pictures > 0)
    throw new ProjectError(
      `${folder} holds pictures (${pictures}), not a generator. Train one on them, then give the run's folder as --network:\n` +
        `  klish train gan --data ${shellWord(folder)} --outdir run --hours 1`,
    );
  throw new ProjectError(`${folder} is a folder without a generator. ${KINDS}`);
}

/** The bytes of a generator's file, as `networkFile` finds it. */
export const networkBytes = async (given: string, job: JobOptions = {}): Promise<Uint8Array> =>
  readFile(await networkFile(given, job));

/** Opens a generator from a file, by the name of a shipped one, or from a URL through the cache folder, on the provider asked for. */
export async function openNetwork(fileOrUrl: string, options: OpenNetworkOptions): Promise<OpenedNetwork> {
  const { runtime, threads, latent = "normal" } = options;
  const file = await networkFile(fileOrUrl, options);
  const bytes = await readFile(file);
  const provider = await resolveProvider(options.provider ?? "auto");
  const generator = await openGeneratorBytes(bytes, {
    runtime,
    provider,
    latent,
    file: basename(file),
    ...(threads === undefined ? {} : { threads }),
  });
  return {
    generator,
    path: isUrl(fileOrUrl) || isShipped("generator", fileOrUrl) ? fileOrUrl : resolve(file),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    provider,
  };
}
