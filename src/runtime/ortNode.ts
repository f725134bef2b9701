import * as ort from "onnxruntime-node";
import { type ExternalData, externalFiles } from "../graph/onnxExternal.ts";
import { encodeOnnx, ONNX_FLOAT, ONNX_HALF } from "../graph/onnxModel.ts";
import { type AnyTensor, tensor } from "../tensor/tensor.ts";
import { runUncopied, UNREADABLE, withUnreadable, writesBeforeFailing } from "./node/uncopied.ts";
import {
  type Fetches,
  type PortInfo,
  type Provider,
  type ResidentTensor,
  type Runtime,
  RuntimeError,
  type Session,
} from "./session.ts";

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
  const webgpu = uploader();
  return {
    // onnxruntime-node keeps results on the device for WebGPU only.
    upload: async (tensor, provider) => (provider === "webgpu" ? webgpu(tensor) : undefined),
    async createSession(
      model,
      { provider = "cpu", threads, memory = "planned", uncopied: asked = false, externalData = [] } = {},
    ) {
      refuseMissingData(model, externalData);
      let session: ort.InferenceSession;
      const uncopied = asked && provider === "cpu" && (await writesBeforeFailing());
      try {
        session = await ort.InferenceSession.create(uncopied ? withUnreadable(model) : model, {
          executionProviders: [provider],
          // What goes wrong is thrown. ONNX Runtime would also print it to the terminal, with the model's own names as they are.
          logSeverityLevel: 4,
          ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
          ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
          enableCpuMemArena: memory !== "returned",
          enableMemPattern: memory === "planned",
          // Denormal numbers are 15 to 30 times slower; the setting is process-wide and taken from the first session.
          // An idle thread waits for work without sleeping for so long; by default it takes the processor from other sessions and programs.
          extra: { session: { set_denormal_as_zero: "1", intra_op: { spin_duration_us: SPIN } } },
          ...(externalData.length === 0 ? {} : { externalData }),
        });
      } catch (cause) {
        throw new RuntimeError(`cannot start a session on provider "${provider}": ${reason(cause)}`, { cause });
      }
      return wrap(session, { provider, profiled: profilePrefix !== undefined, uncopied });
    },
  };
}

/** Microseconds: the gap between two operators, not an operator that has one thread. */
const SPIN = "20";

/** ONNX Runtime would look for weights that it is not given in the working directory. */
function refuseMissingData(model: Uint8Array, externalData: readonly ExternalData[]): void {
  const given = new Set(externalData.map(({ path }) => path));
  const missing = externalFiles(model).filter((path) => !given.has(path));
  if (missing.length > 0)
    throw new RuntimeError(
      `the model keeps weights in other files, which are not here: ${missing.map((path) => JSON.stringify(path)).join(", ")}`,
    );
}

interface Wrapped {
  readonly provider: Provider;
  readonly profiled: boolean;
  readonly uncopied: boolean;
}

