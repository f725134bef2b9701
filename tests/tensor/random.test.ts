import { describe, expect, it } from "vitest";
import { RandomState, randn } from "../../src/tensor/random.ts";

describe("RandomState", () => {
  // Printed by NumPy 2.4: r = np.random.RandomState(seed); r.randn(), r.randn(), r.randn(), r.random_sample(), r.randint(10),
  // r.randint(100000), r.permutation(8)
  it.each([
    [
      0,
      [1.764052345967664, 0.4001572083672233, 0.9787379841057392],
      0.4236547993389047,
      [5, 55026],
      [3, 1, 2, 7, 5, 0, 6, 4],
    ],
    [
      7,
      [1.690525703800356, -0.4659373705408328, 0.0328201636785844],
      0.5011204636599379,
      [8, 19623],
      [1, 3, 2, 5, 7, 0, 4, 6],
    ],
    [
      4294967295,
      [0.6484086742306527, 0.6693235306338161, -1.0805437227474493],
      0.9093750727977705,
      [6, 37590],
      [3, 2, 0, 4, 7, 1, 5, 6],
    ],
  ])("draws NumPy's numbers for seed %i", (seed, normals, uniform, integers, permutation) => {
    const random = new RandomState(seed);
    expect([random.randn(), random.randn(), random.randn()]).toEqual(normals);
    expect(random.randomSample()).toBe(uniform);
    expect([random.randint(10), random.randint(100000)]).toEqual(integers);
    expect(Array.from(random.permutation(8))).toEqual(permutation);
  });

  it("refuses seeds that NumPy refuses", () => {
    for (const seed of [-1, 1.5, 2 ** 32, Number.NaN]) expect(() => new RandomState(seed)).toThrow(RangeError);
  });

  it("randn() is a float32 copy of the stream", () => {
    expect(Array.from(randn(0, 2))).toEqual([Math.fround(1.764052345967664), Math.fround(0.4001572083672233)]);
  });
});
