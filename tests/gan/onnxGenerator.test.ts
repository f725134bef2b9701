import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readNpz } from "../../src/checkpoint/npy.ts";
import { layerEnds } from "../../src/gan/onnx/onnxLayers.ts";
import { openGeneratorBytes } from "../../src/gan/openGenerator.ts";
import { toOnnx } from "../../src/graph/emit.ts";
import { graph } from "../../src/graph/graph.ts";
import { decodeOnnx } from "../../src/graph/onnxModel.ts";
import { constant, conv, convTranspose, input, matmul, reshape } from "../../src/graph/ops/index.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { hasShared, shared } from "../shared.ts";
import { tinyGenerator } from "../tinyGenerator.ts";

const options = { runtime: ortNode, provider: "cpu" } as const;
const weights = (shape: number[]) => constant(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1));

describe("openOnnxGenerator()", () => {
  it("finds the latent, the image, its range and the inner maps", async () => {
    const generator = await openGeneratorBytes(tinyGenerator(), options);
    expect(generator.info).toMatchObject({
      family: "ONNX",
      resolution: 8,
      imageChannels: 3,
      imageRange: [-1, 1],
      zDim: 4,
    });
    expect(generator.info.layers.map((l) => [l.channels, l.resolution])).toEqual([
      [6, 4],
      [5, 8],
    ]);
    const { image, features } = await generator.generate({ seeds: [3, 4, 5], layers: "all" });
    expect(image.shape).toEqual([3, 3, 8, 8]);
    expect([...features.values()].map((f) => f.shape)).toEqual([
      [3, 6, 4, 4],
      [3, 5, 8, 8],
    ]);
    await generator.dispose();
  });

  it("gives a seed the same image in any batch", async () => {
    const generator = await openGeneratorBytes(tinyGenerator(), options);
    const { image: both } = await generator.generate({ seeds: [1, 2] });
    const { image: second } = await generator.generate({ seeds: [2] });
    expect(both.data.subarray(192)).toEqual(second.data);
    await generator.dispose();
  });

  it.each([
    [
      "no image-like output",
      () => toOnnx(graph({ y: matmul(input("z", [1, 4]), weights([4, 2])) })),
      "not an image generator",
    ],
    [
      "two inputs",
      () => toOnnx(graph({ y: matmul(input("z", [1, 4]), input("c", [4, 2])) })),
      "input z takes 1 samples at once, c takes 4",
    ],
    [
      "NaN images",
      () => tinyGenerator((x) => matmul(x, constant([8, 8], new Float32Array(64).fill(Number.NaN)))),
      "NaN",
    ],
  ])("refuses a model with %s", async (_, model, message) => {
    await expect(openGeneratorBytes(model(), options)).rejects.toThrow(message);
  });

  it("knows a map that is an output already by that name", async () => {
    const x = conv(reshape(matmul(input("z", [1, 4]), weights([4, 96])), [1, 6, 4, 4]), weights([6, 6, 3, 3]), {
      padding: 1,
    });
    const image = convTranspose(x, weights([6, 3, 4, 4]), { stride: 2, padding: 1 });
    const model = toOnnx(graph({ image, hidden: x }), { dynamicBatch: true });
    const generator = await openGeneratorBytes(model, options);
    expect(generator.info.layers).toEqual([{ name: "hidden", channels: 6, resolution: 4 }]);
    const { features } = await generator.generate({ seeds: [0], layers: "all" });
    expect(features.get("hidden")?.shape).toEqual([1, 6, 4, 4]);
    await generator.dispose();
  });

  it("refuses truncation, which needs a mapping network", async () => {
    const generator = await openGeneratorBytes(tinyGenerator(), options);
    await expect(generator.generate({ seeds: [0], truncationPsi: 0.5 })).rejects.toThrow("needs a mapping network");
    await generator.dispose();
  });

  it("layerEnds() counts a convolution and what follows it pointwise once", () => {
    const { graph: model } = decodeOnnx(tinyGenerator());
    const types = layerEnds(model).map((name) => model.nodes.find((n) => n.outputs[0] === name)?.opType);
    expect(types).toEqual(["LeakyRelu", "LeakyRelu"]);
  });

  it.skipIf(!hasShared).each([
    ["anime64", "normal"],
    ["celeba32", "uniform"],
  ] as const)("computes the image and hidden maps of %s as PyTorch does", async (name, latent) => {
    const generator = await openGeneratorBytes(readFileSync(shared(`gan/${name}.onnx`)), { ...options, latent });
    const reference = readNpz(readFileSync(shared(`gan/${name}_reference.npz`)));
    const { image, features } = await generator.generate({ z: reference.get("z") as Tensor, layers: "all" });
    const got = new Map([["image", image], ...[...features.values()].map((f, i) => [`feat${i}`, f] as const)]);
    for (const [key, expected] of reference) {
      if (key === "z") continue;
      const { data } = got.get(key)!;
      const worst = (expected as Tensor).data.reduce((m, v, i) => Math.max(m, Math.abs(v - data[i])), 0);
      expect(worst, key).toBeLessThan(1e-4);
    }
    await generator.dispose();
  });
});
