import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Generator, LatentDistribution } from "../../gan/generator.ts";
import { openGeneratorBytes } from "../../gan/openGenerator.ts";
import { resolveProvider } from "../../runtime/node/providers.ts";
import type { Provider, ProviderChoice, Runtime } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { ProjectError } from "../storage/files.ts";
import { download, isUrl } from "./download.ts";
import { isShipped, shippedPath } from "./shipped.ts";

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

/** A generator's bytes, from a file, a URL or by the name of a shipped one. Throws ProjectError when there is no such file. */
export async function networkBytes(fileOrUrl: string, job: JobOptions = {}): Promise<Uint8Array> {
  const path = isUrl(fileOrUrl) ? await download(fileOrUrl, job) : shippedPath("generator", fileOrUrl);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new ProjectError(
      `${path}: there is no such file. Give a generator: an .onnx, an official checkpoint, an https URL of one, or portraits.`,
    );
  if (!found.isFile())
    throw new ProjectError(
      `${path} is a folder. Give a generator: an .onnx, an official checkpoint, an https URL of one, or portraits.`,
    );
  return readFile(path);
}

/** Opens a generator from a file, by the name of a shipped one, or from a URL through the cache folder, on the provider asked for. */
export async function openNetwork(fileOrUrl: string, options: OpenNetworkOptions): Promise<OpenedNetwork> {
  const { runtime, threads, latent = "normal" } = options;
  const bytes = await networkBytes(fileOrUrl, options);
  const provider = await resolveProvider(options.provider ?? "auto");
  const generator = await openGeneratorBytes(bytes, {
    runtime,
    provider,
    latent,
    ...(threads === undefined ? {} : { threads }),
  });
  return {
    generator,
    path: isUrl(fileOrUrl) || isShipped("generator", fileOrUrl) ? fileOrUrl : resolve(fileOrUrl),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    provider,
  };
}
