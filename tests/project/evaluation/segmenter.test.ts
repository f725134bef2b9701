import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Generator } from "../../../src/gan/generator.ts";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { toOnnx } from "../../../src/graph/emit.ts";
import { graph } from "../../../src/graph/graph.ts";
import { add, constant, conv, input, reshape } from "../../../src/graph/ops/index.ts";
import type { Value } from "../../../src/graph/value.ts";
import type { ClusterSettings } from "../../../src/project/cluster/settings.ts";
import { segmentSeeds } from "../../../src/project/evaluation/segmenter.ts";
import type { PictureModelRequest } from "../../../src/project/network/pictureModel.ts";
import { toRgb } from "../../../src/project/sampling/images.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
let generator: Generator;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-segmenter-"));
  generator = await openGeneratorBytes(tinyGenerator(), { runtime: ortNode, provider: "cpu" });
});
afterAll(async () => {
  await generator.dispose();
  await rm(folder, { recursive: true, force: true });
});

const settings = {
  seeds: [3, 5, 8],
  resolution: 8,
  class: null,
  truncationPsi: 1,
  truncationCutoff: null,
  noiseMode: "const",
} as unknown as ClusterSettings;

const request = (file: string, changes: Partial<PictureModelRequest> = {}): PictureModelRequest => ({
  file,
  size: null,
  range: [0, 1],
  output: null,
  ...changes,
});

/** Logits of 1x1 convolutions of an RGB picture: `weight` [classes][3] and `bias` [classes]. */
async function segmenter(name: string, side: number, weight: number[][], bias: number[], last = (x: Value) => x) {
  const picture = input("picture", [1, 3, side, side]);
  const kernel = constant([weight.length, 3, 1, 1], Float32Array.from(weight.flat()));
  const offset = constant([1, weight.length, 1, 1], Float32Array.from(bias));
  const file = join(folder, name);
  await writeFile(file, toOnnx(graph({ logits: last(add(conv(picture, kernel), offset)) }), { dynamicBatch: true }));
  return file;
}

/** The pictures that the segmenter is shown, RGB in 0..255. */
async function pictures(): Promise<Uint8Array[]> {
  const { image } = await generator.generate({ seeds: settings.seeds });
  return toRgb(image, generator.info.imageRange);
}

describe("segmentSeeds", () => {
  it("takes the class of the highest logit at every pixel of every seed", async () => {
    // Class 0: red less one half; class 1: green less one half; class 2: 0.
    const weight = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ];
    const file = await segmenter("three.onnx", 8, weight, [-0.5, -0.5, 0]);
    const truth = await segmentSeeds(settings, generator, request(file), { threads: 1 });
    const expected = (await pictures()).flatMap((rgb) =>
      Array.from({ length: 64 }, (_, p) => {
        const [red, green] = [rgb[3 * p] / 255 - 0.5, rgb[3 * p + 1] / 255 - 0.5];
        return red < 0 && green < 0 ? 2 : green > red ? 1 : 0;
      }),
    );
    expect([...truth]).toEqual(expected);
    expect(new Set(truth).size).toBe(3);
  });

  it("splits a single logit at 0, in the range of values asked for", async () => {
    const file = await segmenter("one.onnx", 8, [[1, 0, 0]], [0]);
    const dark = await segmentSeeds(settings, generator, request(file, { range: [-1, 1] }), { threads: 1 });
    const all = await segmentSeeds(settings, generator, request(file, { range: [1, 2] }), { threads: 1 });
    const expected = (await pictures()).flatMap((rgb) =>
      Array.from({ length: 64 }, (_, p) => Number(rgb[3 * p] > 127)),
    );
    expect([...dark]).toEqual(expected);
    expect([...all].every((label) => label === 1)).toBe(true);
    const imagenet = await segmentSeeds(settings, generator, request(file, { range: "imagenet" }), { threads: 1 });
    const above = (await pictures()).flatMap((rgb) =>
      Array.from({ length: 64 }, (_, p) => Number(rgb[3 * p] / 255 > 0.485)),
    );
    expect([...imagenet]).toEqual(above);
  });

  it("shows pictures at the model's size, and takes label maps as they are", async () => {
    // 16x16 in; 3 everywhere, as a map without a dimension of classes.
    const file = await segmenter("map.onnx", 16, [[0, 0, 0]], [3], (x) => reshape(x, [1, 16, 16]));
    const truth = await segmentSeeds(settings, generator, request(file), { threads: 1 });
    expect([...truth]).toEqual(new Array(3 * 64).fill(3));
  });

  it("refuses what is no segmenter, and says what came", async () => {
    const job = { threads: 1 };
    await expect(segmentSeeds(settings, generator, request(join(folder, "none.onnx")), job)).rejects.toThrow(
      /cannot be read/,
    );
    const latent = join(folder, "generator.onnx");
    await writeFile(latent, tinyGenerator());
    await expect(segmentSeeds(settings, generator, request(latent), job)).rejects.toThrow(
      /expected one input of pictures.*got z float32/,
    );
    const file = await segmenter("two.onnx", 8, [[1, 0, 0]], [0]);
    await expect(segmentSeeds(settings, generator, request(file, { size: 32 }), job)).rejects.toThrow(
      /8 pixels a side/,
    );
    await expect(segmentSeeds(settings, generator, request(file, { output: "mask" }), job)).rejects.toThrow(
      /no output "mask", but logits/,
    );
    const half = await segmenter("half.onnx", 8, [[0, 0, 0]], [0.5], (x) => reshape(x, [1, 8, 8]));
    await expect(segmentSeeds(settings, generator, request(half), job)).rejects.toThrow(/0.5 is not a class/);
  });
});
