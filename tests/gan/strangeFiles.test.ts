/** Weights as people save them, which differ from the official files: what opens, and what the others are told. */
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import type { Checkpoint, LazyTensor, StateDict } from "../../src/checkpoint/stateDict.ts";
import { exportSafetensors } from "../../src/gan/exportNetwork.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork, looksLikeOnnx } from "../../src/gan/openGenerator.ts";
import { pytorchExport } from "../../src/gan/pytorchExport.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { randn } from "../../src/tensor/random.ts";
import { type AnyTensor, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { tinyStyleGan2 } from "./tinyStyleGan2.ts";

/** A rosinality `g_ema` of 8 pixels, without the buffers that early versions did not store. */
function rosinality(): Map<string, LazyTensor> {
  const weights = new Map<string, LazyTensor>();
  const add = (name: string, ...shape: number[]): void => {
    const values = randn(
      weights.size,
      shape.reduce((a, b) => a * b, 1),
    ).map((v) => v / 4);
    weights.set(name, { dtype: "float32", shape, read: () => tensor(shape, values) });
  };
  const conv = (module: string, out: number, kernel: number): void => {
    add(`${module}.conv.weight`, 1, out, 5, kernel, kernel);
    add(`${module}.conv.modulation.weight`, 5, 3);
    add(`${module}.conv.modulation.bias`, 5);
    if (kernel === 1) add(`${module}.bias`, 1, out, 1, 1);
    else {
      add(`${module}.noise.weight`, 1);
      add(`${module}.activate.bias`, out);
    }
  };
  add("style.1.weight", 3, 4);
  add("style.1.bias", 3);
  add("input.input", 1, 5, 4, 4);
  conv("conv1", 5, 3);
  conv("to_rgb1", 3, 1);
  conv("convs.0", 5, 3);
  conv("convs.1", 5, 3);
  conv("to_rgbs.0", 3, 1);
  return weights;
}

const checkpoint = (weights: StateDict, network = "g_ema"): Checkpoint => ({
  format: "torch-zip",
  networks: new Map([[network, weights]]),
  config: {},
});

const generate = async (file: Checkpoint): Promise<Tensor> => {
  const generator = networkGenerator(buildNetwork(file), { runtime: ortNode, provider: "cpu", threads: 1 });
  const { image } = await generator.generate({ seeds: [0] });
  await generator.dispose();
  return image;
};

describe("rosinality's StyleGAN2", () => {
  it("opens without noise buffers, with fixed ones, and says so", async () => {
    const network = buildNetwork(checkpoint(rosinality()));
    expect(network.info).toMatchObject({ resolution: 8, zDim: 4, wDim: 3, numWs: 4 });
    expect(network.info.notes).toEqual([expect.stringMatching(/^the file has no noise maps/)]);
    expect(network.weights.get("synthesis.b4.conv1.noise_const")?.data).toEqual(randn(0, 16));
    expect(network.weights.get("synthesis.b8.conv0.noise_const")?.data).toEqual(randn(1, 64));
    // The drawn maps travel with the network, so its images stay the same.
    const again = readCheckpoint(exportSafetensors(network));
    expect(buildNetwork(again).info.notes).toEqual([]);
    expect(await generate(again)).toEqual(await generate(checkpoint(rosinality())));
  });

  it("uses the buffers that there are, and refuses a file where only some are missing", () => {
    const map = (side: number): LazyTensor => ({
      dtype: "float32",
      shape: [1, 1, side, side],
      read: () => tensor([1, 1, side, side], new Float32Array(side * side).fill(7)),
    });
    const whole = new Map([
      ...rosinality(),
      ["noises.noise_0", map(4)],
      ["noises.noise_1", map(8)],
      ["noises.noise_2", map(8)],
    ]);
    const { info, weights } = buildNetwork(checkpoint(whole));
    expect(info.notes).toEqual([]);
    expect(weights.get("synthesis.b4.conv1.noise_const")?.data[0]).toBe(7);
    whole.delete("noises.noise_1");
    expect(() => buildNetwork(checkpoint(whole))).toThrow("synthesis.b8.conv0.noise_const is missing from the file");
  });

  it.each([
    ["module.", "DataParallel"],
    ["_orig_mod.", "compile"],
  ])("opens with %s before every name, and says so", async (prefix, wrapper) => {
    const wrapped = new Map([...rosinality()].map(([name, t]) => [prefix + name, t]));
    expect(buildNetwork(checkpoint(wrapped)).info.notes?.at(-1)).toContain(wrapper);
    expect(await generate(checkpoint(wrapped))).toEqual(await generate(checkpoint(rosinality())));
  });

  it("says of a conditional variant that it is one", () => {
    const table: LazyTensor = { dtype: "float32", shape: [10, 4], read: () => tensor([10, 4]) };
    const conditional = new Map([...rosinality(), ["label_embed.weight", table]]);
    expect(() => buildNetwork(checkpoint(conditional))).toThrow(/label_embed\.weight.*conditional variant/);
  });
});

describe("weights that are not floating point", () => {
  const names = tinyStyleGan2().networks.get("") as StateDict;
  it.each<[string, AnyTensor]>([
    ["int8", { dtype: "int8", shape: [3, 4], data: new Int8Array(12) }],
    ["int64", { dtype: "int64", shape: [3, 4], data: new BigInt64Array(12) }],
    ["bool", { dtype: "bool", shape: [3, 4], data: new Uint8Array(12) }],
    ["uint8", { dtype: "uint8", shape: [3, 4], data: new Uint8Array(12) }],
  ])("%s is refused by the weight's name", (dtype, weight) => {
    const weights = new Map([...names, ["mapping.fc0.weight", { ...weight, read: () => weight }]]);
    expect(() => buildNetwork({ ...tinyStyleGan2(), networks: new Map([["", weights]]) })).toThrow(
      `mapping.fc0.weight holds ${dtype}, expected floating point`,
    );
    // Behind a change of layout, too.
    const early = new Map([...rosinality(), ["style.1.bias", { ...weight, shape: [3], read: () => weight }]]);
    expect(() => buildNetwork(checkpoint(early))).toThrow(`style.1.bias holds ${dtype}`);
  });
});

describe("what a file is told by", () => {
  /** A safetensors file whose header has this many bytes: a multiple of 8. */
  function withHeader(length: number): Uint8Array {
    const bare = writeSafetensors(new Map([["w", tensor([1])]]), { pad: "" });
    const header = Number(new DataView(bare.buffer).getBigUint64(0, true));
    const pad = writeSafetensors(new Map([["w", tensor([1])]]), { pad: "x".repeat(length - header) });
    expect(Number(new DataView(pad.buffer).getBigUint64(0, true))).toBe(length);
    return pad;
  }

  it.each([0x108, 0x808, 0x3f08, 0x11208])(
    "a safetensors header of %i bytes begins as an ONNX model does, and is none",
    (length) => {
      const file = withHeader(length);
      expect(file[0]).toBe(8);
      expect(looksLikeOnnx(file)).toBe(false);
      expect(readCheckpoint(file).format).toBe("safetensors");
    },
  );

  it("a tensor called __proto__ is a tensor, in safetensors and in the error that lists it", () => {
    const file = writeSafetensors(new Map([["__proto__", tensor([2], Float32Array.of(1, 2))]]));
    const { networks } = readCheckpoint(file);
    expect(networks.get("")?.get("__proto__")?.shape).toEqual([2]);
    const weights = new Map([...rosinality(), ["__proto__", networks.get("")?.get("__proto__") as LazyTensor]]);
    expect(() => buildNetwork(checkpoint(weights))).toThrow("(1): __proto__");
  });
});

describe("a PyTorch state dict of a network of one's own", () => {
  const weight = (...shape: number[]): LazyTensor => ({ dtype: "float32", shape, read: () => tensor(shape) });

  it("is refused with the Python that exports it", () => {
    const dcgan = new Map([
      ["main.0.weight", weight(100, 512, 4, 4)],
      ["main.3.weight", weight(512, 3, 4, 4)],
    ]);
    expect(() => buildNetwork(checkpoint(dcgan, ""), "celeba32.pt")).toThrow(
      /holds no generator of a known family.*torch\.load\("celeba32\.pt", map_location="cpu"\).*torch\.randn\(1, 100, 1, 1\).*torch\.onnx\.export\(G, \(z,\), "celeba32\.onnx"/s,
    );
  });

  it("takes the generator out of a dictionary of several networks", () => {
    const several: Checkpoint = {
      format: "torch-zip",
      networks: new Map([
        ["discriminator", new Map([["model.0.weight", weight(64, 3, 4, 4)]])],
        ["generator", new Map([["fc.weight", weight(512, 64)]])],
      ]),
      config: {},
    };
    expect(() => buildNetwork(several, "run.pth")).toThrow(
      /torch\.load\("run\.pth", map_location="cpu"\)\["generator"\]\).*torch\.randn\(1, 64\)/s,
    );
  });

  it("guesses the latent of a linear first layer, and asks for a class where names speak of one", () => {
    const lines = pytorchExport(
      new Map([
        ["label_emb.weight", weight(10, 10)],
        ["model.0.weight", weight(128, 110)],
      ]),
      'my "net".pth',
    );
    expect(lines).toContain("z = torch.randn(1, 110)  # guessed from model.0.weight");
    expect(lines).toContain('input_names=["z", "c"]');
    expect(lines).toContain('torch.load("my \\"net\\".pth"');
  });
});

describe("settings that lie", () => {
  it("sizes follow from the weights: a resolution of 200000 in a file of our own has no part", () => {
    const { info } = buildNetwork(tinyStyleGan2({ resolution: 200_000, wDim: 200_000 }));
    expect(info).toEqual(buildNetwork(tinyStyleGan2()).info);
  });

  it("a weight of a layer of 65536 pixels does not make one", () => {
    const file = tinyStyleGan2();
    const weight: LazyTensor = { dtype: "float32", shape: [3, 5, 1, 1], read: () => tensor([3, 5, 1, 1]) };
    const weights = new Map([...(file.networks.get("") as StateDict), ["synthesis.b65536.torgb.weight", weight]]);
    expect(() => buildNetwork({ ...file, networks: new Map([["", weights]]) })).toThrow("is missing from the file");
  });
});
