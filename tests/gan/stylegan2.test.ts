import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConfigValue } from "../../src/checkpoint/stateDict.ts";
import { GeneratorError } from "../../src/gan/errors.ts";
import { exportOnnx } from "../../src/gan/exportNetwork.ts";
import type { GenerateResult, Generator } from "../../src/gan/generator.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { randn } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { relativeError } from "./fixtures.ts";
import { lazy, TINY, tinyStyleGan2, withTensors } from "./tinyStyleGan2.ts";

const { wDim, numWs, zDim } = TINY;
const open = (checkpoint = tinyStyleGan2()): Generator =>
  networkGenerator(buildNetwork(checkpoint), { runtime: ortNode, provider: "cpu", threads: 1 });
const wOf = (result: GenerateResult, layer: number): number[] =>
  Array.from((result.ws as Tensor).data.slice(layer * wDim, (layer + 1) * wDim));
const closeTo = (expected: readonly number[]) => expected.map((v) => expect.closeTo(v, 5));

describe("a StyleGAN2 generator", () => {
  let generator: Generator;
  let wAvg: number[];
  beforeAll(() => {
    generator = open();
    wAvg = Array.from(buildNetwork(tinyStyleGan2()).mapping?.wAvg ?? []);
  });
  afterAll(() => generator.dispose());

  it("maps z as the definition says, worked out here", async () => {
    const z = [1, -2, 0.5, 3];
    const { weights } = buildNetwork(tinyStyleGan2());
    const weight = (weights.get("mapping.fc0.weight") as Tensor).data;
    const bias = (weights.get("mapping.fc0.bias") as Tensor).data;
    const norm = Math.sqrt(z.reduce((sum, v) => sum + v * v, 0) / zDim + 1e-8);
    const w = Array.from({ length: wDim }, (_, o) => {
      const sum = z.reduce((total, v, i) => total + (v / norm) * weight[o * zDim + i], 0);
      const before = (sum * 0.01) / Math.sqrt(zDim) + bias[o] * 0.01;
      return Math.max(before, 0.2 * before) * Math.SQRT2;
    });
    const result = await generator.generate({ z: tensor([1, zDim], Float32Array.from(z)) });
    for (let layer = 0; layer < numWs; layer++) expect(wOf(result, layer)).toEqual(closeTo(w));
  });

  it("truncates to the average w at psi 0, half way at psi 0.5", async () => {
    const whole = await generator.generate({ seeds: [5] });
    expect(wOf(await generator.generate({ seeds: [5], truncationPsi: 0 }), 0)).toEqual(closeTo(wAvg));
    const half = wOf(whole, 0).map((v, d) => (v + wAvg[d]) / 2);
    expect(wOf(await generator.generate({ seeds: [5], truncationPsi: 0.5 }), 3)).toEqual(closeTo(half));
  });

  it("leaves the layers from the cutoff on as they are", async () => {
    const whole = await generator.generate({ seeds: [5] });
    const cut = await generator.generate({ seeds: [5], truncationPsi: 0, truncationCutoff: 2 });
    expect([0, 1].map((layer) => wOf(cut, layer))).toEqual([closeTo(wAvg), closeTo(wAvg)]);
    expect([2, 3].map((layer) => wOf(cut, layer))).toEqual([wOf(whole, 2), wOf(whole, 3)]);
  });

  it("takes ws as they are given, untruncated", async () => {
    const { ws, image } = await generator.generate({ seeds: [1, 2] });
    const again = await generator.generate({ ws: ws as Tensor, truncationPsi: 0 });
    expect(again.ws).toEqual(ws);
    expect(again.image).toEqual(image);
  });

  it("averages w over many seeds where the file has no average", async () => {
    // Of the sources, rosinality's training files may lack it; a file of our own, too.
    const bare = open(withTensors(tinyStyleGan2(), { "mapping.w_avg": undefined }));
    const many = await bare.generate({ seeds: Array.from({ length: 4096 }, (_, i) => i) });
    const mean = Array.from({ length: wDim }, (_, d) => {
      let sum = 0;
      for (let n = 0; n < 4096; n++) sum += (many.ws as Tensor).data[n * numWs * wDim + d];
      return sum / 4096;
    });
    expect(wOf(await bare.generate({ seeds: [9], truncationPsi: 0 }), 1)).toEqual(closeTo(mean));
    await bare.dispose();
  });

  it("has constant noise by default, none on demand, and random noise that the seed determines", async () => {
    const image = async (seed: number, noiseMode: "const" | "none" | "random"): Promise<Tensor> =>
      (await generator.generate({ seeds: [seed], noiseMode })).image;
    const byDefault = (await generator.generate({ seeds: [3] })).image;
    expect(await image(3, "const")).toEqual(byDefault);
    expect(relativeError(await image(3, "none"), byDefault)).toBeGreaterThan(1e-3);
    const random = await image(3, "random");
    expect(await image(3, "random")).toEqual(random);
    expect(relativeError(random, byDefault)).toBeGreaterThan(1e-3);
    // The noise comes from the seed's own stream, so it is the same in a batch.
    const both = (await generator.generate({ seeds: [8, 3], noiseMode: "random" })).image;
    expect(relativeError(tensor(random.shape, both.data.slice(random.data.length)), random)).toBeLessThan(1e-5);
  });

  it("adds random noise times the layer's strength: with the constant map fed as noise, the image is the constant one's", async () => {
    const network = buildNetwork(tinyStyleGan2());
    const noise = network.noise.map(({ layer, resolution }) => [layer, resolution]);
    expect(noise).toEqual([
      ["b4.conv1", 4],
      ["b8.conv0", 8],
      ["b8.conv1", 8],
    ]);
    const session = await ortNode.createSession(exportOnnx(network, { noiseMode: "random" }), { threads: 1 });
    const z = tensor([1, zDim], randn(3, zDim));
    const maps = network.noise.map(({ layer, resolution: r }) => {
      const { data } = network.weights.get(`synthesis.${layer}.noise_const`) as Tensor;
      return [`noise/${layer}`, tensor([1, 1, r, r], data)] as const;
    });
    const { image } = await session.run({ z, ...Object.fromEntries(maps) });
    await session.dispose();
    expect(relativeError(image as Tensor, (await generator.generate({ z })).image)).toBeLessThan(1e-5);
  });

  it("clamps every layer where the file says so", async () => {
    const clamped = open(tinyStyleGan2({ convClamp: 0.25 }));
    const { features } = await clamped.generate({ seeds: [0], layers: ["b4.conv1", "b4.torgb", "b8.conv1"] });
    for (const [name, { data }] of features) expect(Math.max(...data.map(Math.abs)), name).toBe(0.25);
    await clamped.dispose();
  });

  it("returns the layers that were asked for, by name, also outputs to colours; others are refused", async () => {
    const { features } = await generator.generate({ seeds: [0], layers: ["b8.torgb", "b4.conv1"] });
    expect([...features].map(([name, t]) => [name, t.shape])).toEqual([
      ["b8.torgb", [1, 3, 8, 8]],
      ["b4.conv1", [1, 5, 4, 4]],
    ]);
    await expect(generator.generate({ seeds: [0], layers: ["b16.conv1"] })).rejects.toThrow(/b16\.conv1.*b8\.conv0/);
  });

  it.each<[string, Parameters<Generator["generate"]>[0], RegExp]>([
    ["no latent", {}, /exactly one of seeds, z and ws/],
    ["two latents", { seeds: [0], z: tensor([1, 4]) }, /exactly one/],
    ["no sample", { seeds: [] }, /no sample/],
    ["z of another length", { z: tensor([1, 5]) }, /\[1,5\], expected \[N,4\]/],
    ["ws of another shape", { ws: tensor([1, 4, 4]) }, /\[1,4,4\], expected \[N,4,3\]/],
    ["NaN in z", { z: tensor([1, 4], Float32Array.of(0, Number.NaN, 0, 0)) }, /NaN/],
    ["a label", { seeds: [0], c: tensor([1, 2]) }, /not conditional/],
    ["psi NaN", { seeds: [0], truncationPsi: Number.NaN }, /truncationPsi/],
  ])("generate refuses %s", async (_, options, message) => {
    await expect(generator.generate(options)).rejects.toThrow(message);
    await expect(generator.generate(options)).rejects.toThrow(GeneratorError);
  });

  it.each<[string, Record<string, ConfigValue>]>([
    ["lrMultiplier", { lrMultiplier: 0 }],
    ["lrMultiplier", { lrMultiplier: "fast" }],
    ["convClamp", { convClamp: -1 }],
  ])("a file that sets %s wrongly is refused", (name, settings) => {
    expect(() => buildNetwork(tinyStyleGan2(settings))).toThrow(new RegExp(name));
  });

  it("refuses weights of the wrong shape, and infinite ones", () => {
    const tiny = tinyStyleGan2();
    const wrong = withTensors(tiny, { "synthesis.b8.conv0.bias": lazy([4], [0, 0, 0, 0]) });
    expect(() => buildNetwork(wrong)).toThrow("synthesis.b8.conv0.bias has shape [4], expected [5]");
    const infinite = withTensors(tiny, { "mapping.fc0.bias": lazy([3], [0, Number.POSITIVE_INFINITY, 0]) });
    expect(() => buildNetwork(infinite)).toThrow("mapping.fc0.bias holds Infinity at element 1");
  });
});
