import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/checkpoint/safetensors.ts";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import { constantWeights, segmenterNetwork } from "../../../src/models/segmenter.ts";
import { convertJob } from "../../../src/project/generate/convertJob.ts";
import type { ConvertRequest } from "../../../src/project/generate/options.ts";
import { readSegmenter } from "../../../src/project/segment/segmenterModel.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { compile } from "../../../src/runtime/session.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { hasShared, shared } from "../../shared.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { tinyArchitecture, tinyClasses, writeTinySegmenter } from "../segment/tinySegmenter.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-convert-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (network: string, out: string): ConvertRequest => ({
  network,
  out: join(folder, out),
  layers: "auto",
  noiseMode: "const",
  truncationPsi: 1,
  truncationCutoff: null,
  half: false,
});

const imageOf = async (file: string): Promise<Float32Array> => {
  const generator = await openGeneratorBytes(await readFile(file), { runtime: ortNode, provider: "cpu" });
  const { image } = await generator.generate({ seeds: [0, 1] });
  await generator.dispose();
  return image.data;
};

describe("convertJob()", () => {
  it("gives an ONNX generator its inner maps as outputs, and changes nothing else", async () => {
    const network = join(folder, "tiny.onnx");
    await writeFile(network, tinyGenerator());
    const { out, outputs } = await convertJob(request(network, "out.onnx"), {});
    expect(outputs).toHaveLength(3);
    const generator = await openGeneratorBytes(await readFile(out), { runtime: ortNode, provider: "cpu" });
    expect(generator.info.layers.map((l) => l.name)).toEqual(outputs.slice(1));
    await generator.dispose();
    expect(await imageOf(out)).toEqual(await imageOf(network));
  });

  it("writes a segmenter for pictures of any number and size, with its classes, as the network computes", async () => {
    const { out, outputs } = await convertJob(request(await writeTinySegmenter(folder), "segmenter.onnx"), {});
    expect(outputs).toEqual(["logits"]);
    const { tensors } = readSafetensors(await readFile(join(folder, "segmenter.safetensors")));
    const weights = constantWeights(new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor])));
    const network = segmenterNetwork(tinyArchitecture, tinyClasses.length);
    const session = await ortNode.createSession(await readFile(out), {});
    for (const [N, H, W] of [
      [2, 16, 16],
      [1, 32, 32],
    ]) {
      const pictures = tensor([N, 3, H, W]);
      pictures.data.forEach((_, i) => {
        pictures.data[i] = (Math.sin(i) + 1) / 2;
      });
      const signed = tensor(
        pictures.shape,
        pictures.data.map((v) => 2 * v - 1),
      );
      const own = await compile(graph({ logits: network.inference(weights, input("pictures", pictures.shape)) }), {
        runtime: ortNode,
      });
      const expected = (await own.run({ pictures: signed }))["logits"] as Tensor;
      await own.dispose();
      const got = (await session.run({ pictures }))["logits"] as Tensor;
      expect(got.shape).toEqual(expected.shape);
      expect(Math.max(...got.data.map((v, i) => Math.abs(v - expected.data[i])))).toBeLessThan(1e-4);
    }
    const odd = (await session.run({ pictures: tensor([1, 3, 19, 30]) }))["logits"] as Tensor;
    expect(odd.shape).toEqual([1, 3, 19, 30]);
    await session.dispose();
    // Read back as any other's, it knows its classes.
    expect(await readSegmenter(out)).toMatchObject({ classes: tinyClasses, side: 16 });
    await expect(convertJob(request(join(folder, "segmenter.safetensors"), "x.safetensors"), {})).rejects.toThrow(
      "a segmenter becomes an .onnx",
    );
  });

  it("refuses endings that it does not write, and what an ONNX model cannot become", async () => {
    const network = join(folder, "tiny.onnx");
    await writeFile(network, tinyGenerator());
    await expect(convertJob(request(network, "out.pkl"), {})).rejects.toThrow("the ending says what to write");
    await expect(convertJob(request(network, "out.safetensors"), {})).rejects.toThrow("is an ONNX model already");
    await expect(convertJob({ ...request(network, "o.onnx"), truncationPsi: 0.5 }, {})).rejects.toThrow(
      "cannot be changed",
    );
    await expect(convertJob({ ...request(network, "o.onnx"), half: true }, {})).rejects.toThrow(
      "for .safetensors only",
    );
  });

  it.skipIf(!hasShared).each(["out.onnx", "out.safetensors"])(
    "writes a checkpoint as %s that gives the same image",
    async (name) => {
      const network = shared("fixtures/checkpoints/ada/ada_resnet32.pkl");
      const { out } = await convertJob(request(network, name), {});
      const [got, expected] = [await imageOf(out), await imageOf(network)];
      expect(got.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected[i])), 0)).toBeLessThan(1e-4);
    },
  );
});
