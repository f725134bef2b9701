/** Exports of one network as they come from different tools and habits: each opens as the same generator, or is named. */
import { describe, expect, it } from "vitest";
import { exportOnnx } from "../../src/gan/exportNetwork.ts";
import type { Generator } from "../../src/gan/generator.ts";
import { oneHot } from "../../src/gan/latents.ts";
import { networkGenerator } from "../../src/gan/networkGenerator.ts";
import { buildNetwork, openGeneratorBytes } from "../../src/gan/openGenerator.ts";
import { ONNX_FLOAT, ONNX_INT64 } from "../../src/graph/onnxModel.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { randn } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import {
  BOOL,
  body,
  DOUBLE,
  FLOAT16,
  floats,
  INT32,
  integers,
  type ModelParts,
  node,
  onnxModel,
  port,
  SIDE,
  STRING,
  UINT8,
  weights,
  Z,
} from "./onnxModels.ts";
import { tinyStyleGan2 } from "./tinyStyleGan2.ts";

const options = { runtime: ortNode, provider: "cpu", threads: 1 } as const;
const opened = (parts: ModelParts): Promise<Generator> => openGeneratorBytes(onnxModel(parts), options);
const area = SIDE * SIDE;
const SEEDS = [3, 1, 8];

async function imagesOf(parts: ModelParts, more: object = {}): Promise<Tensor> {
  const generator = await opened(parts);
  const { image } = await generator.generate({ seeds: SEEDS, ...more });
  await generator.dispose();
  return image;
}

/** The largest difference. */
function distance(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i])), 0);
}

const plain = imagesOf({});
const cast = (to: number, from: string, into: string) => node("Cast", [from], into, { to });

/** From [-1,1] to [0,255], as exporters write it. */
const to255 = [node("Add", ["rgb-1", "one"], "shifted"), node("Mul", ["shifted", "half"], "image255")];
const constants255 = [floats("one", [], [1]), floats("half", [], [127.5])];

interface Export {
  readonly name: string;
  readonly parts: ModelParts;
  readonly info?: object;
  readonly notes?: readonly string[];
  /** How far its images in [-1,1] may be from the plain export's. */
  readonly within?: number;
  readonly more?: object;
}

