import type * as ort from "onnxruntime-web";
import type { AnyTensor } from "../tensor/tensor.ts";
import { type PortInfo, type Provider, type Runtime, RuntimeError, type Session } from "./session.ts";

/** Ours -> onnxruntime-web's. */
const PROVIDERS: Readonly<Record<Provider, string | undefined>> = { cpu: "wasm", webgpu: "webgpu", cuda: undefined };

/** What sessions need of onnxruntime-web: the whole of it, or one of its smaller builds such as "onnxruntime-web/wasm". */
export type OrtWebModule = Pick<typeof ort, "InferenceSession" | "Tensor">;

/**
 * Sessions on a build of onnxruntime-web: provider "cpu" is its WebAssembly, "webgpu" the GPU, where that build has it. A run blocks its
 * thread: pages that draw meanwhile use it in a worker.
 */
export const webRuntime = (ort: OrtWebModule): Runtime => ({
  async createSession(model, { provider = "cpu" } = {}): Promise<Session> {
    const name = PROVIDERS[provider];
    if (name === undefined) throw new RuntimeError(`a browser has no provider "${provider}"; take "webgpu" or "cpu"`);
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(model, {
        executionProviders: [name],
        logSeverityLevel: 3,
        extra: { session: { set_denormal_as_zero: "1" } },
      });
    } catch (cause) {
      throw new RuntimeError(`cannot start a session on provider "${provider}": ${reason(cause)}`, { cause });
    }
    return {
      provider,
      inputs: session.inputMetadata.map(portInfo),
      outputs: session.outputMetadata.map(portInfo),
      async run(feeds, outputs = session.outputNames) {
        const fed: Record<string, ort.Tensor> = Object.create(null);
        for (const [input, t] of Object.entries(feeds)) {
          if (!("data" in t)) throw new RuntimeError("this runtime has no resident tensors");
          // Our element types are named as ONNX Runtime's; only the compiler does not know that the array type follows.
          fed[input] = new ort.Tensor(t.dtype as "float32", t.data as Float32Array, t.shape);
        }
        try {
          const results = await session.run(fed, [...outputs]);
          const fetched: Record<string, AnyTensor> = Object.create(null);
          for (const output of outputs) {
            const { type, dims, data } = results[output];
            fetched[output] = { dtype: type, shape: dims, data } as AnyTensor;
          }
          return fetched;
        } catch (cause) {
          throw new RuntimeError(`provider "${provider}" failed to run the model: ${reason(cause)}`, { cause });
        }
      },
      dispose: () => session.release(),
    };
  },
});

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).trim();

const portInfo = (info: ort.InferenceSession.ValueMetadata): PortInfo =>
  info.isTensor
    ? { name: info.name, dtype: info.type, shape: info.shape }
    : { name: info.name, dtype: "not a tensor", shape: [] };
