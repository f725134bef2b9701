import * as ort from "onnxruntime-node";
import type { AnyTensor } from "../tensor/tensor.ts";
import { type Fetches, type PortInfo, type Provider, type Runtime, RuntimeError, type Session } from "./session.ts";

/**
 * Sessions on onnxruntime-node in this thread. A run blocks the thread until it ends: servers and progress bars want
 * `workerRuntime` instead.
 */
export const ortNode: Runtime = ortRuntime();

/**
 * The same with `profilePrefix`: what every operator took is written to files of ONNX Runtime's whose paths begin so, one
 * a session, complete when the session is disposed of.
 */
export function ortRuntime({ profilePrefix }: { readonly profilePrefix?: string } = {}): Runtime {
  return {
    async createSession(model, { provider = "cpu", threads, memory = "planned" } = {}) {
      let session: ort.InferenceSession;
      try {
        session = await ort.InferenceSession.create(model, {
          executionProviders: [provider],
          logSeverityLevel: 3,
          ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
          ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
          enableCpuMemArena: memory !== "returned",
          enableMemPattern: memory === "planned",
          // Denormal numbers are 15 to 30 times slower; the setting is process-wide and taken from the first session.
          extra: { session: { set_denormal_as_zero: "1" } },
        });
      } catch (cause) {
        throw new RuntimeError(`cannot start a session on provider "${provider}": ${reason(cause)}`, { cause });
      }
      return wrap(session, provider, profilePrefix !== undefined);
    },
  };
}

function wrap(session: ort.InferenceSession, provider: Provider, profiled: boolean): Session {
  return {
    provider,
    inputs: session.inputMetadata.map(portInfo),
    outputs: session.outputMetadata.map(portInfo),
    async run(feeds, outputs = session.outputNames, into = {}) {
      const fed: Record<string, ort.Tensor> = {};
      for (const [name, t] of Object.entries(feeds)) fed[name] = toOrt(t);
      try {
        const wanted = outputs.map((name) => [name, name in into ? toOrt(into[name]) : null] as const);
        const results = await session.run(fed, Object.fromEntries(wanted));
        const fetched: Record<string, AnyTensor> = {};
        for (const name of outputs) fetched[name] = fromOrt(results[name]);
        return fetched as Fetches;
      } catch (cause) {
        throw new RuntimeError(`provider "${provider}" failed to run the model: ${reason(cause)}`, { cause });
      }
    },
    async dispose() {
      if (profiled) session.endProfiling();
      await session.release();
    },
  };
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function portInfo(info: ort.InferenceSession.ValueMetadata): PortInfo {
  return info.isTensor
    ? { name: info.name, dtype: info.type, shape: info.shape }
    : { name: info.name, dtype: "not a tensor", shape: [] };
}

/** Our element types are named as ONNX Runtime's; only the compiler does not know that the array type follows. */
const toOrt = (t: AnyTensor): ort.Tensor => new ort.Tensor(t.dtype as "float32", t.data as Float32Array, t.shape);

const fromOrt = (t: ort.Tensor): AnyTensor => ({ dtype: t.type, shape: t.dims, data: t.data }) as AnyTensor;
