import { evaluateGraph, graph } from "../graph/graph.ts";
import { caseFeeds, caseGraph, opCases } from "../graph/opCases.ts";
import { constant, conv, input } from "../graph/ops/index.ts";
import { tensor } from "../tensor/tensor.ts";
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

/** Milliseconds of one 3x3 convolution, 64 channels at 64x64, after a first run: tells a GPU from its imitation in software. */
export async function speedTest(runtime: Runtime, provider: Provider): Promise<number> {
  const channels = 64;
  const weight = constant([channels, channels, 3, 3], new Float32Array(channels * channels * 9).fill(0.01));
  const x = input("x", [1, channels, 64, 64]);
  const session = await compile(graph({ y: conv(x, weight, { padding: 1 }) }), { runtime, provider });
  const feeds = { x: tensor([1, channels, 64, 64]) };
  await session.run(feeds);
  const start = performance.now();
  await session.run(feeds);
  const elapsed = performance.now() - start;
  await session.dispose();
  return elapsed;
}
