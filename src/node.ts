/**
 * The package's entry in Node: the core, with files, worker threads and native kernels as defaults. Importing it starts
 * nothing; threads and sessions begin with the first call that needs them.
 */
import { fileURLToPath } from "node:url";
import type { Generator, LatentDistribution } from "./gan/generator.ts";
import { openGeneratorBytes } from "./gan/openGenerator.ts";
import type { Graph } from "./graph/value.ts";
import { openPainterFile, type Painter } from "./models/painter/painter.ts";
import type { Blas } from "./numeric/blas.ts";
import { denseFeatures as coreDenseFeatures } from "./pixels/denseFeatures.ts";
import type { Pixels } from "./pixels/pixels.ts";
import { featurePyramid as coreFeaturePyramid, type FeaturePyramidOptions } from "./pixels/pyramid/featurePyramid.ts";
import { readModelFile } from "./project/network/modelFile.ts";
import { tryOnnxApart } from "./project/network/onnxTrial.ts";
import { readPainter } from "./project/paint/painterModel.ts";
import { ortBlas } from "./runtime/node/ortBlas.ts";
import { resolveProvider } from "./runtime/node/providers.ts";
import { workerRuntime } from "./runtime/node/workerRuntime.ts";
import { compile as coreCompile, type ProviderChoice, type Runtime, type Session } from "./runtime/session.ts";
import type { Tensor } from "./tensor/tensor.ts";

export * from "./index.ts";
export { loadTree, openProject, type Project, type ProjectFile } from "./project/cluster/project.ts";
export { type JobName, type JobRequest, type JobResult, jobs } from "./project/jobs/jobs.ts";
export { runJob } from "./project/jobs/runJob.ts";

let shared: { readonly runtime: Runtime; readonly blas: Blas } | undefined;

/** One worker and one set of kernels for the process, made when first needed. */
const defaults = (): { readonly runtime: Runtime; readonly blas: Blas } => {
  shared ??= { runtime: workerRuntime(), blas: ortBlas() };
  return shared;
};

/** Where a generator runs, and how an ONNX one draws its latent. */
export interface OpenGeneratorOptions {
  /** Default "auto": the fastest provider that passes its self-test on this machine. */
  readonly provider?: ProviderChoice;
  /** How the latent of an .onnx generator is drawn. Default "normal". */
  readonly latent?: LatentDistribution;
  /** CPU threads. Default: all cores. */
  readonly threads?: number;
}

/**
 * Opens a generator: any .onnx, or an official checkpoint, from a file or its bytes. Nothing in the file is executed.
 * It runs in a worker thread; an ONNX model is tried in a process of its own first, so that one without end is refused.
 * Rejects with CheckpointError, OnnxError, GeneratorError or RuntimeError, and with ProjectError for what cannot be read.
 *
 * @example
 * const generator = await openGenerator("anime64.onnx");
 * const { image, features } = await generator.generate({ seeds: [0, 1], layers: "auto" });
 */
export async function openGenerator(
  file: string | URL | Uint8Array,
  options: OpenGeneratorOptions = {},
): Promise<Generator> {
  const { provider = "auto", ...rest } = options;
  const { bytes, externalData } =
    file instanceof Uint8Array
      ? { bytes: file, externalData: [] }
      : await readModelFile(file instanceof URL ? fileURLToPath(file) : file);
  return openGeneratorBytes(bytes, {
    runtime: defaults().runtime,
    provider: await resolveProvider(provider),
    trial: tryOnnxApart,
    externalData,
    ...rest,
  });
}

/**
 * Opens a painter: the folder of `klish train painter`, its .safetensors or its .onnx. It runs in a worker thread. Rejects with ProjectError for what is none.
 *
 * @example
 * const painter = await openPainter("run");
 * const [pixels] = await painter.paint([mask], [painter.style(0)]); // mask: side * side class ids; pixels: RGBA
 */
export async function openPainter(
  file: string,
  { provider = "auto", ...rest }: { readonly provider?: ProviderChoice; readonly threads?: number } = {},
): Promise<Painter> {
  const model = await readPainter(file);
  return openPainterFile(model, { runtime: defaults().runtime, provider: await resolveProvider(provider), ...rest });
}

/** `featurePyramid` of the core on this machine's kernels. */
export const featurePyramid = (layers: readonly Tensor[], options: FeaturePyramidOptions): Pixels =>
  coreFeaturePyramid(layers, { blas: defaults().blas, ...options });

/** `denseFeatures` of the core on this machine's kernels. */
export const denseFeatures = (points: Tensor, options: { readonly blas?: Blas } = {}): Pixels =>
  coreDenseFeatures(points, { blas: defaults().blas, ...options });

/** Compiles a graph of your own; it runs in a worker thread. Default provider "auto". */
export async function compile(
  graph: Graph,
  options: { readonly provider?: ProviderChoice; readonly threads?: number; readonly dynamicBatch?: boolean } = {},
): Promise<Session> {
  const { provider = "auto", ...rest } = options;
  return coreCompile(graph, { runtime: defaults().runtime, provider: await resolveProvider(provider), ...rest });
}
