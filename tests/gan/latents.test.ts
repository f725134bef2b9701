import { describe, expect, it } from "vitest";
import { GeneratorError } from "../../src/gan/errors.ts";
import type { GeneratorInfo } from "../../src/gan/generator.ts";
import { latentOfSeed, oneHot, samplesOf } from "../../src/gan/latents.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const conditional: GeneratorInfo = {
  family: "test",
  resolution: 4,
  imageChannels: 3,
  imageRange: [-1, 1],
  latent: "normal",
  zDim: 2,
  wDim: 2,
  cDim: 3,
  numWs: 2,
  layers: [],
};

describe("latents", () => {
  // NumPy 1.26: RandomState(seed).randn(1, n)
  it.each([
    [0, [1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458]],
    [85, [0.1768507210788626, 2.3777541249700573, 0.998732857053734]],
    [4294967295, [0.6484086742306527, 0.6693235306338161, -1.0805437227474493]],
  ])("latentOfSeed(%i) is NumPy's RandomState(seed).randn, to the bit", (seed, expected) => {
    const { z } = latentOfSeed(seed, expected.length, "normal");
    expect([...z]).toEqual(expected.map(Math.fround));
  });

  it("latentOfSeed leaves the stream where NumPy's would be: noise follows z", () => {
    // RandomState(7): randn(3), then randn(2)
    const { z, random } = latentOfSeed(7, 3, "normal");
    expect([...z]).toEqual([1.690525703800356, -0.4659373705408328, 0.0328201636785844].map(Math.fround));
    expect([random.randn(), random.randn()]).toEqual([0.40751628299650783, -0.7889230286257386]);
  });

  it("latentOfSeed draws uniform latents from [-1,1)", () => {
    // 2 * RandomState(3).random_sample(3) - 1
    const { z } = latentOfSeed(3, 3, "uniform");
    expect([...z]).toEqual([0.10159580514915101, 0.41629564523620965, -0.41819052217411135].map(Math.fround));
  });

  it("samplesOf gives one label to all samples, or one to each", () => {
    const labels = (c: ReturnType<typeof tensor>) =>
      samplesOf({ seeds: [1, 2], c }, conditional).map((s) => [...(s.c ?? [])]);
    expect(labels(oneHot(2, 3))).toEqual([
      [0, 0, 1],
      [0, 0, 1],
    ]);
    expect(labels(tensor([2, 3], Float32Array.of(1, 0, 0, 0, 1, 0)))).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(() => labels(tensor([3, 3]))).toThrow(/3 rows for 2 samples/);
    expect(() => samplesOf({ seeds: [1] }, conditional)).toThrow(/classes 0 to 2/);
  });

  it("oneHot refuses classes that do not exist", () => {
    expect(() => oneHot(3, 3)).toThrow(/classes 0 to 2/);
    expect(() => oneHot(0, 0)).toThrow(/not conditional/);
    expect(() => oneHot(-1, 3)).toThrow(GeneratorError);
  });
});
