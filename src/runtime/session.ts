import type { AnyTensor } from "../tensor/tensor.ts";

/** The execution providers that a session can ask for. `auto` takes the first that passes its self-test. */
export type Provider = "cpu" | "webgpu" | "cuda";
export type ProviderChoice = Provider | "auto";

export interface SessionOptions {
  readonly provider?: Provider;
  /** Threads inside one operator (CPU only). Default: the machine's cores. */
  readonly threads?: number;
}

export type Feeds = Readonly<Record<string, AnyTensor>>;
export type Fetches = Readonly<Record<string, AnyTensor>>;

/** A compiled graph. Weights that change are inputs and outputs; nothing is hidden. */
export interface Session {
  readonly provider: Provider;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the graph; `outputs` limits what is computed and copied back. Inputs are not modified and not kept. */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Fetches>;
  dispose(): Promise<void>;
}

/** A place where sessions run: onnxruntime-node in this thread, in a worker thread, or onnxruntime-web. */
export interface Runtime {
  createSession(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}
