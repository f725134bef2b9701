import { evaluateGraph } from "../graph/graph.ts";
import { caseFeeds, caseGraph, opCases } from "../graph/opCases.ts";
import { compile, type Provider, type Runtime } from "./session.ts";

/** The outcome of one op case on a provider. */
export interface SelfTestResult {
  readonly name: string;
  /** max |got - expected| / max(1, max |expected|) over the result and its gradients; Infinity when it did not run. */
  readonly error: number;
  readonly ok: boolean;
  readonly message?: string;
}

/** float32 rounding over sums of a few dozen products stays two orders below; GPUs may use lower-precision divisions. */
const TOLERANCE: Readonly<Record<Provider, number>> = { cpu: 1e-5, cuda: 2e-3, webgpu: 2e-3 };

/** Runs every op and its gradient on a provider and compares with the ops' float64 definitions. */
export async function selfTest(
  runtime: Runtime,
  provider: Provider,
  onCase?: (done: number, total: number) => void,
): Promise<SelfTestResult[]> {
  const results: SelfTestResult[] = [];
  for (const opCase of opCases) {
    const g = caseGraph(opCase);
    const feeds = caseFeeds(opCase, g);
    try {
      const session = await compile(g, { runtime, provider });
      const got = await session.run(
        Object.fromEntries(
          [...feeds].map(([name, data]) => [name, { dtype: "float32", shape: g.inputs.get(name)!.shape, data }]),
        ),
      );
      await session.dispose();
      let error = 0;
      for (const [name, expected] of evaluateGraph(g, feeds)) {
        const scale = Math.max(1, ...expected.map(Math.abs));
        const data = got[name].data as Float32Array;
        for (let i = 0; i < expected.length; i++) {
          const e = Math.abs(data[i] - expected[i]) / scale;
          error = Number.isNaN(e) ? Number.POSITIVE_INFINITY : Math.max(error, e);
        }
      }
      results.push({ name: opCase.name, error, ok: error <= TOLERANCE[provider] });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      results.push({ name: opCase.name, error: Number.POSITIVE_INFINITY, ok: false, message });
    }
    onCase?.(results.length, opCases.length);
  }
  return results;
}
