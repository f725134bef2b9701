import { describe, expect, it } from "vitest";
import type { Checkpoint, ConfigObject, ConfigValue, LazyTensor, StateDict } from "../../src/checkpoint/stateDict.ts";
import { exportOnnx } from "../../src/gan/exportNetwork.ts";
import type { GenerateOptions, GenerateResult } from "../../src/gan/generator.ts";
import { flipped, permuted, readFloat32 } from "../../src/gan/layout.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { randn } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { hasShared } from "../shared.ts";
import { readFixture, relativeError } from "./fixtures.ts";
import { lazy, tinyStyleGan2, withTensors } from "./tinyStyleGan2.ts";

async function generate(checkpoint: Checkpoint, options: GenerateOptions): Promise<GenerateResult> {
  const generator = networkGenerator(buildNetwork(checkpoint), { runtime: ortNode, provider: "cpu", threads: 1 });
  const result = await generator.generate(options);
  await generator.dispose();
  return result;
}

/** The checkpoint with other tensors and settings in one network. */
function changed(
  checkpoint: Checkpoint,
  network: string,
  change: (name: string, tensor: LazyTensor) => readonly [string, LazyTensor],
  kwargs: Record<string, ConfigValue> = {},
): Checkpoint {
  const stored = checkpoint.networks.get(network) as StateDict;
  const config = checkpoint.config[network];
  const settings = { ...(config["static_kwargs"] as ConfigObject | undefined), ...kwargs };
  return {
    ...checkpoint,
    networks: new Map([[network, new Map([...stored].map(([name, t]) => change(name, t)))]]),
    config: { [network]: { ...config, static_kwargs: settings } },
  };
}
const same = (name: string, t: LazyTensor) => [name, t] as const;