const same: readonly Export[] = [
  ...[9, 11, 13, 15, 17, 18, 20, 21].map((opset): Export => ({ name: `opset ${opset}`, parts: { opset } })),
  {
    name: "weights as Constant nodes",
    parts: {
      initializers: [],
      nodes: [
        ...weights.map((tensor) => ({
          opType: "Constant",
          inputs: [],
          outputs: [tensor.name],
          attributes: { value: { tensor } },
        })),
        ...body(),
      ],
    },
  },
  {
    name: "weights that are inputs, too, as before IR version 4",
    parts: { inputs: [port("z", ["batch", Z]), port("fc.weight", [Z, 384]), port("up.weight", [6, 5, 4, 4])] },
  },
  {
    name: "sizes left open, as the first layer has them",
    parts: { inputs: [port("z", ["batch", "size"])], outputs: [port("image", ["a", "b", "c", "d"])] },
  },
  {
    name: "a fixed batch of 1",
    parts: { inputs: [port("z", [1, Z])], outputs: [port("image", [1, 3, SIDE, SIDE])], nodes: body("z", "image", 1) },
  },
  {
    name: "a fixed batch of 4",
    parts: { inputs: [port("z", [4, Z])], outputs: [port("image", [4, 3, SIDE, SIDE])], nodes: body("z", "image", 4) },
  },
  {
    name: "a batch of 1 baked into a Reshape behind an open input",
    parts: { nodes: body("z", "image", 1) },
    notes: ["a batch of 1 is fixed inside"],
  },
  {
    name: "a batch of 4 baked into a Reshape behind an open input",
    parts: { nodes: body("z", "image", 4) },
    notes: ["a batch of 4 is fixed inside"],
  },
  {
    name: "a latent of [b,4,1,1], as DCGAN has it",
    parts: {
      inputs: [port("input", ["batch_size", Z, 1, 1])],
      nodes: [node("Reshape", ["input", "flat"], "z"), ...body()],
      more: [integers("flat", [-1, Z])],
    },
  },
  {
    name: "a latent of [b,1,4]",
    parts: {
      inputs: [port("input", ["batch_size", 1, Z])],
      nodes: [node("Reshape", ["input", "flat"], "z"), ...body()],
      more: [integers("flat", [-1, Z])],
    },
  },
  {
    name: "channels last, as TensorFlow's exporters have it",
    parts: {
      inputs: [port("serving_default_z:0", ["unk__1", Z])],
      outputs: [port("StatefulPartitionedCall:0", ["unk__2", SIDE, SIDE, 3])],
      nodes: [
        ...body("serving_default_z:0", "nchw"),
        node("Transpose", ["nchw"], "StatefulPartitionedCall:0", { perm: [0, 2, 3, 1] }),
      ],
    },
  },
  {
    name: "a flat output of channels, rows, columns",
    parts: {
      outputs: [port("image", ["batch", 3 * area])],
      nodes: [...body("z", "nchw"), node("Flatten", ["nchw"], "image")],
    },
    notes: ["flat, read as [channels, R, R]"],
  },
  {
    name: "a flat output of rows, columns, channels",
    parts: {
      outputs: [port("image", ["batch", 3 * area])],
      nodes: [
        ...body("z", "nchw"),
        node("Transpose", ["nchw"], "nhwc", { perm: [0, 2, 3, 1] }),
        node("Flatten", ["nhwc"], "image"),
      ],
    },
    notes: ["flat, read as [R, R, channels]"],
  },
  {
    name: "halves as output",
    parts: {
      outputs: [port("image", ["batch", 3, SIDE, SIDE], FLOAT16)],
      nodes: [...body("z", "wide"), cast(FLOAT16, "wide", "image")],
    },
    notes: ["output image: float16"],
    within: 1e-3,
  },
  {
    name: "a body of halves with input and output",
    parts: {
      inputs: [port("z16", ["batch", Z], FLOAT16)],
      outputs: [port("image", ["batch", 3, SIDE, SIDE], FLOAT16)],
      nodes: [cast(ONNX_FLOAT, "z16", "z"), ...body("z", "wide"), cast(FLOAT16, "wide", "image")],
    },
    within: 5e-3,
  },
  {
    name: "double precision in and out",
    parts: {
      inputs: [port("z64", ["batch", Z], DOUBLE)],
      outputs: [port("image", ["batch", 3, SIDE, SIDE], DOUBLE)],
      nodes: [cast(ONNX_FLOAT, "z64", "z"), ...body("z", "single"), cast(DOUBLE, "single", "image")],
    },
  },
  {
    name: "bytes",
    parts: {
      outputs: [port("image", ["batch", 3, SIDE, SIDE], UINT8)],
      nodes: [...body("z", "rgb-1"), ...to255, cast(UINT8, "image255", "image")],
      more: constants255,
    },
    info: { imageRange: [0, 255] },
    notes: ["output image: uint8"],
    within: 1e-2,
  },
  {
    name: "values of 0 to 255",
    parts: {
      outputs: [port("image255", ["batch", 3, SIDE, SIDE])],
      nodes: [...body("z", "rgb-1"), ...to255],
      more: constants255,
    },
    info: { imageRange: [0, 255] },
  },
  {
    name: "values of 0 to 1",
    parts: {
      outputs: [port("image01", ["batch", 3, SIDE, SIDE])],
      nodes: [
        ...body("z", "rgb-1"),
        node("Add", ["rgb-1", "one"], "shifted"),
        node("Mul", ["shifted", "half"], "image01"),
      ],
      more: [floats("one", [], [1]), floats("half", [], [0.5])],
    },
    info: { imageRange: [0, 1] },
  },
  {
    name: "another output of maps beside the image",
    parts: { outputs: [port("map8", ["batch", 6, 8, 8]), port("image", ["batch", 3, SIDE, SIDE])] },
    info: { layers: [{ name: "map8", channels: 6, resolution: 8 }] },
  },
  {
    name: "a small image beside the large one",
    parts: {
      outputs: [port("small", ["batch", 3, 8, 8]), port("image", ["batch", 3, SIDE, SIDE])],
      nodes: [...body(), node("AveragePool", ["image"], "small", { kernel_shape: [2, 2], strides: [2, 2] })],
    },
  },
  {
    name: "a mask beside the image",
    parts: {
      outputs: [port("mask", ["batch", 1, SIDE, SIDE]), port("image", ["batch", 3, SIDE, SIDE])],
      nodes: [...body(), node("Conv", ["map16", "rgb1.weight"], "mask", { pads: [1, 1, 1, 1] })],
    },
  },
  {
    name: "a switch for training, and a step",
    parts: {
      inputs: [port("z", ["batch", Z]), port("training", [], BOOL), port("step", [], ONNX_INT64), port("alpha", [1])],
      nodes: [
        cast(ONNX_FLOAT, "training", "t"),
        cast(ONNX_FLOAT, "step", "s"),
        node("Sub", ["z", "t"], "z1"),
        node("Sub", ["z1", "s"], "z2"),
        node("Mul", ["z2", "alpha"], "z3"),
        ...body("z3"),
      ],
    },
    notes: ["input training: always false", "input step: always 0", "input alpha: always 1"],
  },
  {
    name: "truncation as an input",
    parts: {
      inputs: [port("z", ["batch", Z]), port("truncation_psi", [1])],
      nodes: [node("Mul", ["z", "truncation_psi"], "w"), ...body("w")],
    },
    notes: ["input truncation_psi: truncation (--trunc)"],
  },
  {
    name: "the class by number",
    parts: {
      inputs: [port("z", ["batch", Z]), port("label", ["batch"], ONNX_INT64)],
      nodes: [node("Gather", ["table", "label"], "row"), node("Add", ["z", "row"], "w"), ...body("w")],
      more: [floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5])],
    },
    info: { cDim: 3 },
    notes: ["input label: the class, one of 3, by number (--class)"],
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the class by number, as Keras has it: float32 [b,1]",
    parts: {
      inputs: [port("input_1", ["N", Z]), port("input_2", ["N", 1])],
      nodes: [
        cast(INT32, "input_2", "id"),
        node("Gather", ["table", "id"], "row"),
        node("Reshape", ["row", "flat"], "flatRow"),
        node("Add", ["input_1", "flatRow"], "w"),
        ...body("w"),
      ],
      more: [floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5]), integers("flat", [-1, Z])],
    },
    info: { cDim: 3 },
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the class by number, made one-hot inside",
    parts: {
      inputs: [port("z", ["batch", Z]), port("y", ["batch"], ONNX_INT64)],
      nodes: [
        node("OneHot", ["y", "depth", "offOn"], "hot", { axis: -1 }),
        node("MatMul", ["hot", "table"], "row"),
        node("Add", ["z", "row"], "w"),
        ...body("w"),
      ],
      more: [
        integers("depth", [3], []),
        floats("offOn", [2], [0, 1]),
        floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5]),
      ],
    },
    info: { cDim: 3 },
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the class by number, of a table that is shared, for one sample",
    parts: {
      inputs: [port("z", ["batch", Z]), port("class_id", [1], INT32)],
      nodes: [
        node("Identity", ["table"], "shared"),
        node("Gather", ["shared", "class_id"], "row"),
        node("Add", ["z", "row"], "w"),
        ...body("w"),
      ],
      more: [floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5])],
    },
    info: { cDim: 3 },
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the class one-hot with truncation, as BigGAN has them",
    parts: {
      inputs: [port("z", ["batch_size", Z]), port("class_vector", ["batch_size", 3]), port("truncation", [1])],
      nodes: [
        node("MatMul", ["class_vector", "table"], "row"),
        node("Mul", ["z", "truncation"], "short"),
        node("Add", ["short", "row"], "w"),
        ...body("w"),
      ],
      more: [floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5])],
    },
    info: { cDim: 3 },
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the class one-hot",
    parts: {
      inputs: [port("z", ["batch", Z]), port("class_vector", ["batch", 3])],
      nodes: [node("MatMul", ["class_vector", "table"], "row"), node("Add", ["z", "row"], "w"), ...body("w")],
      more: [floats("table", [3, Z], [9, 9, 9, 9, 0, 0, 0, 0, 5, 5, 5, 5])],
    },
    info: { cDim: 3 },
    notes: ["input class_vector: the class, one of 3, one-hot (--class)"],
    more: { c: oneHot(1, 3) },
  },
  {
    name: "the latent in two inputs",
    parts: {
      inputs: [port("z_bg", ["batch", 1]), port("z_fg", ["batch", 3])],
      nodes: [node("Concat", ["z_bg", "z_fg"], "z", { axis: 1 }), ...body()],
    },
    info: { zDim: Z },
  },
  {
    name: "maps of noise as inputs",
    parts: {
      inputs: [port("z", ["batch", Z]), port("noise_0", ["batch", 1, SIDE, SIDE])],
      nodes: [
        ...body("z", "clean"),
        node("Mul", ["noise_0", "strength"], "grain"),
        node("Add", ["clean", "grain"], "image"),
      ],
      more: [floats("strength", [], [1e-3])],
    },
    notes: ["inputs noise_0: noise (--noise-mode)"],
    more: { noiseMode: "none" },
  },
  {
    name: "a tensor, an input and an output called __proto__ and constructor",
    parts: {
      inputs: [port("__proto__", ["batch", Z])],
      outputs: [port("constructor", ["batch", 3, SIDE, SIDE])],
      nodes: body("__proto__", "constructor"),
    },
  },
];

