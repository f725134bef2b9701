import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input, mul, reduceSum } from "../../src/graph/ops/index.ts";
import { filled, normal } from "../../src/nn/parameters.ts";
import { spectralNorm, spectralWeights, withSpectralVectors } from "../../src/nn/spectralNorm.ts";

describe("spectralNorm", () => {
  const w = input("w", [2, 2, 1, 1]);
  const u = input("u", [1, 2]);

  it("divides by the largest singular value, which a vector along it finds at once", () => {
    // diag(3, 4): u = (0, 1) is the singular vector of 4 and stays.
    const { weight, u: next } = spectralNorm(w, u);
    const got = evaluateGraph(graph({ weight, next }), new Map([["w", [3, 0, 0, 4]], ["u", [0, 1]]])); // biome-ignore format: a matrix
    expect([...got.get("weight")!]).toEqual([0.75, 0, 0, 1]);
    expect([...got.get("next")!]).toEqual([0, 1]);
  });

  it("turns the vector by one step of the power iteration", () => {
    // u = (1, 1): v = W^T u / |.| = (3, 4) / 5, W v = (9, 16) / 5, of length sqrt(337) / 5 = sigma.
    const { weight, u: next } = spectralNorm(w, u);
    const got = evaluateGraph(graph({ weight, next }), new Map([["w", [3, 0, 0, 4]], ["u", [1, 1]]])); // biome-ignore format: a matrix
    const sigma = Math.sqrt(337) / 5;
    expect([...got.get("weight")!]).toEqual([3 / sigma, 0, 0, 4 / sigma].map((x) => expect.closeTo(x, 9)));
    expect([...got.get("next")!]).toEqual([9, 16].map((x) => expect.closeTo(x / Math.sqrt(337), 9)));
  });

  it("has the gradient (G - <G, W/s> u v^T) / s: that of s is u v^T", () => {
    // At u = v = (0, 1) and s = 4, for the loss sum(G W / s) with G = (1, 2; 3, 5): <G, W/s> = .75 + 5.
    const { weight } = spectralNorm(w, u);
    const g = input("g", [2, 2, 1, 1]);
    const [gradient] = grad(reduceSum(mul(weight, g)), [w]);
    const feeds = new Map([["w", [3, 0, 0, 4]], ["u", [0, 1]], ["g", [1, 2, 3, 5]]]); // biome-ignore format: a matrix
    const got = evaluateGraph(graph({ gradient }), feeds).get("gradient")!;
    expect([...got]).toEqual([1 / 4, 2 / 4, 3 / 4, (5 - 5.75) / 4].map((x) => expect.closeTo(x, 9)));
  });
});

describe("spectralWeights", () => {
  it("normalises the weights that have a vector, and gives the next vectors by name", () => {
    const table = withSpectralVectors(
      new Map([["a.weight", normal([2, 2, 1, 1])], ["a.bias", filled([2])], ["b.kernel", normal([2, 2])]]), // biome-ignore format: a table
    );
    expect([...table.keys()]).toEqual(["a.weight", "a.weight.u", "a.bias", "b.kernel"]);
    expect(table.get("a.weight.u")).toMatchObject({ shape: [1, 2], trained: false });
    const inputs = new Map([...table].map(([name, { shape }]) => [name, input(name, shape)]));
    const { weights, statistics } = spectralWeights(inputs);
    expect(weights.get("b.kernel")).toBe(inputs.get("b.kernel"));
    expect(weights.get("a.weight")).not.toBe(inputs.get("a.weight"));
    expect([...statistics.keys()]).toEqual(["a.weight.u"]);
  });
});
