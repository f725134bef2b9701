import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Blas, gemmOutput } from "../blas.ts";
import { gemmModel, UNREADABLE } from "./gemmModel.ts";

export interface OrtBlasOptions {
  /** Threads inside one product. Default: the machine's cores. */
  readonly threads?: number;
}

/** Products of fewer numbers than this are copied in less time than an error takes. */
const LEAST_UNCOPIED = 1 << 14;

/** A session of `gemmModel`. */
interface Product {
  readonly session: InferenceSession;
  /** Whether products that are asked for with `UNREADABLE` are there when the call fails. */
  readonly uncopied: boolean;
}

/**
 * `Blas` on ONNX Runtime's CPU kernels: about 100 GFLOPS a core. One session of one Gemm node per combination of
 * transpositions, made when first needed. A product blocks the calling thread while it runs.
 */
export function ortBlas(options: OrtBlasOptions = {}): Blas {
  const sessions = new Map<number, Promise<Product>>();
  const session = (transposeA: boolean, transposeB: boolean): Promise<Product> => {
    const key = Number(transposeA) * 2 + Number(transposeB);
    let made = sessions.get(key);
    if (made === undefined) {
      made = InferenceSession.create(gemmModel(transposeA, transposeB), {
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
        graphOptimizationLevel: "disabled",
        // Inputs and outputs are the caller's arrays: an arena would only hold memory back.
        enableCpuMemArena: false,
        enableMemPattern: false,
        // Denormals are 15 to 30 times slower; the flag is process-wide and read from the first session.
        extra: { session: { set_denormal_as_zero: "1", intra_op: { allow_spinning: "0" } } },
        logSeverityLevel: 3,
      }).then(async (session) => ({ session, uncopied: await writesBeforeFailing(session) }));
      sessions.set(key, made);
    }
    return made;
  };
  // The runtime takes no shared memory: such operands are copied into spare arrays.
  const spare: Float32Array[] = [];
  const unshared = (x: Float32Array, borrowed: Float32Array[]): Float32Array => {
    if (!(x.buffer instanceof SharedArrayBuffer)) return x;
    let copy = spare.pop();
    if (copy === undefined || copy.length < x.length) copy = new Float32Array(x.length);
    borrowed.push(copy);
    copy.set(x);
    return copy.subarray(0, x.length);
  };
  return {
    async gemm(args) {
      const out = gemmOutput(args);
      const { m, n, k, transposeA = false, transposeB = false } = args;
      if (out.length === 0) return out;
      if (k === 0) return out.fill(0);
      const { session: ready, uncopied } = await session(transposeA, transposeB);
      const borrowed: Float32Array[] = [];
      const a = unshared(args.a, borrowed);
      const b = unshared(args.b, borrowed);
      const operands = {
        A: new Tensor("float32", a, transposeA ? [k, m] : [m, k]),
        B: new Tensor("float32", b, transposeB ? [n, k] : [k, n]),
      };
      const C = new Tensor("float32", out, [m, n]);
      if (uncopied && out.length >= LEAST_UNCOPIED) await runUncopied(ready, operands, C);
      else await ready.run(operands, { C });
      spare.push(...borrowed);
      return out;
    },
  };
}

/**
 * Runs a product into `C`. onnxruntime-node 1.30 copies every output to a new buffer, also one that lies in the caller's, which for
 * tall products takes as long as the product, and leaves large garbage. An output that it cannot convert ends the call before that.
 */
async function runUncopied(session: InferenceSession, operands: InferenceSession.FeedsType, C: Tensor): Promise<void> {
  try {
    await session.run(operands, { [UNREADABLE]: null, C });
  } catch (error) {
    if (!isConversionError(error)) throw error;
  }
}

const isConversionError = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Non tensor type");

/** Whether `runUncopied` gives the product: so it was when this was written. */
async function writesBeforeFailing(session: InferenceSession): Promise<boolean> {
  const one = (x: number): Tensor => new Tensor("float32", Float32Array.of(x), [1, 1]);
  const C = one(0);
  await runUncopied(session, { A: one(2), B: one(3) }, C);
  return C.data[0] === 6;
}