describe("exports that open as the same generator", () => {
  it.each(same)("$name", async ({ parts, info = {}, notes = [], within = 1e-5, more = {} }) => {
    const generator = await opened(parts);
    expect(generator.info).toMatchObject({ resolution: SIDE, imageChannels: 3, zDim: Z, ...info });
    expect(generator.info.varies).toBeUndefined();
    for (const note of notes) expect(generator.info.notes?.join("\n")).toContain(note);
    const { image, features } = await generator.generate({ seeds: SEEDS, layers: "all", ...more });
    const [low, high] = generator.info.imageRange;
    const unit = tensor(
      image.shape,
      image.data.map((v) => (2 * (v - low)) / (high - low) - 1),
    );
    expect(distance(unit, await plain)).toBeLessThan(within);
    expect(features.size).toBeGreaterThan(0);
    for (const map of features.values()) expect(map.shape[0]).toBe(SEEDS.length);
    // A sample does not depend on its batch.
    const { image: alone } = await generator.generate({ seeds: [SEEDS[1]], ...more });
    expect(distance(alone, tensor([1, 3, SIDE, SIDE], image.data.slice(3 * area, 6 * area)))).toBeLessThan(
      1e-4 * (high - low),
    );
    await generator.dispose();
  });

  it("a grey image, and one with an alpha channel, of which three are taken", async () => {
    const grey = await opened({ outputs: [port("image", ["b", 1, SIDE, SIDE])], nodes: body("z", "image", -1, 1) });
    expect(grey.info.imageChannels).toBe(1);
    await grey.dispose();
    const flat = await opened({
      outputs: [port("image", ["b", area])],
      nodes: [...body("z", "nchw", -1, 1), node("Flatten", ["nchw"], "image")],
    });
    expect(flat.info).toMatchObject({ imageChannels: 1, resolution: SIDE });
    await flat.dispose();
    const rgba = await opened({ outputs: [port("image", ["b", 4, SIDE, SIDE])], nodes: body("z", "image", -1, 4) });
    expect(rgba.info).toMatchObject({ imageChannels: 3 });
    expect(rgba.info.notes?.at(-1)).toBe("output image: the alpha channel is left out");
    // The first three planes of the four have the plain export's weights.
    expect(distance((await rgba.generate({ seeds: SEEDS })).image, await plain)).toBeLessThan(1e-5);
    await rgba.dispose();
  });

  it("another class gives another image, and a class is asked for", async () => {
    const { parts } = same.find(({ name }) => name === "the class by number") as Export;
    expect(distance(await imagesOf(parts, { c: oneHot(0, 3) }), await plain)).toBeGreaterThan(0.1);
    await expect(imagesOf(parts)).rejects.toThrow("choose one of its classes 0 to 2 with --class");
    await expect(imagesOf(parts, { c: tensor([1, 3], Float32Array.of(0.5, 0.5, 0)) })).rejects.toThrow(
      "give c one-hot",
    );
  });

  it("truncation goes to the input that takes it, and is refused where there is none", async () => {
    const { parts } = same.find(({ name }) => name === "truncation as an input") as Export;
    const half = await imagesOf(parts, { truncationPsi: 0.5 });
    const z = tensor([3, Z], Float32Array.from(SEEDS.flatMap((seed) => [...randn(seed, Z)].map((v) => v / 2))));
    const generator = await opened({});
    expect(distance(half, (await generator.generate({ z })).image)).toBeLessThan(1e-5);
    await expect(generator.generate({ seeds: [0], truncationPsi: 0.5 })).rejects.toThrow("needs a mapping network");
    await generator.dispose();
  });

  it("noise: const takes fixed maps, random those of the seed", async () => {
    const { parts } = same.find(({ name }) => name === "maps of noise as inputs") as Export;
    const [fixed, drawn] = [await imagesOf(parts), await imagesOf(parts, { noiseMode: "random" })];
    const grain = randn(0, area);
    const clean = await plain;
    expect(fixed.data[5] - clean.data[5]).toBeCloseTo(grain[5] * 1e-3, 6);
    expect(distance(fixed, drawn)).toBeGreaterThan(1e-4);
    expect(await imagesOf(parts, { noiseMode: "random" })).toEqual(drawn);
  });

  it("[b,14,100] is the w of 14 layers, not one z of 1,400: images are made of ws", async () => {
    const parts: ModelParts = {
      inputs: [port("latent", ["batch", 14, 100])],
      nodes: [
        node("Slice", ["latent", "from", "to", "axes"], "part"),
        node("Reshape", ["part", "flat"], "w"),
        ...body("w"),
      ],
      more: [integers("from", [3, 0]), integers("to", [4, Z]), integers("axes", [1, 2]), integers("flat", [-1, Z])],
    };
    const generator = await opened(parts);
    expect(generator.info).toMatchObject({ zDim: 0, numWs: 14, wDim: 100 });
    const ws = tensor([3, 14, 100]);
    SEEDS.forEach((seed, n) => {
      ws.data.set(randn(seed, Z), n * 1400 + 300);
    });
    expect(distance((await generator.generate({ ws })).image, await plain)).toBeLessThan(1e-5);
    await expect(generator.generate({ seeds: [0], truncationPsi: 0.7 })).rejects.toThrow(
      "starts from w [N,14,100], not from z",
    );
    await generator.dispose();
  });
});

