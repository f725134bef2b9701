/**
 * The package's entry in a browser (the `browser` condition of its exports): the core, on onnxruntime-web. Importing it starts nothing.
 * `npm install onnxruntime-web` beside it.
 */
import type { Generator, LatentDistribution } from "./gan/generator.ts";
import { openGeneratorBytes } from "./gan/openGenerator.ts";
import type { Graph } from "./graph/value.ts";
import { openPainterBytes, type Painter } from "./models/painter/painter.ts";
import { ortWeb } from "./runtime/ortWeb.ts";
import { compile as coreCompile, type Provider, type Session } from "./runtime/session.ts";

export * from "./index.ts";
export { ortWeb };

/** Where a generator runs, and how an ONNX one draws its latent. */
export interface OpenGeneratorOptions {
  /** "cpu", onnxruntime-web's WebAssembly, is the default; "webgpu" where the browser has it. */
  readonly provider?: Provider;
  /** How the latent of an .onnx generator is drawn. Default "normal". */
  readonly latent?: LatentDistribution;
}

/**
 * Opens a generator from the bytes of a file: any .onnx, or an official checkpoint. Nothing in it is executed. Rejects with
 * CheckpointError, OnnxError, GeneratorError or RuntimeError.
 *
 * @example
 * const bytes = new Uint8Array(await (await fetch("generator.safetensors")).arrayBuffer());
 * const generator = await openGenerator(bytes);
 * const { image } = await generator.generate({ seeds: [0] });
 */
export const openGenerator = (
  bytes: Uint8Array,
  { provider = "cpu", ...rest }: OpenGeneratorOptions = {},
): Promise<Generator> => openGeneratorBytes(bytes, { runtime: ortWeb, provider, ...rest });

/**
 * Opens a painter from the bytes of its .onnx or .safetensors: label maps and styles in, pixels out. Default provider "cpu".
 *
 * @example
 * const painter = await openPainter(new Uint8Array(await (await fetch("painter.onnx")).arrayBuffer()));
 * const { side } = painter.about;
 * const [pixels] = await painter.paint([mask], [painter.style(0)]); // mask: side * side class ids
 * canvas.getContext("2d").putImageData(new ImageData(pixels, side, side), 0, 0);
 */
export const openPainter = (
  bytes: Uint8Array,
  { provider = "cpu" }: { readonly provider?: Provider } = {},
): Promise<Painter> => openPainterBytes(bytes, { runtime: ortWeb, provider });

/** Compiles a graph of your own for the browser. Default provider "cpu". */
export const compile = (
  graph: Graph,
  { provider = "cpu", ...rest }: { readonly provider?: Provider; readonly dynamicBatch?: boolean } = {},
): Promise<Session> => coreCompile(graph, { runtime: ortWeb, provider, ...rest });
