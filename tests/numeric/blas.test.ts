import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Blas, type GemmArguments, plainBlas } from "../../src/numeric/blas.ts";
import { ortBlas } from "../../src/runtime/node/ortBlas.ts";

/** The definition, element by element, in float64. */
function product({ a, b, m, n, k, transposeA, transposeB }: GemmArguments): number[] {
  const result: number[] = [];
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
      result.push(sum);
    }
  return result;
}

const size = fc.integer({ min: 1, max: 70 });
const value = fc.float({ min: -2, max: 2, noNaN: true });

const implementations: [string, () => Blas][] = [
  ["plainBlas", plainBlas],
  ["ortBlas", () => ortBlas({ threads: 1 })],
];

describe.each(implementations)("%s", (_, make) => {
  const blas = make();

  it("multiplies a worked case", async () => {
    const a = Float32Array.of(1, 2, 3, 4, 5, 6);
    const b = Float32Array.of(1, 0, -1, 2, 1, 1);
    expect([...(await blas.gemm({ a, b, m: 2, n: 2, k: 3 }))]).toEqual([2, 7, 5, 16]);
  });

  it("equals the definition for every shape and transposition", async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.infiniteStream(value),
        async (m, n, k, ta, tb, values) => {
          const next = () => values.next().value as number;
          const a = Float32Array.from({ length: m * k }, next);
          const b = Float32Array.from({ length: k * n }, next);
          const args = { a, b, m, n, k, transposeA: ta, transposeB: tb };
          const result = await blas.gemm(args);
          for (const [i, exact] of product(args).entries()) expect(Math.abs(result[i] - exact)).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("writes into out, also where arrays are views of larger buffers", async () => {
    const buffer = Float32Array.of(9, 9, 1, 2, 3, 4, 9);
    const out = new Float32Array(6).fill(7);
    const view = buffer.subarray(2, 6);
    const result = await blas.gemm({ a: view, b: view, m: 2, n: 2, k: 2, out: out.subarray(1, 5) });
    expect([...out]).toEqual([7, 7, 10, 15, 22, 7]);
    expect([...result]).toEqual([7, 10, 15, 22]);
  });

  it("writes large products into out", async () => {
    const [m, n, k] = [1200, 50, 3];
    const a = Float32Array.from({ length: m * k }, (_, i) => (i % 7) - 3);
    const b = Float32Array.from({ length: n * k }, (_, i) => (i % 5) - 2);
    const args = { a, b, m, n, k, transposeB: true, out: new Float32Array(m * n) };
    expect(await blas.gemm(args)).toBe(args.out);
    expect([...args.out]).toEqual(product(args));
  });

  it("takes operands in shared memory", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.set([1, 2, 3, 4]);
    expect([...(await blas.gemm({ a: shared, b: shared, m: 2, n: 2, k: 2 }))]).toEqual([7, 10, 15, 22]);
  });

  it("rejects arrays that do not fit", async () => {
    const four = new Float32Array(4);
    await expect(blas.gemm({ a: four, b: four, m: 2, n: 2, k: 3 })).rejects.toThrow(/a must have 6 elements/);
    await expect(blas.gemm({ a: four, b: four, m: 2, n: 2, k: 2, out: new Float32Array(3) })).rejects.toThrow(
      /out must have 4/,
    );
  });

  it("gives zeros for an empty sum", async () => {
    const empty = new Float32Array(0);
    expect([...(await blas.gemm({ a: empty, b: empty, m: 2, n: 1, k: 0 }))]).toEqual([0, 0]);
  });
});