describe("klish's own exports", () => {
  it("with noise as inputs give the network's images, noise of the seed's stream included", async () => {
    const network = buildNetwork(tinyStyleGan2());
    const exported = await openGeneratorBytes(exportOnnx(network, { noiseMode: "random" }), options);
    const native = networkGenerator(network, options);
    for (const noiseMode of ["none", "random"] as const) {
      const asked = { seeds: SEEDS, noiseMode };
      expect(distance((await exported.generate(asked)).image, (await native.generate(asked)).image)).toBeLessThan(1e-5);
    }
    await exported.dispose();
    await native.dispose();
  });
});

describe("exports that are not reproducible", () => {
  const random: ModelParts = {
    nodes: [
      ...body("z", "clean"),
      node("RandomNormalLike", ["clean"], "drawn"),
      node("Add", ["clean", "drawn"], "image"),
    ],
  };

  it("say that two runs differ, and by which nodes", async () => {
    const generator = await opened(random);

    expect(generator.info.varies).toMatch(/^two runs of one seed give different images \(RandomNormalLike inside\)/);
    expect(generator.info.notes).toContain(generator.info.varies);
    await generator.dispose();
  });

  it("run one at a time where images depend on their company", async () => {
    // Normalised over the batch, as batch normalisation in training mode does.
    const parts: ModelParts = {
      nodes: [
        node("ReduceMean", ["z"], "mean", { axes: [0], keepdims: 1 }),
        node("Mul", ["mean", "half"], "part"),
        node("Sub", ["z", "part"], "w"),
        ...body("w"),
      ],
      more: [floats("half", [], [0.5])],
    };
    const generator = await opened(parts);
    expect(generator.info.notes?.join("\n")).toContain("depend on what else is in their batch");
    const { image } = await generator.generate({ seeds: SEEDS });
    const { image: alone } = await generator.generate({ seeds: [SEEDS[2]] });
    expect(alone.data).toEqual(image.data.slice(6 * area));
    await generator.dispose();
  });
});

