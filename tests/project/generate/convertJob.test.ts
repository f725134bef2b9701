import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { convertJob } from "../../../src/project/generate/convertJob.ts";
import type { ConvertRequest } from "../../../src/project/generate/options.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { hasShared, shared } from "../../shared.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

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