describe.skipIf(!hasShared)("sources of official weights (skipped without ../shared)", () => {
  it("a fused PGGAN gives the images of the plain one whose kernels are the reverse", async () => {
    const plain = readFixture("tf/pggan_32.pkl");
    // [kh,kw,I,O] -> [O,I,kh,kw], reversed -> [kh,kw,O,I]
    const fuse = (t: LazyTensor) => permuted(2, 3, 0, 1)(flipped(permuted(3, 2, 0, 1)(t)));
    const fused = changed(plain, "Gs", (name, t) => {
      const up = name.replace("/Conv0/", "/Conv0_up/");
      return [up, up !== name && name.endsWith("weight") ? fuse(t) : t];
    });
    const [a, b] = [await generate(plain, { seeds: [0] }), await generate(fused, { seeds: [0] })];
    expect(relativeError(a.image, b.image)).toBeLessThan(1e-6);
  });

  it("fused_scale says how a StyleGAN's kernels are meant", async () => {
    const auto = readFixture("tf/stylegan1_auto64.pkl");
    const reverse = (name: string, t: LazyTensor) =>
      [name, name.endsWith("Conv0_up/weight") ? permuted(2, 3, 1, 0)(flipped(permuted(3, 2, 0, 1)(t))) : t] as const;
    const fused = changed(auto, "Gs", reverse, { fused_scale: true });
    const plain = changed(auto, "Gs", same, { fused_scale: false });
    const { image } = await generate(auto, { seeds: [0] });
    expect(relativeError((await generate(fused, { seeds: [0] })).image, image)).toBeLessThan(1e-6);
    expect((await generate(plain, { seeds: [0] })).image).toEqual(image);
  });

  it.each([
    ["tf/pggan_32.pkl", 1, "output2"],
    ["tf/stylegan1_auto64.pkl", 2, "output2"],
  ])("%s at level of detail %i shows the enlarged %s", async (file, lod, output) => {
    const early = changed(readFixture(file), "Gs", (name, t) => [name, name === "lod" ? lazy([], [lod]) : t]);
    const { image, features } = await generate(early, { seeds: [0], layers: [output] });
    const { data, shape } = features.get(output) as Tensor;
    const [r, factor] = [shape[2], 2 ** lod];
    const large = Float32Array.from(image.data, (_, i) => {
      const [c, h, w] = [
        Math.floor(i / (r * factor) ** 2),
        Math.floor(i / (r * factor)) % (r * factor),
        i % (r * factor),
      ];
      return data[(c * r + Math.floor(h / factor)) * r + Math.floor(w / factor)];
    });
    expect(relativeError(image, tensor(image.shape, large))).toBeLessThan(1e-6);
  });

  it("a conditional PGGAN takes the label beside z", async () => {
    const labelled = changed(readFixture("tf/pggan_32.pkl"), "Gs", same, { label_size: 3, latent_size: 45 });
    const network = buildNetwork(labelled);
    expect([network.info.zDim, network.info.cDim, network.latents]).toEqual([45, 3, ["z", "c"]]);
    const of = async (...c: number[]) =>
      (await generate(labelled, { seeds: [0], c: tensor([1, 3], Float32Array.from(c)) })).image;
    expect(relativeError(await of(1, 0, 0), await of(0, 0, 1))).toBeGreaterThan(1e-2);
  });

  it.each<[string, Record<string, ConfigValue>, RegExp]>([
    ["stylegan2_configf_skip32", { min_h: 4 }, /min_h = 4, which is not known/],
    ["stylegan2_configf_skip32", { resolution: 64 }, /resolution = 64, expected 32/],
    ["stylegan2_configf_skip32", { resolution_h: 48 }, /resolution_h = 48, expected 32/],
    ["stylegan2_configf_skip32", { nonlinearity: "relu" }, /nonlinearity = "relu", expected "lrelu"/],
    ["stylegan2_configf_skip32", { architecture: "orig" }, /architecture = "orig", expected "skip"/],
    ["stylegan2_configf_skip32", { resample_kernel: [1, 2, 1] }, /resample_kernel = \[1,2,1\], expected \[1,3,3,1\]/],
    ["stylegan2_configf_skip32", { conv_clamp: "tight" }, /conv_clamp = "tight", expected a positive number/],
    ["stylegan1_auto64", { use_pixel_norm: true }, /use_pixel_norm = true, expected false/],
    ["stylegan1_auto64", { fused_scale: "some" }, /fused_scale = "some"/],
    ["pggan_32", { use_pixelnorm: false }, /use_pixelnorm = false, expected true/],
    ["pggan_32", { label_size: 48 }, /48 classes/],
  ])("%s with %o is refused", (name, kwargs, message) => {
    expect(() => buildNetwork(changed(readFixture(`tf/${name}.pkl`), "Gs", same, kwargs))).toThrow(message);
  });

  it.each<[string, Record<string, ConfigValue>]>([
    ["stylegan2_configf_skip32", { resolution_h: 32, resolution_w: 32, fused_modconv: false, truncation_psi: 0.5 }],
    ["stylegan1_auto64", { structure: "fixed", randomize_noise: false }],
  ])("%s with %o is as good as without", (name, kwargs) => {
    expect(() => buildNetwork(changed(readFixture(`tf/${name}.pkl`), "Gs", same, kwargs))).not.toThrow();
  });

  it("StyleGAN2 files of the early configurations are refused for their outputs", () => {
    const file = readFixture("tf/stylegan2_configf_skip32.pkl");
    const early = changed(file, "Gs", (name, t) => [name.replace("32x32/ToRGB/", "ToRGB_lod0/"), t]);
    expect(() => buildNetwork(early)).toThrow(/ToRGB_lod0\/weight/);
  });

  it("rosinality's training files hold no average w, and more networks", async () => {
    const { networks, ...rest } = readFixture("rosinality/rosinality_converted32.pt");
    const g = networks.get("g_ema") as StateDict;
    const training = {
      ...rest,
      networks: new Map([
        ["g", g],
        ["d", new Map([["a", lazy([1], [1])]])],
        ["g_ema", g],
      ]),
    };
    const network = buildNetwork(training);
    expect(network.mapping?.wAvg).toBeUndefined();
    expect(() => exportOnnx(network, { truncationPsi: 0.5 })).toThrow(/no average w/);
    const [half] = (await generate(training, { seeds: [0], truncationPsi: 0.5 })).image.data;
    expect(half).not.toBe((await generate(training, { seeds: [0] })).image.data[0]);
  });

  it("genforce's weights may stand at the top of a file", async () => {
    const file = readFixture("genforce/stylegan32_zip.pth");
    const flat = { ...file, networks: new Map([["", file.networks.get("generator_smooth") as StateDict]]) };
    expect((await generate(flat, { seeds: [1] })).image).toEqual((await generate(file, { seeds: [1] })).image);
  });
});

describe("labels of StyleGAN2", () => {
  const fc = 3 * 8;
  const labelled = withTensors(tinyStyleGan2(), {
    "mapping.fc0.weight": lazy([3, 8], [...randn(1, fc)]),
    "mapping.label_concat.weight": lazy([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
  });

  it("LabelConcat appends the label's row to z and normalises both together", async () => {
    const z = [1, 0, -1, 2];
    const { info, weights } = buildNetwork(labelled);
    expect([info.zDim, info.cDim]).toEqual([4, 2]);
    const joined = [...z, 5, 6, 7, 8];
    const norm = Math.sqrt(joined.reduce((sum, v) => sum + v * v, 0) / 8);
    const weight = readFloat32(lazy([3, 8], [...randn(1, fc)])).data;
    const bias = (weights.get("mapping.fc0.bias") as Tensor).data;
    const w = Array.from({ length: 3 }, (_, o) => {
      const sum = joined.reduce((total, v, i) => total + (v / norm) * weight[o * 8 + i], 0);
      const before = (0.01 * sum) / Math.sqrt(8) + 0.01 * bias[o];
      return Math.SQRT2 * Math.max(before, 0.2 * before);
    });
    const options = { z: tensor([1, 4], Float32Array.from(z)), c: tensor([1, 2], Float32Array.of(0, 1)) };
    const { ws } = await generate(labelled, options);
    expect([...(ws as Tensor).data.slice(0, 3)]).toEqual(w.map((v) => expect.closeTo(v, 5)));
  });

  it("asks for a label and says which there are", async () => {
    await expect(generate(labelled, { seeds: [0] })).rejects.toThrow(/classes 0 to 1/);
  });
});