describe("NaN", () => {
  // sqrt(z0 + 1.2) is NaN where the first number of z is below -1.2: of seeds 0 to 40, for few.
  const parts: ModelParts = {
    nodes: [
      node("Slice", ["z", "from", "to", "axes"], "z0"),
      node("Add", ["z0", "shift"], "shifted"),
      node("Sqrt", ["shifted"], "root"),
      node("Mul", ["z", "root"], "w"),
      ...body("w"),
    ],
    more: [integers("from", [0]), integers("to", [1]), integers("axes", [1]), floats("shift", [], [1.2])],
  };
  const isBroken = (seed: number): boolean => randn(seed, 1)[0] < -1.2;
  const seeds = Array.from({ length: 41 }, (_, i) => i);

  it("for some seeds is refused by the seeds' numbers", async () => {
    const broken = seeds.filter(isBroken);
    expect(broken.length).toBeGreaterThan(1);
    const generator = await opened(parts);
    await expect(generator.generate({ seeds })).rejects.toThrow(
      `NaN or infinite values for seeds ${broken.join(", ")}; leave these out`,
    );
    const { image } = await generator.generate({ seeds: seeds.filter((seed) => !isBroken(seed)) });
    expect(image.data.every(Number.isFinite)).toBe(true);
    await generator.dispose();
  });

  it("in maps alone is refused, too", async () => {
    const generator = await opened({
      nodes: [
        ...body("z", "whole").slice(0, 3),
        node("Sqrt", ["map8"], "roots"),
        node("Relu", ["roots"], "rooted"),
        node("IsNaN", ["rooted"], "odd"),
        node("Where", ["odd", "zero", "rooted"], "clean8"),
        node("ConvTranspose", ["clean8", "up.weight"], "up", { strides: [2, 2], pads: [1, 1, 1, 1] }),
        node("LeakyRelu", ["up"], "map16", { alpha: 0.2 }),
        node("Conv", ["map16", "rgb3.weight"], "rgb", { pads: [1, 1, 1, 1] }),
        node("Tanh", ["rgb"], "image"),
      ],
      more: [floats("zero", [], [0])],
    });
    await expect(generator.generate({ seeds: [5], layers: ["rooted"] })).rejects.toThrow("for seed 5; leave it out");
    await generator.generate({ seeds: [5] });
    await generator.dispose();
  });
});

