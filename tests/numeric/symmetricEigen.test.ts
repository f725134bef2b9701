import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symmetricEigen } from "../../src/numeric/symmetricEigen.ts";
import { RandomState } from "../../src/tensor/random.ts";

const symmetric = (n: number, seed: number): Float64Array => {
  const random = new RandomState(seed);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = random.randn();
  return matrix;
};

describe("symmetricEigen", () => {
  it("solves a matrix by hand", () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    expect(values[0]).toBeCloseTo(1, 14);
    expect(values[1]).toBeCloseTo(3, 14);
    expect(vectors[0] * vectors[1]).toBeCloseTo(-0.5, 14);
    expect(vectors[2] * vectors[3]).toBeCloseTo(0.5, 14);
  });

  it("gives orthonormal vectors with A v = value v, ascending, for any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(1000), (n, seed) => {
        const a = symmetric(n, seed);
        const { values, vectors } = symmetricEigen(a, n);
        for (let i = 0; i < n; i++) {
          if (i > 0) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]);
          for (let j = 0; j < n; j++) {
            let product = 0;
            let overlap = 0;
            for (let l = 0; l < n; l++) {
              product += a[j * n + l] * vectors[i * n + l];
              overlap += vectors[i * n + l] * vectors[j * n + l];
            }
            expect(product).toBeCloseTo(values[i] * vectors[i * n + j], 10);
            expect(overlap).toBeCloseTo(i === j ? 1 : 0, 12);
          }
        }
      }),
    );
  });

  it("copes with equal eigenvalues, zeros and one row", () => {
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
    expect([...symmetricEigen(Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2), 3).values]).toEqual([2, 2, 2]);
    expect([...symmetricEigen(Float64Array.of(5), 1).values]).toEqual([5]);
  });

  it("rejects a matrix that is not finite or of another size", () => {
    expect(() => symmetricEigen(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow(/not finite/);
    expect(() => symmetricEigen(new Float64Array(3), 2)).toThrow(/expected 4/);
  });
});
