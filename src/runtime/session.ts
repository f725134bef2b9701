import { type EmitOptions, toOnnx } from "../graph/emit.ts";
import type { ExternalData } from "../graph/onnxExternal.ts";
import type { Graph } from "../graph/value.ts";
import type { AnyTensor, DType } from "../tensor/tensor.ts";
import { OneLineError } from "../text/oneLineError.ts";

/** The execution providers that a session can run on, the preferred first. */
export const providers = ["cuda", "webgpu", "cpu"] as const;
/** Where a graph runs: an execution provider of ONNX Runtime. */
export type Provider = (typeof providers)[number];
/** `auto` takes the first provider that passes its self-test on this machine. */
export type ProviderChoice = Provider | "auto";

/** Where and how a session runs. */
export interface SessionOptions {
  /** Default "cpu". */
  readonly provider?: Provider;
  /** Threads inside one operator (CPU only). Default: one per physical core, as ONNX Runtime sees them. */
  readonly threads?: number;
  /**
   * Memory of inner results (CPU only). "planned" (default): one block, laid out after the first run, beside what that run
   * took; "kept": what runs took is used again, as fast and about half as much; "returned": nothing is held between runs,
   * for graphs that run rarely.
   */
  readonly memory?: "planned" | "kept" | "returned";
  /**
   * Results are written where they are kept, without the copy that onnxruntime-node makes of them (CPU only). For graphs whose
   * results are all float32 and of fixed shape.
   */
  readonly uncopied?: boolean;
  /** The files in which the model keeps weights. A model that names other ones is refused: nothing is read from a folder. */
  readonly externalData?: readonly ExternalData[];
}

/** Inputs of a run, by name. */
export type Feeds = Readonly<Record<string, AnyTensor>>;
/** Outputs of a run, by name. */
export type Fetches = Readonly<Record<string, AnyTensor>>;

/** A tensor that lies where a provider computes, to be fed to many runs without being moved again. */
export interface ResidentTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Frees its memory. */
  dispose(): Promise<void>;
}

/** A model input or output; a dimension that may vary is a string. */
export interface PortInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** A compiled graph. Weights that change are inputs and outputs; nothing is hidden. */
export interface Session {
  readonly provider: Provider;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  /**
   * Runs the graph; `outputs` (default all) limits what is copied back. Inputs are not modified and not kept. A result
   * named in `into` may be written into that tensor's array instead of a new one; use what is returned.
   */
  run(
    feeds: Readonly<Record<string, AnyTensor | ResidentTensor>>,
    outputs?: readonly string[],
    into?: Feeds,
  ): Promise<Fetches>;
  dispose(): Promise<void>;
}

/** A place where sessions run: onnxruntime-node in this thread or in a worker, or onnxruntime-web. */
export interface Runtime {
  /** Rejects with RuntimeError when the model is invalid or the provider cannot run it. */
  createSession(model: Uint8Array, options?: SessionOptions): Promise<Session>;
  /**
   * Copies a tensor to where `provider` computes, for this runtime's sessions on that provider. Undefined where every run is fed from
   * memory: on the CPU, which needs no copy, and where the runtime cannot keep tensors. Rejects with RuntimeError when it does not fit.
   */
  upload?(tensor: AnyTensor, provider: Provider): Promise<ResidentTensor | undefined>;
}

/** Thrown when a model cannot be compiled or run; the message names the provider and its reason. */
export class RuntimeError extends OneLineError {
  override readonly name = "RuntimeError";
}

/** Compiles a graph for a provider. Beyond the CPU it is written without the operators that providers compute wrongly. */
export function compile(
  graph: Graph,
  {
    runtime,
    dynamicBatch = false,
    ...options
  }: { runtime: Runtime } & SessionOptions & Pick<EmitOptions, "dynamicBatch">,
): Promise<Session> {
  const portable = (options.provider ?? "cpu") !== "cpu";
  return runtime.createSession(toOnnx(graph, { dynamicBatch, portable }), options);
}