const refused: readonly (readonly [name: string, parts: ModelParts, message: string])[] = [
  [
    "super-resolution: a picture in",
    {
      inputs: [port("lr", ["batch", 3, 8, 8])],
      nodes: [node("Resize", ["lr", "", "scales"], "image", { mode: "nearest" })],
      more: [floats("scales", [4], [1, 1, 2, 2])],
    },
    "its input lr is a picture",
  ],
  [
    "image to image of any size",
    {
      inputs: [port("x", ["batch", 3, "height", "width"])],
      outputs: [port("image", ["batch", 3, "height", "width"])],
      nodes: [node("Tanh", ["x"], "image")],
    },
    "its input x is a picture",
  ],
  [
    "image to image, channels last",
    {
      inputs: [port("x", ["batch", SIDE, SIDE, 3])],
      outputs: [port("image", ["batch", SIDE, SIDE, 3])],
      nodes: [node("Tanh", ["x"], "image")],
    },
    "its input x is a picture",
  ],
  [
    "a text in",
    {
      inputs: [port("z", ["batch", Z]), port("tokens", ["batch", 77], ONNX_INT64)],
      nodes: [
        cast(ONNX_FLOAT, "tokens", "t"),
        node("ReduceMean", ["t"], "mean", { axes: [1], keepdims: 1 }),
        node("Add", ["z", "mean"], "w"),
        ...body("w"),
      ],
    },
    "its input tokens takes 77 whole numbers",
  ],
  [
    "letters in",
    {
      inputs: [port("z", ["batch", Z]), port("prompt", [1], STRING)],
      outputs: [port("image", ["batch", 3, SIDE, SIDE]), port("echo", [1], STRING)],
      nodes: [...body(), node("Identity", ["prompt"], "echo")],
    },
    "its input prompt is of type string",
  ],
  [
    "two inputs of which none is called a latent",
    {
      inputs: [port("a", ["batch", Z]), port("b", ["batch", Z])],
      nodes: [node("Add", ["a", "b"], "w"), ...body("w")],
    },
    "which of its inputs is the latent cannot be told: what is a?",
  ],
  [
    "classes whose number cannot be told",
    {
      inputs: [port("z", ["batch", Z]), port("label", ["batch", 1], ONNX_INT64)],
      nodes: [cast(ONNX_FLOAT, "label", "l"), node("Add", ["z", "l"], "w"), ...body("w")],
    },
    "how many classes its input label knows cannot be told",
  ],
  [
    "a latent of open size that no layer tells",
    { inputs: [port("z", ["batch", "size"])], nodes: [node("Tanh", ["z"], "w"), ...body("w")] },
    "with a known size, got z float32[batch,size]",
  ],
  [
    "a latent without a batch",
    {
      inputs: [port("z", [Z])],
      nodes: [node("Unsqueeze", ["z", "axis"], "w"), ...body("w")],
      more: [integers("axis", [0])],
    },
    "expected a latent of shape [batch, size], got z float32[4]",
  ],
  ...[2 ** 24, 2 ** 31].map(
    (batch) =>
      [
        `a fixed batch of ${batch}`,
        { inputs: [port("z", [batch, Z])], outputs: [port("image", [batch, 3, SIDE, SIDE])] },
        `input z fixes a batch of ${batch}, more than 1024`,
      ] as const,
  ),
  [
    "a latent of 2^40 numbers",
    {
      inputs: [port("z", [1, 2 ** 40])],
      nodes: [node("Slice", ["z", "from", "to", "axes"], "w"), ...body("w")],
      more: [integers("from", [0]), integers("to", [Z]), integers("axes", [1])],
    },
    "takes 1099511627776 numbers for one sample",
  ],
  [
    "images that are not square",
    {
      outputs: [port("image", ["batch", 3, SIDE, 2 * SIDE])],
      nodes: [...body("z", "left"), node("Concat", ["left", "left"], "image", { axis: 3 })],
    },
    "makes images that are not square (image float32[1,3,16,32])",
  ],
  [
    "two images",
    {
      outputs: [port("image", ["batch", 3, SIDE, SIDE]), port("twin", ["batch", 3, SIDE, SIDE])],
      nodes: [...body(), node("Neg", ["image"], "twin")],
    },
    "has 2 outputs that look like images (image, twin)",
  ],
  [
    "one image for every seed",
    { nodes: [node("Mul", ["z", "zero"], "w"), ...body("w")], more: [floats("zero", [], [0])] },
    "every seed gives the same image",
  ],
  [
    "NaN for every seed",
    {
      nodes: [node("Sqrt", ["minus"], "nan"), node("Add", ["z", "nan"], "w"), ...body("w")],
      more: [floats("minus", [], [-1])],
    },
    "NaN or infinite values: its weights are damaged",
  ],
];

describe("exports that are refused, with the reason", () => {
  it.each(refused)("%s", async (_, parts, message) => {
    await expect(opened(parts)).rejects.toThrow(message);
  });
});
