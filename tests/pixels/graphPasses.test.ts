import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input, leakyRelu, mul, reduceSum, square, sub } from "../../src/graph/ops/index.ts";
import { plainBlas } from "../../src/numeric/blas.ts";
import { pyramidBlocks } from "../../src/pixels/device/featureBlocks.ts";
import { graphFeatures } from "../../src/pixels/device/graphFeatures.ts";
import { groups, scoreGraph, svmGraph } from "../../src/pixels/device/graphPasses.ts";
import { pyramidFeatures } from "../../src/pixels/pyramid/pyramid.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { type Runtime, RuntimeError } from "../../src/runtime/session.ts";
import { randn } from "../../src/tensor/random.ts";
import { type AnyTensor, sizeOf } from "../../src/tensor/tensor.ts";
import { difference, graphPassesContract } from "../contracts/graphPasses.ts";
import { tinyPyramid } from "./points.ts";

graphPassesContract(ortNode, "cpu", 1e-5);

describe("svmGraph", () => {
  it("has -1/2 of the loss's derivative, by reverse mode, as its sums", () => {
    const levels = [
      { size: 2, channels: 2 },
      { size: 3, channels: 3 },
    ];
    const shape = { images: 2, resolution: 3, levels, classes: 2 };
    const { scores, weights } = scoreGraph(shape);
    const margins = sub(1, mul(input("signs", scores.shape), scores));
    const loss = reduceSum(square(leakyRelu(margins, 0)));
    const [first, second] = grad(loss, weights);
    const reference = graph({ loss, first, second });
    const passes = svmGraph(shape, { gradient: true, scores: false });
    const feeds = new Map([...passes.inputs].map(([name, { shape: s }], i) => [name, randn(i, sizeOf(s))] as const));
    // Classes 0 and 1 of labels 0 to 2.
    feeds.set("class", Float32Array.of(0, 1));
    const labels = Float32Array.from({ length: 18 }, (_, n) => n % 3);
    feeds.set("label", labels);
    feeds.set(
      "signs",
      Float32Array.from({ length: 36 }, (_, i) => (labels[i >> 1] === i % 2 ? 1 : -1)),
    );
    const got = evaluateGraph(passes, feeds);
    const expected = evaluateGraph(reference, feeds);
    const total = (name: string, c: number) => {
      const sums = got.get(name) ?? new Float64Array(0);
      return sums.reduce((sum, x, i) => sum + (i % 2 === c ? x : 0), 0);
    };
    expect((total("loss", 0) + total("loss", 1)) / (expected.get("loss")?.[0] ?? 0)).toBeCloseTo(1, 10);
    for (const [l, name] of ["first", "second"].entries()) {
      const half = expected.get(name)?.map((x) => -x / 2) ?? [];
      expect(difference(got.get(`sums${l}`) ?? [], half)).toBeLessThan(1e-12);
    }
  });
});

describe("groups", () => {
  it("are the largest that divide the pixels", () => {
    expect(groups(2048 * 3)).toEqual([3, 2048]);
    expect(groups(5 * 37 * 37)).toEqual([5, 1369]);
    expect(groups(7)).toEqual([1, 7]);
    expect(groups(2 * 2053)).toEqual([2053, 2]);
  });
});

describe("graphFeatures", () => {
  const data = tinyPyramid(1, 4, [
    [2, 9],
    [4, 8],
  ]);
  const plain = pyramidFeatures(data, plainBlas());

  /** ONNX Runtime with features rounded to a mantissa of 10 bits, as tensor cores round what they multiply. */
  const coarse: Runtime = {
    async createSession(model, options) {
      const session = await ortNode.createSession(model, options);
      const rounded = (t: AnyTensor): AnyTensor => {
        if (t.dtype !== "float32" || t.shape[2] < 8) return t;
        const bits = new Uint32Array(t.data.slice().buffer);
        return { ...t, data: new Float32Array(bits.map((b) => (b + 0x1000) & ~0x1fff).buffer) };
      };
      return {
        ...session,
        run: (feeds, ...rest) =>
          session.run(
            Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, rounded(t as AnyTensor)])),
            ...rest,
          ),
      };
    },
  };

  it("refuse a provider that multiplies in less than single precision", async () => {
    const refused = graphFeatures(plain, pyramidBlocks(data), { runtime: coarse, provider: "cpu" });
    await expect(refused).rejects.toThrow(RuntimeError);
    await expect(refused).rejects.toThrow(/relative error of \d.*e-4/);
  });

  it("feed what the device has no room for", async () => {
    const full: Runtime = { ...ortNode, upload: () => Promise.reject(new RuntimeError("out of memory")) };
    const made = await graphFeatures(plain, pyramidBlocks(data), { runtime: full, provider: "cpu" });
    expect(made.residentBytes).toBe(0);
    await made.close();
  });

  it("pass on an error that is not the device's", async () => {
    const broken: Runtime = { ...ortNode, upload: () => Promise.reject(new TypeError("a mistake")) };
    await expect(graphFeatures(plain, pyramidBlocks(data), { runtime: broken, provider: "cpu" })).rejects.toThrow(
      TypeError,
    );
  });
});
