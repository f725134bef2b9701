import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OnnxSignature } from "../../../src/gan/onnx/signature.ts";
import { networkFile, openNetwork } from "../../../src/project/network/network.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { body, node, onnxModel } from "../../gan/onnxModels.ts";

const run = {
  klish: "gan-training",
  version: 2,
  data: { source: "/photos", crop: "centre", fit: "pad", resize: "lanczos", mirror: false },
  preset: "auto",
  recipe: { resolution: 32 },
  from: null,
  kimg: 1,
  hours: null,
  tick: 1,
  snap: 1,
  command: "klish train gan",
  versions: {},
};

describe("networkFile()", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-network-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("finds the newest network of a training run's folder", async () => {
    await writeFile(join(folder, "settings.json"), JSON.stringify(run));
    await expect(networkFile(folder)).rejects.toThrow("has saved no network yet");
    await writeFile(join(folder, "network.safetensors"), "");
    expect(await networkFile(folder)).toBe(join(folder, "network.safetensors"));
  });

  it("says of a folder of pictures which command trains a generator on them", async () => {
    const photos = join(folder, "my photos");
    await mkdir(photos);
    await writeFile(join(photos, "a.JPG"), "");
    await expect(networkFile(photos)).rejects.toThrow(
      `holds pictures (1), not a generator. Train one on them, then give the run's folder as --network:\n  klish train gan --data '${photos}' --outdir run --hours 1\nor go from the pictures to masks of their parts at once:\n  klish auto --data '${photos}' --outdir my-parts`,
    );
  });

  it("says of a project that it is one, and of anything else what is expected", async () => {
    await expect(networkFile(folder)).rejects.toThrow("is a folder without a generator. Give a generator: an .onnx");
    await writeFile(join(folder, "project.json"), "{}");
    await expect(networkFile(folder)).rejects.toThrow("is a project, not a generator");
    await expect(networkFile(join(folder, "none.pkl"))).rejects.toThrow("there is no such file");
  });
});

describe("openNetwork()", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-network-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("refuses a generator that gives another image of a seed each time, unless that will do", async () => {
    const file = join(folder, "noisy.onnx");
    const nodes = [
      ...body("z", "clean"),
      node("RandomNormalLike", ["clean"], "drawn"),
      node("Add", ["clean", "drawn"], "image"),
    ];
    await writeFile(file, onnxModel({ nodes }));
    const options = { runtime: ortNode, provider: "cpu", threads: 1 } as const;
    await expect(openNetwork(file, options)).rejects.toThrow(
      "noisy.onnx cannot be used here, where a seed must give the same image again: two runs of one seed give different images (RandomNormalLike inside)",
    );
    const { generator, signature } = await openNetwork(file, { ...options, mayVary: true });
    expect(generator.info.varies).toContain("different images");
    await generator.dispose();
    // What it found is plain data, which the next opening believes instead of trying the model again.
    const found = structuredClone(signature as OnnxSignature);
    const again = await openNetwork(file, { ...options, mayVary: true, signature: { ...found, layers: [] } });
    expect(again.generator.info).toEqual({ ...generator.info, layers: [] });
    await again.generator.dispose();
  });
});
