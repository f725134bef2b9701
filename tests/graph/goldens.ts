import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readSafetensors, type SafetensorsFile } from "../../src/checkpoint/safetensors.ts";
import type { OpCase } from "../../src/graph/opCases.ts";
import { compile, type Provider, type Runtime } from "../../src/runtime/session.ts";
import { goldenFeeds, goldenGraph } from "./goldenCases.ts";

export const readGoldens = (): SafetensorsFile =>
  readSafetensors(readFileSync(resolve(import.meta.dirname, "goldens.safetensors")));

/** Seed of each case's inputs. */
export const goldenSeeds = ({ metadata }: SafetensorsFile): Map<string, number> =>
  new Map(Object.entries(JSON.parse(metadata["seeds"]) as Record<string, number>));

/** A case's results on a provider. */
export async function runGolden(
  goldenCase: OpCase,
  goldens: SafetensorsFile,
  options: { readonly runtime: Runtime; readonly provider: Provider },
): Promise<Map<string, Float32Array>> {
  const g = goldenGraph(goldenCase);
  const feeds = goldenFeeds(goldenCase, g, goldenSeeds(goldens).get(goldenCase.name)!);
  const session = await compile(g, options);
  const got = await session.run(
    Object.fromEntries(
      [...feeds].map(([name, data]) => [name, { dtype: "float32", shape: g.inputs.get(name)!.shape, data }]),
    ),
  );
  await session.dispose();
  return new Map(Object.entries(got).map(([name, t]) => [name, t.data as Float32Array]));
}

/**
 * max |got - expected| / max |expected| over the arrays of a case: y and first derivatives, and second derivatives.
 * Where all of an array is zero the error is absolute.
 */
export function goldenErrors(
  { tensors }: SafetensorsFile,
  name: string,
  got: ReadonlyMap<string, ArrayLike<number>>,
): { first: number; second: number } {
  const errors = { first: 0, second: 0 };
  for (const [key, values] of got) {
    const expected = tensors.get(`${name}/${key}`)!.read().data as Float32Array;
    if (expected.length !== values.length)
      throw new RangeError(`${name}/${key} has ${values.length} elements, the golden ${expected.length}`);
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
    const order = key.startsWith("dd") ? "second" : "first";
    expected.forEach((v, i) => {
      const error = Math.abs(values[i] - v) / scale;
      errors[order] = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(errors[order], error);
    });
  }
  return errors;
}
