import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainBlas } from "../../src/numeric/blas.ts";
import { choleskyFactor, choleskySolve, factorPositive } from "../../src/numeric/cholesky.ts";
import { dot } from "../../src/numeric/matrices.ts";
import { factorRoughly } from "../../src/numeric/singleCholesky.ts";
import { RandomState } from "../../src/tensor/random.ts";

/** R R^T + 0.1 I of random R [n,n]: positive definite. */
function positive(n: number, seed: number): Float64Array {
  const random = new RandomState(seed);
  const r = Float64Array.from({ length: n * n }, () => random.randn());
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      result[i * n + j] = i === j ? 0.1 : 0;
      for (let l = 0; l < n; l++) result[i * n + j] += r[i * n + l] * r[j * n + l];
    }
  return result;
}

describe("choleskyFactor and choleskySolve", () => {
  it("factor a worked case", () => {
    const matrix = Float64Array.of(4, 0, 0, 2, 5, 0, -2, 1, 3);
    expect(choleskyFactor(matrix, 3)).toBe(true);
    const lower = [0, 3, 4, 6, 7, 8].map((i) => matrix[i]);
    for (const [i, x] of [2, 1, 2, -1, 1, 1].entries()) expect(lower[i]).toBeCloseTo(x, 12);
  });

  it("solve positive definite systems of any order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 23 }), fc.nat(1000), (n, seed) => {
        const matrix = positive(n, seed);
        const random = new RandomState(seed + 1);
        const x = Float64Array.from({ length: n }, () => random.randn());
        const b = x.map((_, i) => dot(matrix.subarray(i * n, (i + 1) * n), x));
        choleskySolve(factorPositive(matrix, n), n, b);
        for (let i = 0; i < n; i++) expect(b[i]).toBeCloseTo(x[i], 5);
      }),
    );
  });

  it("say no to a matrix that is not positive definite", () => {
    expect(choleskyFactor(Float64Array.of(1, 0, 2, 1), 2)).toBe(false);
    expect(choleskyFactor(Float64Array.of(0), 1)).toBe(false);
  });
});

describe("factorPositive", () => {
  it("adds to the diagonal of a singular matrix only what is needed", () => {
    const b = Float64Array.of(1, 1);
    choleskySolve(factorPositive(Float64Array.of(1, 0, 1, 1), 2), 2, b);
    expect(b[0] + b[1]).toBeCloseTo(1, 6);
  });

  it("refuses NaN", () => {
    expect(() => factorPositive(Float64Array.of(Number.NaN), 1)).toThrow(RangeError);
  });
});

describe("factorRoughly", () => {
  const transposed = (matrix: Float64Array, n: number) =>
    matrix.map((_, at) => matrix[(at % n) * n + Math.floor(at / n)]);

  it("solves in single precision at any order, and like factorPositive where that is too little", async () => {
    for (const n of [1, 2, 3, 4, 5, 8, 30, 61, 290]) {
      const matrix = positive(n, n);
      const b = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
      const x = b.slice();
      (await factorRoughly(transposed(matrix, n), n, plainBlas())).solve(x);
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += matrix[i >= j ? i * n + j : j * n + i] * x[j];
        expect(Math.abs(sum - b[i])).toBeLessThan(1e-5 * n);
      }
    }
    const close = Float64Array.of(1, 0, 1, 1 + 1e-9);
    const [found, exact] = [Float64Array.of(1, 2), Float64Array.of(1, 2)];
    (await factorRoughly(transposed(close, 2), 2, plainBlas())).solve(found);
    choleskySolve(factorPositive(close, 2), 2, exact);
    expect(found).toEqual(exact);
    await expect(factorRoughly(Float64Array.of(Number.NaN), 1, plainBlas())).rejects.toThrow(RangeError);
  });

  it("takes the room of a former factor, of the same order, and solves the same", async () => {
    const n = 30;
    const former = await factorRoughly(positive(n, 1), n, plainBlas());
    const factor = await factorRoughly(positive(n, 2), n, plainBlas(), former);
    expect(factor.room).toBe(former.room);
    expect((await factorRoughly(positive(8, 2), 8, plainBlas(), factor)).room).not.toBe(factor.room);
    const [found, expected] = [new Float64Array(n).fill(1), new Float64Array(n).fill(1)];
    factor.solve(found);
    (await factorRoughly(positive(n, 2), n, plainBlas())).solve(expected);
    expect(found).toEqual(expected);
  });
});