function wrap(session: ort.InferenceSession, { provider, profiled, uncopied }: Wrapped): Session {
  const ports = session.outputMetadata.map(portInfo).filter(({ name }) => name !== UNREADABLE);
  const names = ports.map(({ name }) => name);
  const run = uncopied ? intoArrays(session, ports) : copied(session);
  return {
    provider,
    inputs: session.inputMetadata.map(portInfo),
    outputs: ports,
    async run(feeds, outputs = names, into = {}) {
      const fed: Record<string, ort.Tensor> = Object.create(null);
      for (const [name, t] of Object.entries(feeds)) fed[name] = toFeed(t);
      try {
        const results = await run(fed, outputs, into);
        const fetched: Record<string, AnyTensor> = Object.create(null);
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

type RunSession = (
  feeds: Record<string, ort.Tensor>,
  outputs: readonly string[],
  into: Fetches,
) => Promise<Readonly<Record<string, ort.Tensor>>>;

/** As onnxruntime-node runs a session: all results are copied. */
const copied =
  (session: ort.InferenceSession): RunSession =>
  (feeds, outputs, into) =>
    session.run(
      feeds,
      Object.fromEntries(outputs.map((name) => [name, Object.hasOwn(into, name) ? toOrt(into[name]) : null])),
    );

/** Each result goes into the array that is given for it, or a new one. */
function intoArrays(session: ort.InferenceSession, ports: readonly PortInfo[]): RunSession {
  const shapes = new Map(ports.map(({ name, dtype, shape }) => [name, fixedShape({ name, dtype, shape })]));
  return async (feeds, outputs, into) => {
    const results: Record<string, ort.Tensor> = Object.create(null);
    for (const name of outputs) {
      const shape = shapes.get(name);
      if (shape === undefined) throw new RangeError(`the model has no output called ${name}`);
      results[name] = toOrt(Object.hasOwn(into, name) ? into[name] : tensor(shape));
    }
    await runUncopied(session, feeds, results);
    return results;
  };
}

function fixedShape({ name, dtype, shape }: PortInfo): readonly number[] {
  const sides = shape.filter((side) => typeof side === "number");
  if (dtype === "float32" && sides.length === shape.length) return sides;
  throw new RuntimeError(
    `results can be left uncopied if they are float32 of fixed shape; ${name} is ${dtype} [${shape}]`,
  );
}

/** A result that was left on the device. */
class DeviceTensor implements ResidentTensor {
  readonly dtype;
  readonly shape;
  readonly tensor: ort.Tensor;
  readonly #free: () => Promise<void>;

  constructor({ dtype, shape }: AnyTensor, tensor: ort.Tensor, free: () => Promise<void>) {
    this.dtype = dtype;
    this.shape = shape;
    this.tensor = tensor;
    this.#free = free;
  }

  dispose(): Promise<void> {
    return this.#free();
  }
}

/** The element types that are uploaded. */
const UPLOADED: Readonly<Record<string, number>> = { float32: ONNX_FLOAT, float16: ONNX_HALF };

/** Uploads are results of a model that does nothing. Sessions own their results' memory: each lives until the last of these is freed. */
function uploader(): (tensor: AnyTensor) => Promise<ResidentTensor> {
  const sessions = new Map<string, { readonly session: Promise<ort.InferenceSession>; held: number }>();
  return async (source) => {
    const { dtype, shape } = source;
    if (!(dtype in UPLOADED)) throw new RuntimeError(`upload: expected float32 or float16, got ${dtype}`);
    const key = `${dtype}${shape.length}`;
    const known = sessions.get(key) ?? { session: identity(UPLOADED[dtype], shape.length), held: 0 };
    sessions.set(key, known);
    known.held++;
    const free = async (): Promise<void> => {
      if (--known.held > 0) return;
      sessions.delete(key);
      await (await known.session).release();
    };
    try {
      const { y } = await (await known.session).run({ x: toOrt(source) });
      return new DeviceTensor(source, y, async () => {
        y.dispose();
        await free();
      });
    } catch (cause) {
      await free().catch(() => undefined);
      throw new RuntimeError(`provider "webgpu" cannot hold a tensor of [${shape}]: ${reason(cause)}`, { cause });
    }
  };
}

function identity(elementType: number, rank: number): Promise<ort.InferenceSession> {
  const shape = Array.from({ length: rank }, (_, axis) => `d${axis}`);
  const port = (name: string) => ({ name, elementType, shape });
  const model = encodeOnnx({
    nodes: [{ opType: "Identity", inputs: ["x"], outputs: ["y"], attributes: {} }],
    initializers: [],
    inputs: [port("x")],
    outputs: [port("y")],
  });
  return ort.InferenceSession.create(model, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: "1" } },
  });
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).trim();

function portInfo(info: ort.InferenceSession.ValueMetadata): PortInfo {
  return info.isTensor
    ? { name: info.name, dtype: info.type, shape: info.shape }
    : { name: info.name, dtype: "not a tensor", shape: [] };
}

/** Our element types are named as ONNX Runtime's; only the compiler does not know that the array type follows. */
const toOrt = (t: AnyTensor): ort.Tensor => new ort.Tensor(t.dtype as "float32", t.data as Float32Array, t.shape);

function toFeed(t: AnyTensor | ResidentTensor): ort.Tensor {
  if (t instanceof DeviceTensor) return t.tensor;
  if ("data" in t) return toOrt(t);
  throw new RuntimeError("a resident tensor can only be fed to sessions of the runtime that it was uploaded with");
}

const fromOrt = (t: ort.Tensor): AnyTensor => ({ dtype: t.type, shape: t.dims, data: t.data }) as AnyTensor;
