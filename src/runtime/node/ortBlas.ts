import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Blas, gemmOutput } from "../../numeric/blas.ts";
import { gemmModel } from "./gemmModel.ts";
import { runUncopied, withUnreadable, writesBeforeFailing } from "./uncopied.ts";

export interface OrtBlasOptions {
  /** Threads inside one product. Default: the machine's cores. */
  readonly threads?: number;
}

/** Products of fewer numbers than this are copied in less time than an error takes. */
const LEAST_UNCOPIED = 1 << 14;

/**
 * `Blas` on ONNX Runtime's CPU kernels: about 100 GFLOPS a core. One session of one Gemm node per combination of
 * transpositions, made when first needed. A product blocks the calling thread while it runs.
 */
export function ortBlas(options: OrtBlasOptions = {}): Blas {
  const sessions = new Map<number, Promise<InferenceSession>>();
  const session = (transposeA: boolean, transposeB: boolean): Promise<InferenceSession> => {
    const key = Number(transposeA) * 2 + Number(transposeB);
    let made = sessions.get(key);
    if (made === undefined) {
      made = InferenceSession.create(withUnreadable(gemmModel(transposeA, transposeB)), {
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
        graphOptimizationLevel: "disabled",
        // Inputs and outputs are the caller's arrays: an arena would only hold memory back.
        enableCpuMemArena: false,
        enableMemPattern: false,
        // Denormals are 15 to 30 times slower; the flag is process-wide and read from the first session.
        extra: { session: { set_denormal_as_zero: "1", intra_op: { allow_spinning: "0" } } },
        logSeverityLevel: 3,
      });
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
      const ready = await session(transposeA, transposeB);
      const borrowed: Float32Array[] = [];
      const a = unshared(args.a, borrowed);
      const b = unshared(args.b, borrowed);
      const operands = {
        A: new Tensor("float32", a, transposeA ? [k, m] : [m, k]),
        B: new Tensor("float32", b, transposeB ? [n, k] : [k, n]),
      };
      const C = new Tensor("float32", out, [m, n]);
      if (out.length >= LEAST_UNCOPIED && (await writesBeforeFailing())) await runUncopied(ready, operands, { C });
      else await ready.run(operands, { C });
      spare.push(...borrowed);
      return out;
    },
  };
}
